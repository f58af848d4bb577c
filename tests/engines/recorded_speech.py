"""Recorded speech for the tests of the ears: Debian's pocketsphinx-testdata, and what is said in it.

Read-only files of the system; a test that uses them carries the mark `corpus`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jiwer
import numpy as np

from vivavoce.engines.ports import HEARING_RATE_HZ, Samples
from vivavoce.media.wav import read_wav

CORPUS = Path("/usr/share/pocketsphinx/test/data")
SILENCE = np.zeros(HEARING_RATE_HZ // 2, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One sentence, 16 kHz mono. `text` is lower case, without punctuation."""

    name: str
    samples: Samples
    text: str


@cache
def sentences() -> tuple[Recording, ...]:
    """Ten read sentences: five card commands and five of "Sense and Sensibility"."""
    found: list[Recording] = []
    for folder, transcription in (("cards", "cards.transcription"), ("librivox", "transcription")):
        for line in (CORPUS / folder / transcription).read_text().splitlines():
            said = re.fullmatch(r"<s> (.*?)\s*</s> \((.*)\)", line)
            assert said, f"unexpected line in {transcription}: {line}"
            audio = read_wav(CORPUS / folder / f"{said[2]}.wav")
            assert audio.rate_hz == HEARING_RATE_HZ
            found.append(Recording(said[2], audio.samples, said[1]))
    return tuple(found)


def sentence(name_ending: str) -> Recording:
    """The one sentence whose name ends so."""
    (found,) = [recording for recording in sentences() if recording.name.endswith(name_ending)]
    return found


def plain_words(text: str) -> str:
    """Lower case without punctuation, so that transcripts of different writers compare. Digits are left as they are."""
    spelled = text.lower().replace("mr.", "mister").replace("-", " ")
    return " ".join(re.sub(r"[^a-z0-9' ]", " ", spelled).split())


def word_error_rate(reference: str, transcript: str) -> float:
    """Wrong, missing and additional words as a share of the reference's words."""
    return jiwer.wer(plain_words(reference), plain_words(transcript) or "-")
