"""A voice that is ducked, held and resumed, and a reply behind its gate: what of it goes out, sample by sample."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from tests.sessions.scripted_calls import PCM, RATE_HZ, Call, opened_call, scripted_engines
from vivavoce.conversation import events, notices
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.settings import Interruption, ServerVad, Settings, Speculation
from vivavoce.conversation.tentative import DOUBT_PATIENCE_SECONDS
from vivavoce.engines.ports import Samples, SpeechRequest, Voice
from vivavoce.media.gain import RAMP_SAMPLES

pytestmark = pytest.mark.looptime

CAREFUL = Settings(turn_detection=ServerVad(), interruption=Interruption.CONFIRMED)
EARLY = Settings(turn_detection=ServerVad(silence_duration_ms=600), speculation=Speculation())
DUCKED = 0.2


class HissingVoice:
    """Every sample differs from the others and is well above nothing; chunks are of odd lengths."""

    def __init__(self) -> None:
        self.made: list[Samples] = []
        self.begun_at: list[int] = []
        self.active = 0

    @property
    def voices(self) -> tuple[Voice, ...]:
        return (Voice("eve", "en-US", "female", "scripted"),)

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        noise = np.random.default_rng(len(request.text))
        self.active += 1
        self.begun_at.append(len(self.made))
        try:
            for length in (1001, 37, 480, 7200, 4799, 12_000, 3):
                chunk = noise.uniform(0.2, 0.6, length) * noise.choice([-1, 1], length)
                self.made.append(chunk.astype(np.float32))
                yield self.made[-1]
                await asyncio.sleep(0)
        finally:
            self.active -= 1

    async def close(self) -> None:
        pass


def loudness(call: Call, voice: HissingVoice, first_piece: int = 0) -> Samples:
    """By what factor each sample of the voice was sent; fails where one is missing or came twice.

    `first_piece`: the number of the first one that was to be heard; what was made before was thrown away.
    """
    sent = PCM.decode(b"".join(audio for _, _, audio in call.outlet.audio))
    made = np.concatenate(voice.made[voice.begun_at[first_piece] :])
    assert len(sent) == len(made)
    factors: Samples = sent / made
    assert factors.min() > -0.01, "not the sample that was made"
    assert factors.max() < 1.01, "louder than it was made"
    steps = np.diff(factors)
    steps[factors[1:] < 2 / RAMP_SAMPLES] = 0.0  # it was held here: it comes up from silence
    assert np.abs(steps).max() < 1 / RAMP_SAMPLES + 0.001, "a click"
    return factors


def sent_samples(call: Call) -> int:
    return sum(len(audio) for _, _, audio in call.outlet.audio) // 2


async def agent_speaks(call: Call) -> None:
    await call.session.receive(events.ResponseRequested())
    await call.outlet.until_audio(frames=12)


async def test_a_voice_that_is_left_alone_goes_out_as_it_was_made() -> None:
    voice = HissingVoice()
    async with opened_call(CAREFUL, engines=scripted_engines(text_to_speech=voice)) as call:
        await agent_speaks(call)
        await call.outlet.until(notices.ReplyDone)
    assert loudness(call, voice) == pytest.approx(1.0, abs=0.001)


async def test_a_voice_that_is_ducked_is_softer_from_its_next_frame_on_and_loud_again_when_it_was_nothing() -> None:
    voice = HissingVoice()
    async with opened_call(CAREFUL, engines=scripted_engines(text_to_speech=voice)) as call:
        await agent_speaks(call)
        ducked_from = sent_samples(call)
        call.session.submit(events.SpeechSuspected())
        await asyncio.sleep(0.1)
        loud_from = sent_samples(call)
        call.session.submit(events.SuspicionCleared())
        await call.outlet.until(notices.ReplyDone)
    factors = loudness(call, voice)
    assert factors[:ducked_from] == pytest.approx(1.0, abs=0.001)
    assert factors[ducked_from + RAMP_SAMPLES : loud_from] == pytest.approx(DUCKED, abs=0.001)
    assert factors[loud_from + RAMP_SAMPLES :] == pytest.approx(1.0, abs=0.001)


async def test_a_voice_that_is_held_goes_on_at_the_very_sample() -> None:
    voice = HissingVoice()
    async with opened_call(CAREFUL, engines=scripted_engines(text_to_speech=voice)) as call:
        await agent_speaks(call)
        held_from = 0
        for _ in range(3):
            call.session.submit(events.SpeechStarted(0))
            call.session.submit(events.SpeechMeasured(160))
            held_from = sent_samples(call)
            await asyncio.sleep(1.0)
            assert sent_samples(call) == held_from
            call.session.submit(events.AudioClearRequested())
            await asyncio.sleep(0.15)
            assert sent_samples(call) > held_from
        done = await call.outlet.until(notices.ReplyDone)
    factors = loudness(call, voice)
    assert done.reply.ended is EndReason.COMPLETED
    assert factors[held_from + RAMP_SAMPLES :] == pytest.approx(1.0, abs=0.001)
    assert abs(done.reply.audio_ms - len(factors) * 1000 / RATE_HZ) <= 1


async def test_a_voice_that_is_held_goes_on_when_the_sound_of_the_caller_stops_coming() -> None:
    voice = HissingVoice()
    async with opened_call(CAREFUL, engines=scripted_engines(text_to_speech=voice)) as call:
        await agent_speaks(call)
        call.session.submit(events.SpeechStarted(0))
        call.session.submit(events.SpeechMeasured(160))
        held_from = sent_samples(call)
        await asyncio.sleep(DOUBT_PATIENCE_SECONDS - 0.1)
        assert sent_samples(call) == held_from
        await call.outlet.until(notices.ReplyDone)
    loudness(call, voice)
    assert [notice.verdict for notice in call.outlet.told(notices.OverlapIgnored)] == ["noise"]
    assert call.outlet.told(notices.ReplyDone)[-1].reply.ended is EndReason.COMPLETED


async def test_a_voice_that_is_held_and_stopped_sends_nothing_more_and_leaves_nothing_behind() -> None:
    voice = HissingVoice()
    async with opened_call(CAREFUL, engines=scripted_engines(text_to_speech=voice)) as call:
        await agent_speaks(call)
        call.session.submit(events.SpeechStarted(0))
        call.session.submit(events.SpeechMeasured(160))
        held_from = sent_samples(call)
        await asyncio.sleep(0.2)
        call.session.submit(events.ResponseCancelRequested())
        await asyncio.sleep(0.5)
        assert (sent_samples(call), voice.active) == (held_from, 0)
        assert call.outlet.told(notices.ReplyDone)[-1].reply.audio_ms <= held_from * 1000 / RATE_HZ


async def test_a_noise_over_the_agent_holds_it_and_loses_no_sample() -> None:
    voice = HissingVoice()
    from_caller = scripted_engines(text_to_speech=voice)
    async with opened_call(CAREFUL, engines=from_caller) as call:
        from_caller.speech_to_text.texts = ("",)  # type: ignore[attr-defined]
        await agent_speaks(call)
        await call.speak(0.3)
        await call.be_silent(0.6)
        await call.outlet.until(notices.ReplyDone)
    factors = loudness(call, voice)
    assert factors.min() < 0.1, "never held"
    assert [notice.verdict for notice in call.outlet.told(notices.OverlapIgnored)] == ["noise"]
    assert call.outlet.told(notices.CallerSpeechStarted) == []


async def test_an_answer_behind_the_gate_is_made_and_not_sent_and_goes_out_at_once_when_the_gate_opens() -> None:
    voice = HissingVoice()
    async with opened_call(EARLY, engines=scripted_engines(text_to_speech=voice)) as call:
        await call.speak(1.0)
        await call.be_silent(0.5)
        begun = len(call.model.requests)
        assert begun >= 1
        assert voice.made, "nothing was made ready"
        assert call.outlet.audio == []
        assert call.outlet.told(notices.ReplyCreated) == []
        await call.be_silent(0.5)
        await call.outlet.until(notices.ReplyDone)
    (created_at,) = call.outlet.told_at(notices.ReplyCreated)
    assert call.outlet.audio[0][0] == pytest.approx(created_at, abs=0.001)
    assert len(call.model.requests) == begun
    assert loudness(call, voice, first_piece=-2) == pytest.approx(1.0, abs=0.001)
    assert call.outlet.told(notices.TurnTimed)[-1].speculated


async def test_a_caller_who_goes_on_without_new_words_is_answered_by_what_was_begun() -> None:
    async with opened_call(EARLY) as call:
        await call.speak(1.0)
        await call.be_silent(0.4)
        begun = len(call.model.requests)
        await call.speak(0.3)
        await call.be_silent(1.0)
        await call.outlet.until(notices.ReplyDone)
    assert len(call.model.requests) == begun >= 1
    assert len(call.outlet.told(notices.ReplyCreated)) == 1


async def test_an_answer_that_is_thrown_away_behind_the_gate_leaves_nothing_behind() -> None:
    voice = HissingVoice()
    async with opened_call(EARLY, engines=scripted_engines(text_to_speech=voice)) as call:
        await call.speak(1.0)
        await call.be_silent(0.4)
        assert (call.model.active, voice.active) == (0, 1)
        await call.session.receive(events.AudioClearRequested())
        await asyncio.sleep(0.1)
        assert (call.model.active, voice.active) == (0, 0)
        tasks = {task.get_name() for task in asyncio.all_tasks()}
        assert not [name for name in tasks if "resp_" in name]
        await call.be_silent(1.0)
    assert call.outlet.audio == []
    assert call.outlet.told(notices.ReplyCreated) == []
