"""Pronunciation: English words to phonemes in misaki's alphabet, the one Kokoro and hibari were trained on.

The reader is hibari's (Apache-2.0, a port of misaki without spaCy and espeak). One is loaded per accent and process, at
the first text in that accent (0.5 s), and shared by every voice; a lock guards each, for a sentence takes 0.3 ms.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Literal

from hibari.g2p import G2P

from vivavoce.media.phonetic_words import with_sounds

Accent = Literal["american", "british"]

_locks: dict[Accent, threading.Lock] = {"american": threading.Lock(), "british": threading.Lock()}
_readers: dict[Accent, Callable[[str], str]] = {}
_PART_END = re.compile(r"(?<=[,;:—…])\s+")
_SPACE = re.compile(r"\s+")
_SOUNDLESS = re.compile(r"[\W\dˈˌː_]+")

_VOWELS = "iɪɛæaɑɒɔʊuʌəɜɐᵻᵊAIOQWY"
_EARLY_STRESS = re.compile(f"([ˈˌ])([^{_VOWELS}ˈˌ ]+)(?=[{_VOWELS}])")
_FIRST_VOWEL = re.compile(f"[{_VOWELS}]")
_SILENT_R = re.compile(f"ɹ(?![ˈˌ]?[{_VOWELS}])")
_SYLLABIC = re.compile("([mnlɹ])\u0329")
_LETTERS: dict[Accent, tuple[tuple[str, str], ...]] = {
    "american": (
        *(("eɪ", "A"), ("ɛɪ", "A"), ("aɪ", "I"), ("ɑɪ", "I"), ("aʊ", "W"), ("ɑʊ", "W"), ("ɔɪ", "Y")),
        *(("oʊ", "O"), ("əʊ", "O"), ("ɜɹ", "ɝ"), ("ɜː", "ɝ"), ("ɝɹ", "ɝ"), ("əɹ", "ɚ"), ("eə", "ɛɹ"), ("ɹɹ", "ɹ")),
        *(("ɝ", "ɜɹ"), ("ɚ", "əɹ"), ("ɒ", "ɑ"), ("a", "ɑ"), ("e", "ɛ"), ("o", "O"), ("ɐ", "ə"), ("ɾ", "T"), ("ː", "")),
    ),
    "british": (
        *(("eɪ", "A"), ("ɛɪ", "A"), ("aɪ", "I"), ("ɑɪ", "I"), ("aʊ", "W"), ("ɑʊ", "W"), ("ɔɪ", "Y")),
        *(
            ("oʊ", "Q"),
            ("əʊ", "Q"),
            ("ɝ", "ɜː"),
            ("ɚ", "əɹ"),
            ("eə", "ɛː"),
            ("ɔɹ", "ɔːɹ"),
            ("ɑɹ", "ɑːɹ"),
            ("ɜɹ", "ɜːɹ"),
        ),
        *(("æ", "a"), ("e", "ɛ"), ("o", "Q"), ("ɐ", "ə"), ("ɾ", "t"), ("ːː", "ː")),
    ),
}
"""The reader's letters for sounds and sequences of them, in order: it writes a diphthong as one letter."""


def phonemes_of(text: str, accent: Accent) -> str:
    """How `text` sounds, punctuation kept; '' where it has no sound. Thread-safe, blocks for the loading."""
    with _locks[accent]:
        reader = _readers.get(accent)
        if reader is None:
            reader = _readers[accent] = _load(accent)
        phonemes = _SPACE.sub(" ", reader(with_sounds(text, lambda sounds: _given(sounds, accent)))).strip()
    return phonemes if _SOUNDLESS.sub("", phonemes) else ""


def read_aloud(sounds: str, accent: Accent) -> str:
    """Sounds of `media.phonetic_words` as the reader writes them: in its letters, each word with its stress.

    The stress stands right before the vowel, not before the syllable; a British voice says no 'r' behind a vowel.
    """
    letters = _SYLLABIC.sub(r"ᵊ\1", sounds).replace("\u0329", "")
    for sound, letter in _LETTERS[accent]:
        letters = letters.replace(sound, letter)
    letters = " ".join(map(_stressed, letters.split()))
    return _SILENT_R.sub("", letters) if accent == "british" else letters


def _stressed(word: str) -> str:
    if "ˈ" in word or "ˌ" in word:
        return _EARLY_STRESS.sub(r"\2\1", word)
    return _FIRST_VOWEL.sub(r"ˈ\g<0>", word, count=1)


def _given(sounds: str, accent: Accent) -> str:
    """As the reader takes words whose sound is given."""
    return f"[word](/{read_aloud(sounds, accent)}/)"


def _load(accent: Accent) -> Callable[[str], str]:
    reader: Callable[[str], str] = G2P(british=accent == "british")
    return reader


def parts_of(phonemes: str, *, first_length: int, length: int, longest: int) -> list[str]:
    """Phonemes in parts: cut at clause marks once a part has its length, anywhere between words at `longest`.

    The first part may be shorter than the others, so that its audio comes sooner. No part exceeds `longest`.
    """
    parts: list[str] = []
    part = ""
    for clause in _PART_END.split(phonemes):
        wanted = length if parts else first_length
        if part and len(part) + len(clause) + 1 > wanted and len(clause) > wanted // 4:
            parts.append(part)
            part = clause
        else:
            part = f"{part} {clause}" if part else clause
    return [piece for whole in [*parts, part] for piece in _between_words(whole, longest)]


def _between_words(phonemes: str, longest: int) -> list[str]:
    pieces = []
    while len(phonemes) > longest:
        cut = phonemes.rfind(" ", 1, longest)
        cut = longest if cut < 0 else cut
        pieces.append(phonemes[:cut])
        phonemes = phonemes[cut:].lstrip()
    return [*pieces, phonemes] if phonemes else pieces
