"""One reply on its way to the client: its gate, its loudness, its pace and its position. Owned by `Speaking`."""

from __future__ import annotations

import asyncio
from typing import assert_never

from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.orders import DuckReply, HoldReply, OpenGate, ResumeReply, SpeakFiller, StartReply
from vivavoce.engines.ports import VOICE_RATE_HZ, AffinityKey, Samples
from vivavoce.media.gain import Gain
from vivavoce.media.pacing import Playout

DUCKED = 0.2
"""14 dB softer: clearly in the background, still to be followed."""

FRAME_SAMPLES = VOICE_RATE_HZ // 50
"""20 ms."""

LONGEST_BACKLOG_SECONDS = 2.0
"""More than this no player can still hold of what was sent at most a small lead ahead: it stood still, or errs."""

GATED_PATIENCE_SECONDS = 0.3
BESIDE_PATIENCE_SECONDS = 2.0
"""How long replies may be put off whose turn is not surely over, and those that nobody listens to."""

SPOKEN_CHARACTERS_A_SECOND = 15.0

WRITING_SECONDS = 0.5
"""The next piece is wanted so long before the voice has nothing left to say: it is written and voiced meanwhile."""

QUEUED_PIECES = 256
"""Pieces of text that may wait for the voice; more and the language model waits."""


class Track:
    """Dies with its reply. `pieces` are its words for the voice, None behind the last."""

    def __init__(self, order: StartReply, playout: Playout, affinity: AffinityKey) -> None:
        self.order = order
        self.affinity = affinity
        self.task: asyncio.Task[None] | None = None
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue(QUEUED_PIECES)
        self.words_begun = False
        self._playout = playout
        self._gain = Gain()
        self._gate = asyncio.Event()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._sent_seconds = 0.0
        self._voiced_seconds = 0.0
        self._unvoiced_characters = 0
        self._begun_at = asyncio.get_running_loop().time()
        self._acknowledged_ms = -1
        if not order.gated:
            self._gate.set()

    @property
    def reply_id(self) -> ReplyId:
        return self.order.reply_id

    @property
    def is_open(self) -> bool:
        """Whether its audio may have gone out."""
        return self._gate.is_set()

    @property
    def sent_ms(self) -> int:
        return round(self._sent_seconds * 1000)

    def played_ms(self, now: float) -> int:
        """How much of it the caller has heard by now."""
        return max(0, int((self._sent_seconds - self._playout.buffered_seconds(now)) * 1000))

    # --- orders -----------------------------------------------------------------------------------------------------

    def perform(self, order: OpenGate | DuckReply | HoldReply | ResumeReply | SpeakFiller) -> None:
        match order:
            case OpenGate():
                self._gate.set()
            case DuckReply():
                self._gain.target = DUCKED
            case HoldReply():
                self._flowing.clear()
                self._playout.expect_gap()
            case ResumeReply():
                self._gain.target = 1.0
                if not self._flowing.is_set():
                    self._gain.restart()
                    self._flowing.set()
            case SpeakFiller(text=text):
                if not self.words_begun and not self.pieces.full():  # else it would come too late
                    self._unvoiced_characters += len(text)
                    self.pieces.put_nowait(text)
            case _:
                assert_never(order)

    def acknowledge(self, played_ms: int, now: float) -> int:
        """The player has come so far; what of it can be true.

        Only news corrects the pace: a position that the player had reached before says nothing of now.
        """
        played_ms = min(played_ms, self.sent_ms)
        if played_ms > self._acknowledged_ms:
            self._acknowledged_ms = played_ms
            self._playout.correct(now, min(self._sent_seconds - played_ms / 1000, LONGEST_BACKLOG_SECONDS))
        return self._acknowledged_ms

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()

    # --- the road ---------------------------------------------------------------------------------------------------

    async def gate(self) -> None:
        """Wait until audio may go out at all."""
        await self._gate.wait()

    async def frame(self, samples: Samples) -> Samples:
        """Wait until this frame (n,) may go out, count it as sent, and give it as loud as it is to be."""
        clock = asyncio.get_running_loop()
        while True:
            await self._flowing.wait()
            if wait := self._playout.wait_seconds(clock.time()):
                await asyncio.sleep(wait)
            if self._flowing.is_set():
                break
        duration_seconds = len(samples) / VOICE_RATE_HZ
        self._playout.send(clock.time(), duration_seconds)
        self._sent_seconds += duration_seconds
        return self._gain.apply(samples)

    def voiced(self, samples: Samples) -> None:
        """The voice has made this much more."""
        self._voiced_seconds += len(samples) / VOICE_RATE_HZ

    @property
    def runs_dry_at(self) -> float | None:
        """Loop seconds at which the caller has heard all that the voice has made; None before its first sound."""
        if not self._voiced_seconds:
            return None
        now = asyncio.get_running_loop().time()
        return now + self._voiced_seconds - self._sent_seconds + self._playout.buffered_seconds(now)

    async def queue(self, piece: str) -> None:
        """A piece of its words for the voice."""
        self.words_begun = True
        self._unvoiced_characters += len(piece)
        await self.pieces.put(piece)

    def voiced_whole(self, piece: str) -> None:
        """The voice has made all of this piece, if there was anything to say in it."""
        self._unvoiced_characters = max(0, self._unvoiced_characters - len(piece))

    @property
    def patience_seconds(self) -> float | None:
        """How long the model may put this reply off for those whose callers wait; None: not at all."""
        if self.order.beside:
            return BESIDE_PATIENCE_SECONDS
        return None if self.is_open else GATED_PATIENCE_SECONDS

    def words_wanted_at(self) -> float:
        """Loop seconds at which the next piece of its words is wanted, so that the voice never waits for words."""
        now = asyncio.get_running_loop().time()
        if not self.words_begun:
            # behind the gate it always comes after those whose callers wait, however long it has been there
            return (self._begun_at if self.is_open else now) + (self.patience_seconds or 0.0)
        to_be_voiced = self._unvoiced_characters / SPOKEN_CHARACTERS_A_SECOND
        if not self._voiced_seconds:
            return now + to_be_voiced - WRITING_SECONDS
        unsent = self._voiced_seconds - self._sent_seconds
        return self._playout.ends_at(now, unsent > 0) + unsent + to_be_voiced - WRITING_SECONDS

    def nothing_to_send(self) -> None:
        """The voice has not made more yet."""
        self._playout.expect_gap()
