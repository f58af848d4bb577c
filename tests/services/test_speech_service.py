"""Texts to sound and sound to words without a call, on scripted engines."""

from __future__ import annotations

import io
import itertools
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.engines.ports import HEARING_RATE_HZ, EngineError, Samples, SpeechRequest, TranscriptionHints
from vivavoce.engines.scripted import (
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ScriptedTextToSpeech,
    ScriptedTurnDetector,
    ScriptedVoiceActivity,
)
from vivavoce.media.phonetic_words import written_word
from vivavoce.media.wav import write_wav
from vivavoce.services.errors import LimitReachedError, NotReadyError, UpstreamFailedError
from vivavoce.services.speech.joining import TextJoint
from vivavoce.services.speech.listening import LEAD_IN_SAMPLES, LONGEST_UTTERANCE_SECONDS, Listening, UtteranceRules
from vivavoce.services.speech.saying import Manner, SaidPiece, SaidSound
from vivavoce.services.speech.service import HeardSegment, RecordingEnded, SpeechService
from vivavoce.sessions.ports import Engines

EVE = Manner("eve")


class MuteVoice(ScriptedTextToSpeech):
    """Fails at the second piece."""

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        if self.requests:
            raise EngineError("the weights are gone.")
        async for chunk in super().synthesize(request):
            yield chunk


def engines(
    *,
    voice: ScriptedTextToSpeech | None = None,
    ears: ScriptedSpeechToText | None = None,
    detector: ScriptedTurnDetector | None = None,
) -> Engines:
    return Engines(
        ScriptedVoiceActivity(),
        detector or ScriptedTurnDetector(),
        ears or ScriptedSpeechToText(),
        ScriptedLanguageModel(),
        voice or ScriptedTextToSpeech(),
    )


def service(made: Engines | None = None, *, jobs_maximum: int = 50) -> SpeechService:
    loaded = made or engines()
    return SpeechService(lambda: loaded, jobs_maximum=jobs_maximum)


def speech(seconds: float) -> Samples:
    sound: Samples = (0.1 * np.sin(np.arange(round(seconds * HEARING_RATE_HZ)) * 0.1)).astype(np.float32)
    return sound


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * HEARING_RATE_HZ), np.float32)


def recording(*parts: Samples) -> io.BytesIO:
    file = io.BytesIO()
    write_wav(file, np.concatenate(parts), HEARING_RATE_HZ)
    file.seek(0)
    return file


# --- text to speech -------------------------------------------------------------------------------------------------


async def test_a_text_is_spoken_sentence_by_sentence_and_written_out() -> None:
    voice = ScriptedTextToSpeech()
    said = [part async for part in service(engines(voice=voice)).say("It costs $5. **Really** now?", EVE)]
    assert [request.text for request in voice.requests] == ["It costs five dollars.", "Really now?"]
    pieces = [part for part in said if isinstance(part, SaidPiece)]
    assert "".join(piece.text for piece in pieces) == "It costs $5. **Really** now?"
    sound = sum(part.samples.size for part in said if isinstance(part, SaidSound))
    assert pieces[-1].end_seconds == pytest.approx(sound / 24_000)
    assert pieces[0].end_seconds == pieces[1].start_seconds
    assert voice.active == 0


async def test_the_times_of_characters_cover_their_piece() -> None:
    times = SaidPiece("Hi you", 1.0, 1.6).character_times()
    assert [time[0] for time in times] == list("Hi you")
    assert (times[0][1], times[-1][2]) == (1.0, 1.6)
    assert all(before[2] == after[1] for before, after in itertools.pairwise(times))


MANNERS = [
    pytest.param(
        Manner("eve", normalise=False), "Say $5", "Say $5", id="without normalising the text stays as written"
    ),
    pytest.param(
        Manner("eve", replace=(("acme", "ack me"), ("ac", "A C"))),
        "ACME and AC, not acmes",
        "ack me and A C, not acmes",
        id="whole words are replaced in any case, the longest first, and what replaces them stays",
    ),
    pytest.param(
        Manner("eve", replace=(("acme", "/ˈækmi/"),)),
        "ACME costs $5",
        f"{written_word('/ˈækmi/')} costs five dollars",
        id="sounds between slashes are given as sounds",
    ),
]


