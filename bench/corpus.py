"""Recorded speech with known words: Debian's pocketsphinx-testdata, and the project's test clips where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivavoce.engines.ports import VOICE_RATE_HZ, Samples
from vivavoce.engines.spoken_text.normalisation import normalise
from vivavoce.media.resampling import resample
from vivavoce.media.wav import read_wav

SPHINX = Path("/usr/share/pocketsphinx/test/data")
CLIPS = Path(__file__).resolve().parents[2] / "shared" / "data" / "speech"

CLIP_WORDS = {
    "check_order_12345": None,  # longer than its name says
    "hello": "hello",
    "help_me": "can you help me",
    "hi_how_are_you": "hi how are you",
    "no": "no",
    "order_status": None,
    "thank_you": "thank you",
    "yes": "yes",
}
"""What the clips say; None where only the gist is known, so that they count for the time but not for the words."""

QUIET_SHARE = 0.05
FRAME_SAMPLES = VOICE_RATE_HZ // 50


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One utterance at 24 kHz. `words` None: not known word by word. `sphinx`: counts for the word error rate."""

    name: str
    samples: Samples
    words: str | None
    sphinx: bool

    @property
    def speech_end_seconds(self) -> float:
        """The end of the last 20 ms frame that is louder than 5 % of the loudest frame."""
        frames = self.samples[: len(self.samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        loudness = np.sqrt((frames**2).mean(axis=1))
        last = int(np.flatnonzero(loudness > loudness.max() * QUIET_SHARE)[-1])
        return (last + 1) * FRAME_SAMPLES / VOICE_RATE_HZ


def clips() -> list[Clip]:
    """Every utterance that is there. Raises `SystemExit` with advice when there is none."""
    found = [*_sphinx(), *_own()]
    if not found:
        raise SystemExit("no recorded speech: install Debian's package pocketsphinx-testdata")
    return found


def _sphinx() -> list[Clip]:
    found: list[Clip] = []
    for folder, transcription in (("cards", "cards.transcription"), ("librivox", "transcription")):
        listing = SPHINX / folder / transcription
        if not listing.exists():
            continue
        for line in listing.read_text().splitlines():
            said = re.fullmatch(r"<s> (.*?)\s*</s> \((.*)\)", line)
            if said is not None:
                found.append(_clip(said[2][-24:], SPHINX / folder / f"{said[2]}.wav", said[1], sphinx=True))
    return found


def _own() -> list[Clip]:
    return [_clip(path.stem, path, CLIP_WORDS.get(path.stem), sphinx=False) for path in sorted(CLIPS.glob("*.wav"))]


def _clip(name: str, path: Path, words: str | None, *, sphinx: bool) -> Clip:
    audio = read_wav(path)
    return Clip(name, resample(audio.samples, audio.rate_hz, VOICE_RATE_HZ), words, sphinx)


def comparable(text: str) -> str:
    """Words as they are compared: written out, lower case, without punctuation."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", normalise(text).lower().replace("-", " ")).split())
