"""What every driver is told: the stubs' delays, the settings and the caller's part. Frozen; passed as JSON.

Standard library only: it is imported in the peers' environments too.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass

STT_SECONDS = 0.100
"""From the last speech sample to the final transcript."""

LLM_SECONDS = 0.100
"""To the first words."""

TTS_SECONDS = 0.080
"""To the first sound of a piece of text."""

WAIT_SECONDS = 0.300
"""Silence that ends a turn where the settings are matched."""

FRAME_SECONDS = 0.020
HEARING_HZ = 16_000
VOICE_HZ = 24_000

SOUND_SECONDS = 0.200
"""Length of one chunk of the stub voice, which speaks 20 times as fast as it is heard."""

VOICE_SPEED = 20
VOICE_PEAK = 8_000
VOICE_TONE_HZ = 440

FIRST_WORDS = "Sure, I can look that up. Your "
"""The first sentence, and what a splitter needs to see that it has ended."""

MORE_WORDS = "order left our house on Monday and should be with you tomorrow, so there is nothing that you need to do."
WORD_SECONDS = 0.010
"""Between two words of the stub language model after the first sentence."""

SILENCE_BETWEEN_TURNS_SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of a driver. `clip`: 16 kHz 16-bit mono in whole frames, as base64 text.

    `speech_frames`: the frames that hold the first and the last speech sample; the latter is the last of its frame.
    `measure`: 'overhead', 'barge-in' or 'sessions'. `settings`: 'matched', 'defaults' or
    another that the driver has. `interim`: whether the stub tells the words so far while the caller speaks.
    """

    measure: str
    settings: str
    turns: int
    sessions: int
    window_seconds: float
    seconds_a_word: float
    clip: str
    clip_words: str
    speech_frames: tuple[int, int]
    interim: bool

    def frames(self) -> list[bytes]:
        sound, step = base64.b64decode(self.clip), round(HEARING_HZ * FRAME_SECONDS) * 2
        return [sound[start : start + step] for start in range(0, len(sound), step)]

    def words_at(self) -> list[tuple[float, str]]:
        """The words so far, each with its seconds from the first speech sample: spoken evenly, told later."""
        words, (first, last) = self.clip_words.split(), self.speech_frames
        a_word = (last + 1 - first) * FRAME_SECONDS / len(words)
        spoken = range(1, len(words))
        return [(count * a_word + STT_SECONDS, " ".join(words[:count])) for count in spoken] if self.interim else []

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        told = json.loads(text)
        told["speech_frames"] = tuple(told["speech_frames"])
        return cls(**told)