@pytest.mark.parametrize(("manner", "text", "spoken"), MANNERS)
async def test_how_it_is_said(manner: Manner, text: str, spoken: str) -> None:
    voice = ScriptedTextToSpeech()
    async for _ in service(engines(voice=voice)).say(text, manner):
        pass
    assert " ".join(request.text for request in voice.requests) == spoken


async def test_a_client_that_goes_stops_the_voice() -> None:
    voice = ScriptedTextToSpeech()
    speaking = service(engines(voice=voice), jobs_maximum=1)
    said = speaking.say("One sentence here. " * 50, EVE)
    await anext(said)
    assert voice.active == 1
    await said.aclose()
    assert voice.active == 0
    assert len(voice.requests) == 1
    with speaking.job():
        pass  # its place is free again


async def test_a_voice_that_fails_is_told_as_the_service_does() -> None:
    with pytest.raises(UpstreamFailedError, match=r"The voice could not speak: the weights are gone\.$"):
        async for _ in service(engines(voice=MuteVoice())).say("One is fine here. Two is not.", EVE):
            pass


async def test_no_more_jobs_than_there_are_places() -> None:
    full = service(jobs_maximum=1)
    with full.job(), pytest.raises(LimitReachedError, match="1 texts and recordings"):
        await anext(full.say("Hello.", EVE))


async def test_nothing_is_spoken_before_the_engines_are_loaded() -> None:
    with pytest.raises(NotReadyError):
        await anext(SpeechService(lambda: None).say("Hello.", EVE))


VOICES = [
    pytest.param("eve", None, "eve", id="a voice by its name"),
    pytest.param("ALLOY", "auto", "eve", id="a voice by another platform's name"),
    pytest.param("rex", "en-GB", "rex", id="the language without its region counts"),
]


@pytest.mark.parametrize(("asked", "language", "meant"), VOICES)
def test_a_voice_that_is_meant(asked: str, language: str | None, meant: str) -> None:
    assert service().voice(asked, "voice", language) == meant


UNKNOWN = [
    pytest.param("nobody", None, "voice", id="an unknown voice is refused"),
    pytest.param("eve", "fr", "language", id="a language that the voice does not speak is refused"),
]


