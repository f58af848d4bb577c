"""The clip that every caller says: recorded speech, and where in it speech begins and ends. Owned by one benchmark run.

Speech begins with the first 20 ms that are louder than 5 % of the loudest. It ends where Silero's probability falls
below 0.5, on average over the phases that its 32 ms windows can have: all three frameworks hear with Silero, and a
clip's last decibels are silence to it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.corpus import CLIPS, SPHINX
from bench.peers.plan import FRAME_SECONDS
from vivavoce.engines.catalogue import model_directory
from vivavoce.engines.ports import HEARING_RATE_HZ, VAD_WINDOW_SAMPLES, Samples
from vivavoce.engines.vad.silero import SileroVoiceActivity
from vivavoce.media.pcm import pcm16_from_samples
from vivavoce.media.resampling import resample
from vivavoce.media.wav import read_wav

CHOICES = {
    "order_status": (CLIPS / "order_status.wav", "What is the status of my order?"),
    "seven_of_clubs": (SPHINX / "cards" / "003.wav", "Seven of clubs."),
    "ill_disposed": (
        SPHINX / "librivox" / "sense_and_sensibility_01_austen_64kb-0890.wav",
        "Unless to be rather cold-hearted and rather selfish is to be ill-disposed.",
    ),
}
"""Complete utterances with the words that the stub gives for them; the first that is there is the default."""

QUIET_SHARE = 0.05
SPEECH = 0.5
PHASES = 8
LEAD_WINDOWS = 4
FRAME_SAMPLES = round(FRAME_SECONDS * HEARING_RATE_HZ)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """`sound` in whole frames; the first and last speech sample lie in `speech_frames`, the last at its frame's end.

    `fades_seconds`: how long before its end the speech falls below 5 % of its loudest.
    """

    name: str
    words: str
    sound: str
    speech_frames: tuple[int, int]
    speech_seconds: float
    fades_seconds: float


async def clip(name: str | None = None) -> Clip:
    """One of `CHOICES`. Raises `SystemExit` with advice when there is no recorded speech."""
    for choice, (path, words) in CHOICES.items():
        if name in (None, choice) and path.exists():
            return await _clip(choice, path, words)
    raise SystemExit("no recorded speech: install Debian's package pocketsphinx-testdata")


async def _clip(name: str, path: Path, words: str) -> Clip:
    audio = read_wav(path)
    samples = resample(audio.samples, audio.rate_hz, HEARING_RATE_HZ)
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    loudness = np.sqrt((frames**2).mean(axis=1))
    begin = int(np.flatnonzero(loudness > loudness.max() * QUIET_SHARE)[0]) * FRAME_SAMPLES
    end = await _speech_end(samples)
    lead = -end % FRAME_SAMPLES
    tail = max(end - len(samples), -(len(samples) + lead) % FRAME_SAMPLES)
    whole = np.concatenate([np.zeros(lead, np.float32), samples, np.zeros(tail, np.float32)]).astype(np.float32)
    faded = int(np.flatnonzero(loudness > loudness.max() * QUIET_SHARE)[-1] + 1) * FRAME_SAMPLES
    first, last = (begin + lead) // FRAME_SAMPLES, (end + lead) // FRAME_SAMPLES - 1
    sound = base64.b64encode(pcm16_from_samples(whole)).decode()
    return Clip(name, words, sound, (first, last), (end - begin) / HEARING_RATE_HZ, (end - faded) / HEARING_RATE_HZ)


async def _speech_end(samples: Samples) -> int:
    """The sample after the last speech."""
    engine = SileroVoiceActivity(model_directory("silero-vad") / "silero_vad.onnx")
    ends: list[int] = []
    try:
        for phase in range(PHASES):
            lead = VAD_WINDOW_SAMPLES * phase // PHASES
            silence = np.zeros(HEARING_RATE_HZ // 2, np.float32)
            heard = np.concatenate([silence[: LEAD_WINDOWS * VAD_WINDOW_SAMPLES + lead], samples, silence]).astype(
                np.float32
            )
            windows = heard[: len(heard) // VAD_WINDOW_SAMPLES * VAD_WINDOW_SAMPLES].reshape(-1, VAD_WINDOW_SAMPLES)
            stream = engine.open_stream()
            speech = [await stream.speech_probability(window) >= SPEECH for window in windows]
            stream.close()
            last = int(np.flatnonzero(speech)[-1])
            ends.append((last + 1 - LEAD_WINDOWS) * VAD_WINDOW_SAMPLES - lead)
    finally:
        await engine.close()
    return round(float(np.mean(ends)))
