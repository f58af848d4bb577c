"""Both sides of a call on one clock: the caller left, the agent right, silence where nobody sounded. Pure.

The caller's sound comes from a microphone, packet by packet, each some time after it was spoken. It is continuous until
a pause shows that it was not: one late packet proves nothing, because what stalled in a network arrives in a burst, so
a pause counts once every packet of `SETTLING_SECONDS` was late. The agent's sound has its time already: when the
caller's player begins with it. Owned by the recording of one call, which takes what cannot change any more and writes
it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.pcm import Samples
from vivavoce.media.resampling import StreamResampler

Stereo = NDArray[np.float32]
"""Shape (n, 2): the caller left, the agent right."""

PAUSE_SECONDS = 0.1
"""A caller's packet that is later than this may follow a pause."""

SETTLING_SECONDS = 1.0
"""How long packets must have been late before there was a pause."""

REACH_SECONDS = 5.0
"""How far back sound may still be placed or taken away; what is older is given to the writer."""

AHEAD_SECONDS = 30.0
"""How far the caller's sound may be ahead of the clock, where a client sends faster than one speaks."""

TAKEN_AT_ONCE_SECONDS = 10.0
"""How much is in one piece, so that a machine that slept for hours is not short of memory when it wakes."""

JOINED_SECONDS = 0.1
"""The agent's sound follows on what was before it, if it begins no later than this behind it."""


@dataclass(frozen=True, slots=True)
class Place:
    """From here on, this millisecond of the caller's audio, counted as the call counts it, is there on the tape."""

    tape_ms: int
    audio_ms: int


class _Channel:
    """Pieces of sound at their samples, in order, none upon another. What was taken is gone."""

    def __init__(self) -> None:
        self.end = 0
        self._taken = 0
        self._pieces: deque[tuple[int, Samples]] = deque()

    def place(self, at_sample: int, samples: Samples) -> None:
        """Put (n,) samples there, or behind what there is."""
        at_sample = max(at_sample, self.end, self._taken)
        if len(samples):
            self._pieces.append((at_sample, samples))
            self.end = at_sample + len(samples)

    def cut(self, at_sample: int) -> None:
        """Nothing sounds from there on."""
        while self._pieces and self._pieces[-1][0] >= at_sample:
            self._pieces.pop()
        if self._pieces:
            begin, samples = self._pieces[-1]
            self._pieces[-1] = (begin, samples[: at_sample - begin])
        self.end = min(self.end, max(at_sample, self._taken))

    def take(self, into: NDArray[np.float32]) -> None:
        """Fill (n,) with the next n samples, silence where there are none."""
        until = self._taken + len(into)
        while self._pieces and self._pieces[0][0] < until:
            begin, samples = self._pieces.popleft()
            fitting = samples[: until - begin]
            into[begin - self._taken : begin - self._taken + len(fitting)] = fitting
            if len(fitting) < len(samples):
                self._pieces.appendleft((until, samples[len(fitting) :]))
        self._taken = until


@dataclass(frozen=True, slots=True, eq=False)
class _Packet:
    arrived_at: float
    samples: Samples
    rate_hz: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz


class _Caller:
    """Where the caller's packets belong."""

    def __init__(self, rate_hz: int) -> None:
        self.channel = _Channel()
        self.places: list[Place] = []
        self._rate_hz = rate_hz
        self._resampler: StreamResampler | None = None
        self._packet_rate_hz = 0
        self._ends_at = 0.0
        self._heard_seconds = 0.0
        self._late: deque[_Packet] = deque()

    def hear(self, packet: _Packet) -> None:
        if self._resampler is None or packet.rate_hz != self._packet_rate_hz:
            self.settle()
            self._go_on(packet, max(0.0, packet.arrived_at - packet.seconds - self._ends_at))
            return
        if self._lateness(packet) < PAUSE_SECONDS:
            self.release(0.0)
            self._append(packet)
            return
        self._late.append(packet)
        if packet.arrived_at - self._late[0].arrived_at >= SETTLING_SECONDS:
            self.settle()

    def settle(self) -> None:
        """Nothing more comes that could show late packets not to have followed a pause."""
        expected, pauses = self._ends_at, []
        for packet in self._late:
            pauses.append(packet.arrived_at - packet.seconds - expected)
            expected += packet.seconds
        self.release(min(pauses, default=0.0))

    def release(self, pause_seconds: float) -> None:
        """The packets that waited follow on a pause, or on what was before them."""
        if self._late and pause_seconds > 0.0:
            self._go_on(self._late.popleft(), pause_seconds)
        while self._late:
            self._append(self._late.popleft())

    def finish(self) -> None:
        self.settle()
        if self._resampler is not None:
            self.channel.place(self.channel.end, self._resampler.flush())

    def _lateness(self, packet: _Packet) -> float:
        waiting = sum(each.seconds for each in self._late)
        return packet.arrived_at - packet.seconds - self._ends_at - waiting

    def _go_on(self, packet: _Packet, pause_seconds: float) -> None:
        if self._resampler is not None:
            self.channel.place(self.channel.end, self._resampler.flush())
        self._resampler = StreamResampler(packet.rate_hz, self._rate_hz)
        self._packet_rate_hz = packet.rate_hz
        self._ends_at += pause_seconds
        begin = max(round(self._ends_at * self._rate_hz), self.channel.end)
        self._ends_at = begin / self._rate_hz
        self.places.append(Place(begin * 1000 // self._rate_hz, round(self._heard_seconds * 1000)))
        self._push(packet, begin)

    def _append(self, packet: _Packet) -> None:
        self._push(packet, self.channel.end)

    def _push(self, packet: _Packet, at_sample: int) -> None:
        assert self._resampler is not None, "a stream has begun"
        # a resampler that gives nothing yet must not lose the place where its sound begins
        if at_sample > self.channel.end:
            self.channel.place(at_sample - 1, np.zeros(1, np.float32))
        self.channel.place(at_sample, self._resampler.push(packet.samples))
        self._ends_at += packet.seconds
        self._heard_seconds += packet.seconds


class StereoTape:
    """Times are seconds since the tape began."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._caller = _Caller(rate_hz)
        self._agent = _Channel()
        self._taken = 0

    @property
    def taken_samples(self) -> int:
        return self._taken

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the caller's audio is on the tape: the first place, and one more for every pause."""
        return tuple(self._caller.places)

    def hear(self, arrived_at: float, samples: Samples, rate_hz: int) -> None:
        """The caller's next (n,) samples, all of which had arrived then."""
        self._caller.hear(_Packet(arrived_at, samples, rate_hz))

    def say(self, begins_at: float, samples: Samples) -> None:
        """The agent's next (n,) samples at the tape's rate, which the caller begins to hear then."""
        begin = round(begins_at * self._rate_hz)
        joined = begin - self._agent.end <= JOINED_SECONDS * self._rate_hz
        self._agent.place(self._agent.end if joined and self._agent.end else begin, samples)

    def silence_agent(self, at: float) -> None:
        """What the agent would have been heard saying from then on was thrown away."""
        self._agent.cut(round(at * self._rate_hz))

    def take(self, now: float) -> Iterator[Stereo]:
        """What cannot change any more, once, in pieces."""
        settled = max(round((now - REACH_SECONDS) * self._rate_hz), self._caller.channel.end - self._ahead)
        return self._take_until(settled)

    def finish(self, now: float) -> Iterator[Stereo]:
        """The rest, in pieces: the call ended then, and nothing of the agent is heard after it."""
        self._caller.finish()
        end = round(now * self._rate_hz)
        self._agent.cut(end)
        return self._take_until(max(end, self._caller.channel.end))

    @property
    def _ahead(self) -> int:
        return round(AHEAD_SECONDS * self._rate_hz)

    def _take_until(self, sample: int) -> Iterator[Stereo]:
        longest = round(TAKEN_AT_ONCE_SECONDS * self._rate_hz)
        while (left := min(sample - self._taken, longest)) > 0:
            taken = np.zeros((left, 2), np.float32)
            self._caller.channel.take(taken[:, 0])
            self._agent.take(taken[:, 1])
            self._taken += left
            yield taken
