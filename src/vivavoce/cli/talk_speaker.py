"""A loudspeaker that only exists in thought: it plays in real time to nobody and remembers what would have been heard.

Pure: time comes in with every call. One belongs to one call of `vivavoce talk` that has no real loudspeaker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vivavoce.cli.talk_listening import BYTES_PER_SAMPLE, VOICE_RATE_HZ

GAP_SECONDS = 0.5
_GAP = bytes(int(GAP_SECONDS * VOICE_RATE_HZ) * BYTES_PER_SAMPLE)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the playing of an item was stopped."""

    item_id: str
    heard_ms: int


@dataclass(slots=True)
class _Stretch:
    """Audio of one item that plays without a break from `begins_at` on."""

    item_id: str
    begins_at: float
    audio: bytearray = field(default_factory=bytearray)

    def seconds(self) -> float:
        return len(self.audio) / BYTES_PER_SAMPLE / VOICE_RATE_HZ


class ImaginedSpeaker:
    """Plays 24 kHz mono 16-bit PCM, one item after the other."""

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        self._silent_from = float("-inf")

    def play(self, item_id: str, audio: bytes, now: float) -> None:
        """Queue audio; it begins at once, or when what is queued has been played."""
        last = self._stretches[-1] if self._stretches else None
        if last is None or last.item_id != item_id or now > self._silent_from:
            last = _Stretch(item_id, max(now, self._silent_from))
            self._stretches.append(last)
        last.audio += audio
        self._silent_from = last.begins_at + last.seconds()

    def is_silent(self, now: float) -> bool:
        return now >= self._silent_from

    def cut_off(self, now: float) -> Cut | None:
        """Stop at once and forget what was queued; None if nothing was playing."""
        if self.is_silent(now):
            return None
        playing = next(stretch for stretch in self._stretches if stretch.begins_at + stretch.seconds() > now)
        heard_samples = max(0, round((now - playing.begins_at) * VOICE_RATE_HZ))
        del playing.audio[heard_samples * BYTES_PER_SAMPLE :]
        self._stretches = [stretch for stretch in self._stretches if stretch.begins_at <= now]
        self._silent_from = now
        heard = sum(stretch.seconds() for stretch in self._stretches if stretch.item_id == playing.item_id)
        return Cut(playing.item_id, round(heard * 1000))

    def recording(self) -> bytes:
        """What was heard, without the waits: the items one after the other with half a second between them."""
        recorded = bytearray()
        former: str | None = None
        for stretch in self._stretches:
            if former not in (None, stretch.item_id):
                recorded += _GAP
            recorded += stretch.audio
            former = stretch.item_id
        return bytes(recorded)
