"""Sounds between slashes: what the voices can say, and how it comes through text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.spoken_text import SentenceStream, SpokenForm
from vivavoce.media.phonetic_words import MARKS, SOUNDS, fault_of, is_phonetic, with_sounds, written_word


def sounds_of(text: str) -> str:
    return with_sounds(text, lambda sounds: f"[{sounds}]")


READ = [
    pytest.param("/ˈnaɪki/", "[ˈnaɪki]", id="sounds and stress are kept"),
    pytest.param("/ɡɹeɪ/", "[ɡɹeɪ]", id="the alphabet's own g and r"),
    pytest.param("/greɪ/", "[ɡɹeɪ]", id="the keyboard's g and r are the same"),
    pytest.param("/t͡ʃɜːt͡ʃ/", "[ʧɜːʧ]", id="an affricate with a tie is one sound"),
    pytest.param("/dʒʌdʒ/", "[ʤʌʤ]", id="an affricate without a tie is one sound"),
    pytest.param("/'hæ.pi/", "[ˈhæpi]", id="an apostrophe is a stress, a dot between syllables is nothing"),
    pytest.param("/ˈbʌtn̩/", "[ˈbʌtn̩]", id="a syllabic consonant"),
    pytest.param("/ nuː  ˈjɔːk /", "[nuː ˈjɔːk]", id="two words with any blanks"),
    pytest.param("ack me", "ack me", id="words are left as they are"),
    pytest.param("/", "/", id="a lone slash is a word"),
]


@pytest.mark.parametrize(("spoken", "read"), READ)
def test_what_is_between_slashes_is_read_as_sounds(spoken: str, read: str) -> None:
    assert fault_of(spoken) is None
    assert sounds_of(written_word(spoken)) == read


ENDINGS = [
    pytest.param("/ˈnaɪki/", "[ˈnaɪkiz]", id="a vowel's is voiced"),
    pytest.param("/bɔb/", "[bɔbz]", id="a voiced consonant's is voiced"),
    pytest.param("/mɪnt/", "[mɪnts]", id="a voiceless consonant's is voiceless"),
    pytest.param("/dʒɔɹdʒ/", "[ʤɔɹʤᵻz]", id="a hissing sound's is a syllable"),
]


@pytest.mark.parametrize(("spoken", "read"), ENDINGS)
def test_an_apostrophe_s_is_said_as_english_says_it(spoken: str, read: str) -> None:
    assert sounds_of(f"{written_word(spoken)}'s") == read
    assert sounds_of(f"{written_word(spoken)}'ll") != read


UNSAYABLE = [
    pytest.param("/lɔx/", "'x'", id="a sound that English does not have"),
    pytest.param("/bɔ̃/", "'̃'", id="a nasal vowel"),
    pytest.param("/7/", "'7'", id="a digit"),
    pytest.param("//", "no sound", id="nothing at all"),
    pytest.param("/ˈˌ /", "no sound", id="marks alone"),
]


@pytest.mark.parametrize(("spoken", "named"), UNSAYABLE)
def test_what_no_voice_can_say_is_named_and_left_as_it_is(spoken: str, named: str) -> None:
    assert named in (fault_of(spoken) or "")
    assert written_word(spoken) == spoken


@given(st.text(alphabet=SOUNDS, min_size=1, max_size=30))
def test_sounds_come_through_everything_between_a_model_and_a_voice(sounds: str) -> None:
    word = written_word(f"/{sounds}/")
    cutter = SentenceStream(first_piece_words=4)
    pieces = [*cutter.push(f"Dr. Lee's **{word}** costs $5, and {word}'s in {word}."), *cutter.flush()]
    form = SpokenForm()
    spoken = " ".join(form.of(piece) for piece in pieces)
    assert spoken == f"Doctor Lee's {word} costs five dollars, and {word}'s in {word}."


@given(st.text(max_size=60))
def test_any_text_between_slashes_is_either_sounds_or_a_fault(text: str) -> None:
    spoken = f"/{text}/"
    assert is_phonetic(spoken)
    read = sounds_of(written_word(spoken))
    if fault_of(spoken) is None:
        assert read.startswith("[")
        assert set(read[1:-1]) <= set(SOUNDS + MARKS)
    else:
        assert written_word(spoken) == spoken
