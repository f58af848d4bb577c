"""Calls with a recording: streams it in real time, lets the agent finish, hangs up after the last answer."""

from __future__ import annotations

from pathlib import Path

from vivavoce.cli.talk_call import Call, NoAnswerError, Patience
from vivavoce.cli.talk_happenings import RecordingSent
from vivavoce.cli.talk_listening import VOICE_RATE_HZ
from vivavoce.media.pcm import pcm16_from_samples
from vivavoce.media.resampling import resample
from vivavoce.media.wav import read_wav

FRAME_SECONDS = 0.02
FRAME_BYTES = int(VOICE_RATE_HZ * FRAME_SECONDS) * 2
_SILENCE = bytes(FRAME_BYTES)
_AFTER_AN_EVENT_SECONDS = 0.3
_FRAMES_PER_NOTE = 25


def read_recording(path: Path) -> bytes:
    """A WAV file as 24 kHz mono 16-bit PCM. Raises `AudioDataError`, `OSError`."""
    wav = read_wav(path)
    return pcm16_from_samples(resample(wav.samples, wav.rate_hz, VOICE_RATE_HZ))


class RecordedCaller:
    """A caller who says what is on a recording (24 kHz 16-bit PCM) and is silent before and after.

    Serves one call, as its driver.
    """

    def __init__(self, recording: bytes, patience: Patience) -> None:
        self._recording = recording
        self._patience = patience
        self._position: int | None = None
        self._ended_at: float | None = None
        self._answers_before = 0

    async def __call__(self, call: Call) -> None:
        """Speak until the last answer is over. Raises `NoAnswerError`, also when no answer came at all."""
        began_at = call.clock.now()
        sent_frames = 0
        while not self._is_over(call, call.clock.now()):
            if self._position is None and self._may_speak(call, call.clock.now() - began_at):
                self._position = 0
                self._answers_before = call.listener.answers_begun
            await call.client.append_audio(self._next_frame())
            sent_frames += 1
            if self._position is not None and self._ended_at is None:
                await self._mark_progress(call)
            await call.clock.sleep_until(began_at + sent_frames * FRAME_SECONDS)
        if call.listener.answers_begun == self._answers_before:
            raise NoAnswerError("the agent did not answer: the server heard no words in the recording")

    def _may_speak(self, call: Call, waited_seconds: float) -> bool:
        """A greeting is heard out first; one that does not begin in time will not come."""
        greeted = call.listener.answers_begun > 0 or waited_seconds >= self._patience.greeting_seconds
        return greeted and call.is_quiet(call.clock.now())

    def _next_frame(self) -> bytes:
        if self._position is None:
            return _SILENCE
        frame = self._recording[self._position : self._position + FRAME_BYTES]
        self._position += len(frame)
        return frame.ljust(FRAME_BYTES, b"\0")

    async def _mark_progress(self, call: Call) -> None:
        assert self._position is not None
        ended = self._position >= len(self._recording)
        if ended or self._position % (_FRAMES_PER_NOTE * FRAME_BYTES) == 0:
            call.report(RecordingSent(_milliseconds(self._position), _milliseconds(len(self._recording))))
        if ended:
            self._ended_at = call.clock.now()
            if call.listener.session.turns_by_hand:
                call.listener.expect_answer()
                await call.client.commit_audio()

    def _is_over(self, call: Call, now: float) -> bool:
        if self._ended_at is None:
            return False
        last_change_at = max(self._ended_at, call.listener.last_change_at)
        if call.is_quiet(now):
            settled_at = max(self._ended_at + self._patience.settling_seconds, last_change_at + _AFTER_AN_EVENT_SECONDS)
            return now >= settled_at
        if not call.listener.server_owes_nothing and now >= last_change_at + self._patience.answer_seconds:
            raise NoAnswerError(f"the agent did not answer within {self._patience.answer_seconds:g} s")
        return False


def _milliseconds(byte_count: int) -> int:
    return byte_count * 1000 // (2 * VOICE_RATE_HZ)
