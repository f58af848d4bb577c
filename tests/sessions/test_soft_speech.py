"""A caller who goes on more softly: words that were begun while the voice sank must not stand for all that was said."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.sessions.scripted_calls import Call, opened_call, scripted_engines
from vivavoce.conversation import notices
from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.engines.ports import HEARING_RATE_HZ, Samples, Transcript, TranscriptionHints, TranscriptionStream
from vivavoce.media.loudness import FADED_WINDOWS, SOFT_WINDOWS
from vivavoce.media.segmenter import RATE_HZ, WINDOW_SAMPLES

pytestmark = pytest.mark.looptime

LOUD, SOFT = 0.5, 0.03
"""24 dB apart; both are speech for the scripted ears."""

FAINT_END_SECONDS = (SOFT_WINDOWS - FADED_WINDOWS) * WINDOW_SAMPLES / RATE_HZ
"""The most that is taken for the fading of a voice that has said everything."""


@dataclass(slots=True)
class MeasuringStream:
    """Its words tell how much of the turn they were found in."""

    heard_seconds: float = 0.0

    def push(self, samples: Samples) -> None:
        self.heard_seconds += len(samples) / HEARING_RATE_HZ

    async def interim(self) -> Transcript:
        return await self.final()

    async def final(self) -> Transcript:
        return Transcript(f"{self.heard_seconds:.2f}", "en", self.heard_seconds)

    def close(self) -> None:
        """It holds nothing."""


class MeasuringSpeechToText:
    languages = frozenset({"en"})

    def open_stream(self, hints: TranscriptionHints) -> TranscriptionStream:
        assert hints.language is None
        return MeasuringStream()

    async def close(self) -> None:
        """It holds nothing."""


async def _speak(call: Call, *stretches: tuple[float, float]) -> None:
    for amplitude, seconds in stretches:
        await call.stream(seconds, amplitude)


@pytest.mark.parametrize(
    "stretches",
    [
        pytest.param([(LOUD, 1.0), (0.0, 0.2), (SOFT, 1.0)], id="softly after a pause"),
        pytest.param([(LOUD, 1.0), (0.0, 0.2), (SOFT, 0.15)], id="softly and briefly after a pause"),
        pytest.param([(LOUD, 1.0), (SOFT, 1.0)], id="softly without a pause"),
        pytest.param([(LOUD, 1.0), (SOFT, 0.4), (LOUD, 0.4), (SOFT, 0.5)], id="softly twice"),
        pytest.param([(LOUD, 2.0)], id="as loud as ever"),
    ],
)
async def test_the_words_of_a_turn_are_those_of_all_of_it(stretches: list[tuple[float, float]]) -> None:
    settings = Settings(turn_detection=ServerVad(silence_duration_ms=700))
    async with opened_call(settings, engines=scripted_engines(speech_to_text=MeasuringSpeechToText())) as call:
        await _speak(call, *stretches, (0.0, 1.0))
        words = await call.outlet.until(notices.TranscriptCompleted)
    assert float(words.text) > sum(seconds for _, seconds in stretches) - FAINT_END_SECONDS
