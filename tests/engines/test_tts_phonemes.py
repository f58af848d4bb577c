"""Pronunciation, how phonemes are cut in parts, and how they are written for Piper."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.tts.phonemes import Accent, parts_of, phonemes_of
from vivavoce.engines.tts.piper import espeak_ipa


@pytest.mark.parametrize(
    ("text", "accent", "phonemes"),
    [
        pytest.param("Hello there.", "american", "həlˈO ðˈɛɹ.", id="American"),
        pytest.param("Hello there.", "british", "həlˈQ ðˈɛː.", id="British"),
        pytest.param("NASA, 3 pm", "american", "nˈæsə, θɹˈi pˌiˈɛm", id="acronyms and numbers"),
        pytest.param("你好", "american", "", id="a script it cannot read"),
        pytest.param("... — !", "american", "", id="marks have no sound"),
        pytest.param("", "american", "", id="nothing"),
    ],
)
def test_text_becomes_phonemes(text: str, accent: Accent, phonemes: str) -> None:
    assert phonemes_of(text, accent) == phonemes


def test_many_threads_may_ask_at_once() -> None:
    words = ["hello", "vivavoce", "zyzzyva", "appointment", "gnocchi"] * 20
    alone = [phonemes_of(word, "american") for word in words]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda word: phonemes_of(word, "american"), words)) == alone


@pytest.mark.parametrize(
    ("phonemes", "parts"),
    [
        pytest.param("aaa bbb.", ["aaa bbb."], id="a short sentence is one part"),
        pytest.param("aaaaa, bbbbb, ccccc ddddd", ["aaaaa,", "bbbbb, ccccc ddddd"], id="the first part is short"),
        pytest.param("aaaaa, b, cccccccccc", ["aaaaa, b,", "cccccccccc"], id="a tiny clause stays with the one before"),
        pytest.param(
            "aaaa bbbbb cccccc dddddd eeeeee fffff",
            ["aaaa bbbbb cccccc dddddd", "eeeeee fffff"],
            id="without marks it is cut between words",
        ),
        pytest.param("a" * 65, ["a" * 30, "a" * 30, "a" * 5], id="without words anywhere"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_phonemes_are_cut_in_parts(phonemes: str, parts: list[str]) -> None:
    assert parts_of(phonemes, first_length=10, length=20, longest=30) == parts


@given(st.text(alphabet="aˈ,.; ", max_size=300))
def test_no_part_is_too_long_and_nothing_is_lost(phonemes: str) -> None:
    parts = parts_of(phonemes.strip(), first_length=10, length=20, longest=30)
    assert all(0 < len(part) <= 30 for part in parts)
    assert "".join(parts).replace(" ", "") == phonemes.replace(" ", "")


@pytest.mark.parametrize(
    ("misaki", "ipa"),
    [
        pytest.param("həlˈO", "həlˈoʊ", id="a diphthong"),
        pytest.param("ʧˈɜɹʧ", "tʃˈɜːtʃ", id="affricates and a long vowel with r"),
        pytest.param("bˈʌTəɹ", "bˈʌɾɚ", id="a flap and a weak r"),
        pytest.param("ʤˈOk—jˈɛs", "dʒˈoʊk,jˈɛs", id="a dash becomes a comma"),
        pytest.param("“hˈI”", "hˈaɪ", id="quotes go"),
    ],
)
def test_phonemes_are_written_for_piper(misaki: str, ipa: str) -> None:
    assert espeak_ipa(misaki) == ipa
