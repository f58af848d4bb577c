"""Pronunciation, how phonemes are cut in parts, and how they are written for Piper."""

from __future__ import annotations

import importlib.resources
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.tts.phonemes import Accent, parts_of, phonemes_of
from vivavoce.engines.tts.piper import espeak_ipa
from vivavoce.media.phonetic_words import SOUNDS, written_word


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


GIVEN = [
    pytest.param("/təˈmeɪtoʊ/", "təmˈAtO", "təmˈAtQ", id="the stress goes before the vowel"),
    pytest.param("/kənˈstreɪnt/", "kənstɹˈAnt", "kənstɹˈAnt", id="the stress passes every consonant of its syllable"),
    pytest.param("/ˌɪnfərˈmeɪʃən/", "ˌɪnfəɹmˈAʃən", "ˌɪnfəmˈAʃən", id="a word may have two stresses"),
    pytest.param("/kæt/", "kˈæt", "kˈat", id="a word without a stress gets one"),
    pytest.param("/t͡ʃɜːrtʃ/", "ʧˈɜɹʧ", "ʧˈɜːʧ", id="a British voice says no r behind a vowel"),
    pytest.param("/bɝd/", "bˈɜɹd", "bˈɜːd", id="a vowel with an r in it"),
    pytest.param("/ɡəʊ/", "ɡˈO", "ɡˈQ", id="each accent has its own long o"),
    pytest.param("/ˈwɔtɚ/", "wˈɔtəɹ", "wˈɔtə", id="a weak vowel with an r in it"),
    pytest.param("/ðeə/", "ðˈɛɹ", "ðˈɛː", id="the vowel of 'there'"),
    pytest.param("/ˈbʌtn̩/", "bˈʌtᵊn", "bˈʌtᵊn", id="a syllabic consonant"),
    pytest.param("/nuː ˈjɔːk/", "nˈu jˈɔk", "nˈuː jˈɔːk", id="two words"),
]


@pytest.mark.parametrize(("spoken", "american", "british"), GIVEN)
def test_a_word_may_be_given_by_its_sound(spoken: str, american: str, british: str) -> None:
    word = written_word(spoken)
    assert (phonemes_of(word, "american"), phonemes_of(word, "british")) == (american, british)


def test_a_word_given_by_its_sound_stands_in_a_sentence() -> None:
    word = written_word("/ˈnaɪki/")
    assert phonemes_of(f"I love {word}'s shoes, {word}.", "american") == "ˌI lˈʌv nˈIkiz ʃˈuz, nˈIki."


@pytest.mark.parametrize("accent", ["american", "british"])
@pytest.mark.parametrize("sound", SOUNDS)
def test_every_sound_that_clients_may_write_is_one_that_the_models_learned(sound: str, accent: Accent) -> None:
    learned = json.loads((importlib.resources.files("hibari") / "assets" / "vocab.json").read_text())
    letters = phonemes_of(written_word(f"/ɪ{sound}ɪ/"), accent).replace("ɪ", "", 1)
    assert len(letters) > 1
    assert set(letters) <= learned.keys()


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