@pytest.mark.parametrize(("asked", "language", "param"), UNKNOWN)
def test_a_voice_that_there_is_not(asked: str, language: str | None, param: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        service().voice(asked, "voice", language)
    assert refused.value.param == param


# --- speech to text -------------------------------------------------------------------------------------------------


async def test_a_recording_is_cut_at_its_pauses() -> None:
    ears = ScriptedSpeechToText(["One.", "Two."])
    sound = recording(silence(1.0), speech(2.0), silence(1.0), speech(1.0))
    heard = [part async for part in service(engines(ears=ears)).transcribe(sound, None, TranscriptionHints())]
    segments = [part for part in heard if isinstance(part, HeardSegment)]
    assert [segment.text for segment in segments] == ["One.", "Two."]
    assert segments[0].start_seconds == pytest.approx(1.0 - LEAD_IN_SAMPLES / HEARING_RATE_HZ, abs=0.05)
    assert segments[0].end_seconds == pytest.approx(3.0, abs=0.05)
    assert segments[1].start_seconds == pytest.approx(4.0 - LEAD_IN_SAMPLES / HEARING_RATE_HZ, abs=0.05)
    assert segments[1].end_seconds == pytest.approx(5.0, abs=0.05)
    assert heard[-1] == RecordingEnded(5.0)
    assert ears.open_streams == 0


async def test_a_silent_recording_holds_nothing() -> None:
    heard = [part async for part in service().transcribe(recording(silence(2.0)), None, TranscriptionHints())]
    assert heard == [RecordingEnded(2.0)]


async def test_a_transcription_that_is_given_up_leaves_nothing_open() -> None:
    made = engines()
    heard = service(made).transcribe(recording(speech(1.0), silence(1.0), speech(5.0)), None, TranscriptionHints())
    await anext(heard)
    await heard.aclose()
    assert isinstance(made.speech_to_text, ScriptedSpeechToText)
    assert isinstance(made.voice_activity, ScriptedVoiceActivity)
    assert (made.speech_to_text.open_streams, made.voice_activity.open_streams) == (0, 0)


def test_a_language_that_the_ears_do_not_know_is_refused() -> None:
    with pytest.raises(InvalidFieldError, match="only: en"):
        service().hints("xx")
    assert service().hints("en-GB").language == "en"
    assert service().hints("auto").language is None


def listening(rules: UtteranceRules, detector: ScriptedTurnDetector | None = None) -> Listening:
    return service(engines(detector=detector)).listening(TranscriptionHints(), rules)


async def test_speech_without_end_is_cut_all_the_same() -> None:
    ear = listening(UtteranceRules())
    over = await ear.push(speech(LONGEST_UTTERANCE_SECONDS + 1))
    assert [round(each.end_seconds) for each in over] == [LONGEST_UTTERANCE_SECONDS]
    ear.close()


async def test_a_long_utterance_is_cut_at_a_short_pause_where_the_rules_say_so() -> None:
    sound = np.concatenate([speech(6.0), silence(0.2), speech(1.0)])
    patient, relaxed = UtteranceRules(600), UtteranceRules(600, relaxed_after_seconds=5.0)
    assert [len(await listening(rules).push(sound)) for rules in (patient, relaxed)] == [0, 1]


async def test_the_turn_detector_decides_until_its_time_is_up() -> None:
    rules = UtteranceRules(silence_ms=200, turn_threshold=0.5, turn_timeout_ms=1_000)
    unsure, sure = ScriptedTurnDetector(0.1), ScriptedTurnDetector(0.9)
    sound = np.concatenate([speech(1.0), silence(0.5)])
    [heard] = await listening(rules, sure).push(sound)
    assert heard.confidence == 0.9
    waiting = listening(rules, unsure)
    assert await waiting.push(sound) == []
    assert unsure.asked == 1
    [late] = await waiting.push(silence(0.6))
    assert late.confidence == 0.1


async def test_finishing_ends_what_goes_on_and_more_may_follow() -> None:
    ear = listening(UtteranceRules())
    assert await ear.push(speech(1.0)) == []
    [first] = await ear.finish()
    assert first.end_seconds == pytest.approx(1.0, abs=0.04)
    assert await ear.finish() == []
    await ear.push(speech(1.0))
    assert len(await ear.finish()) == 1
    ear.close()


# --- joining --------------------------------------------------------------------------------------------------------

JOINTS = [
    pytest.param(
        ["Hel", "lo", " wor", "ld."], "Hello world.", id="pieces that bring their white space are put together"
    ),
    pytest.param(["Can", "you", "hear", "me", "now?"], "Can you hear me now?", id="bare words are joined by spaces"),
    pytest.param(["Yes", ",", "please", "!"], "Yes, please!", id="marks are put to the word before"),
    pytest.param(["Good", "morning."], "Good morning.", id="two bare words are two words"),
    pytest.param(["I am here.", "Where are you?"], "I am here. Where are you?", id="sentences are joined by a space"),
    pytest.param(["It is 3.", "5 km."], "It is 3.5 km.", id="a number that was cut stays one"),
    pytest.param(["", "One", ""], "One", id="empty pieces change nothing"),
]


@pytest.mark.parametrize(("pieces", "whole"), JOINTS)
def test_pieces_become_a_text(pieces: list[str], whole: str) -> None:
    joint = TextJoint()
    assert "".join([*(joint.push(piece) for piece in pieces), joint.flush()]) == whole
