"""Which turns of one call are on their way to words.

Owned by the call's hearing, which pushes the caller's samples. A turn stays here from its opening until its words have
been told, or until it is thrown away; `turn_audio` asks about each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import ItemId
from vivavoce.engines.ports import Samples, TranscriptionHints, TranscriptionStream
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.sessions.item_audio import ItemAudio
from vivavoce.sessions.ports import Engines, Spawn
from vivavoce.sessions.turn_audio import Asking, TurnAudio


@dataclass(frozen=True, slots=True)
class _Buffer:
    """The input buffer, when the client marks the turns."""

    stream: TranscriptionStream
    start_sample: int


class Transcribing:
    """Owned by one `Hearing`. `hints` are those of the streams that open next."""

    def __init__(
        self,
        engines: Engines,
        recent: RecentAudio,
        item_audio: ItemAudio,
        hints: TranscriptionHints,
        submit: Callable[[Event], None],
        spawn: Spawn,
        listens_closely: Callable[[], bool],
    ) -> None:
        self.hints = hints
        self._speech_to_text = engines.speech_to_text
        self._recent = recent
        self._item_audio = item_audio
        self._asking = Asking(engines.turn_detector, recent, submit, spawn, listens_closely, told=self._forget)
        self._turns: dict[ItemId, TurnAudio] = {}
        self._recorded: dict[ItemId, Samples] = {}
        self._buffer: _Buffer | None = None

    @property
    def buffered_samples(self) -> int:
        """Audio in the input buffer, when the client marks the turns."""
        return self._recent.end_sample - self._buffer.start_sample if self._buffer is not None else 0

    # --- the caller's audio -----------------------------------------------------------------------------------------

    def push(self, samples: Samples) -> None:
        """Samples that have just been appended to the recent audio, for the turn that is open."""
        for turn in self._open_turns():
            turn.push(samples)

    def push_buffer(self, samples: Samples) -> None:
        """The same when the client marks the turns: into the input buffer."""
        if self._buffer is None:
            self._buffer = _Buffer(self._open_stream(), self._recent.end_sample - len(samples))
            self._hold()
        self._buffer.stream.push(samples)

    def anticipate(self, *, pause: bool) -> None:
        """Whether, after the latest window of speech, the caller may be about to pause."""
        for turn in self._open_turns():
            if pause:
                turn.anticipate()
            elif turn.anticipates:
                turn.go_on()

    def go_on(self) -> None:
        """The caller speaks again after a pause, within the turn."""
        for turn in self._open_turns():
            turn.go_on()

    # --- orders -----------------------------------------------------------------------------------------------------

    def open(self, item_id: ItemId, start_sample: int) -> None:
        """A turn that the caller has begun.

        Interim words warm the language model and the transcription itself, so they are taken even if no client reads
        them.
        """
        start = max(start_sample, self._recent.start_sample)
        turn = self._add(item_id, self._open_stream(), start, is_open=True)
        turn.push(self._recent.slice(start, self._recent.end_sample))
        self._hold()
        turn.follow_interim()

    def take_buffer(self, item_id: ItemId) -> None:
        buffer = self._buffer or _Buffer(self._open_stream(), self._recent.end_sample)
        self._add(item_id, buffer.stream, buffer.start_sample, is_open=False)
        self._buffer = None

    def take_recording(self, item_id: ItemId, recording: int) -> None:
        """The same with the sound that came with an item."""
        audio = self._recorded[item_id] = self._item_audio.take(recording)
        self._add(item_id, self._open_stream(), self._recent.end_sample, is_open=False).push(audio)

    def close(self, item_id: ItemId) -> None:
        """No more audio for this turn; it is forgotten when the transcription under way has been told."""
        turn = self._turns[item_id]
        recorded = self._recorded.pop(item_id, None)
        heard = recorded if recorded is not None else self._recent.quantized(turn.start_sample, self._recent.end_sample)
        self._item_audio.keep(item_id, heard)
        turn.close()
        self._hold()
        if not turn.is_transcribing:
            self._forget(item_id)

    def discard(self, item_id: ItemId) -> None:
        """It was no turn."""
        if item_id in self._turns:
            self._forget(item_id)

    def clear(self) -> None:
        """Throw away the input buffer and the open turn; closed turns still get their words."""
        self.drop_buffer()
        for turn in self._open_turns():
            self._forget(turn.item_id)

    def drop_buffer(self) -> None:
        if self._buffer is not None:
            self._buffer.stream.close()
            self._buffer = None
            self._hold()

    def turn(self, item_id: ItemId) -> TurnAudio:
        """A turn that is not closed, to be asked about."""
        return self._turns[item_id]

    def end(self) -> None:
        """The call is over."""
        self.drop_buffer()
        for item_id in list(self._turns):
            self._forget(item_id)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _open_turns(self) -> list[TurnAudio]:
        return [turn for turn in self._turns.values() if turn.is_open]

    def _open_stream(self) -> TranscriptionStream:
        return self._speech_to_text.open_stream(self.hints)

    def _add(self, item_id: ItemId, stream: TranscriptionStream, start_sample: int, *, is_open: bool) -> TurnAudio:
        turn = self._turns[item_id] = TurnAudio(item_id, stream, start_sample, self._asking, is_open=is_open)
        return turn

    def _hold(self) -> None:
        """Keep the audio of what has not been closed yet, and no more."""
        waiting = [turn.start_sample for turn in self._turns.values() if not turn.is_closed]
        if self._buffer is not None:
            waiting.append(self._buffer.start_sample)
        self._recent.hold(min(waiting, default=None))

    def _forget(self, item_id: ItemId) -> None:
        self._turns.pop(item_id).end()
        self._recorded.pop(item_id, None)
        self._hold()
