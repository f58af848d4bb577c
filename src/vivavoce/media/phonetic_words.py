"""Words given by their sound (International Phonetic Alphabet), written so that they pass through text as words do.

Between a client's `/ˈnaɪki/` and the voice lie steps that clean text, write numbers out and cut sentences; slashes and
stress marks would not come through. So each sound is one sign of Linear A (Unicode 10600-1073F), letters that no text
holds, because nobody can read them. Pure; the voices turn such words back into sounds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

SOUNDS = "pbtdkɡfvθðszʃʒhmnŋlɹwjɾʧʤiɪeɛæaɑɒɔoʊuʌəɜɚɝɐᵻ"
"""The sounds of English, as the voices know them."""

MARKS = "ˈˌː̩ "
"""Stress before a syllable, length and the mark of a syllabic consonant behind a sound, a blank between words."""

_SIGNS = SOUNDS + MARKS
_FIRST_SIGN = 0x10600
_WRITTEN = re.compile(f"([{chr(_FIRST_SIGN)}-{chr(_FIRST_SIGN + len(_SIGNS) - 1)}]+)('s(?!\\w))?")
_SAME = str.maketrans({"g": "ɡ", "r": "ɹ", "ɫ": "l", "ɨ": "ᵻ", "'": "ˈ", "’": "ˈ", ":": "ː"})
_LEFT_OUT = re.compile("[.‿͜͡ˑ]")
_AFFRICATES = (("tʃ", "ʧ"), ("dʒ", "ʤ"))


def is_phonetic(spoken: str) -> bool:
    """True for what stands between slashes."""
    return len(spoken) > 1 and spoken.startswith("/") and spoken.endswith("/")


def fault_of(spoken: str) -> str | None:
    """Why the voices cannot say what stands between slashes; None if they can, and for words."""
    if not is_phonetic(spoken):
        return None
    signs = _signs(spoken)
    strange = next((sign for sign in signs if sign not in _SIGNS), None)
    if strange is not None:
        return f"the voices have no sound for {strange!r}; they know those of English: {' '.join(SOUNDS)}"
    return None if any(sign in SOUNDS for sign in signs) else "there is no sound between the slashes"


def written_word(spoken: str) -> str:
    """What stands for it in text that is to be spoken: words as they are, sounds as a word of signs."""
    if not is_phonetic(spoken) or fault_of(spoken) is not None:
        return spoken
    return "".join(chr(_FIRST_SIGN + _SIGNS.index(sign)) for sign in _signs(spoken))


def with_sounds(text: str, word: Callable[[str], str]) -> str:
    """The text with every word of signs as `word` writes its sounds, which are of `SOUNDS` and `MARKS`.

    An 's behind it is a sound too: which one follows from the sound before.
    """

    def written(found: re.Match[str]) -> str:
        sounds = "".join(_SIGNS[ord(sign) - _FIRST_SIGN] for sign in found[1])
        return word(sounds + _ending(sounds[-1]) if found[2] else sounds)

    return _WRITTEN.sub(written, text)


def _ending(last: str) -> str:
    if last in "szʃʒʧʤ":
        return "ᵻz"
    return "s" if last in "ptkfθ" else "z"


def _signs(spoken: str) -> str:
    """One sign a sound, whatever it was written with."""
    plain = _LEFT_OUT.sub("", unicodedata.normalize("NFD", spoken[1:-1])).translate(_SAME)
    for sequence, sign in _AFFRICATES:
        plain = plain.replace(sequence, sign)
    return " ".join(plain.split())
