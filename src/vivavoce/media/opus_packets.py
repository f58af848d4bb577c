"""The outside of an Opus packet: whether it is one, and how long it sounds (RFC 6716, section 3).

Pure functions over bytes; they decode nothing. What passes here is what a decoder takes, but for padding without end.
"""

from __future__ import annotations

LONGEST_PACKET_MS = 120
LONGEST_FRAME_BYTES = 1275
LONGEST_PACKET_BYTES = 48 * (LONGEST_FRAME_BYTES + 2)
"""48 frames of 2.5 ms, each with its length. With padding a packet has no end; nobody needs it on a socket."""

_SILK_MS = (10.0, 20.0, 40.0, 60.0)
_HYBRID_MS = (10.0, 20.0)
_CELT_MS = (2.5, 5.0, 10.0, 20.0)
_FRAME_MS = 3 * _SILK_MS + 2 * _HYBRID_MS + 4 * _CELT_MS
"""By configuration number (RFC 6716, table 2)."""

_TWO_BYTE_LENGTH = 252
"""A frame's length that begins with this or more goes on in a second byte (RFC 6716, section 3.2.1)."""


class OpusPacketError(ValueError):
    """The bytes are not one Opus packet."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; send one Opus packet (RFC 6716) in a message, without Ogg or any other container")


def packet_ms(packet: bytes) -> float:
    """How long a packet sounds, a multiple of 2.5 ms. Raises `OpusPacketError` for one that is malformed."""
    if not packet:
        raise OpusPacketError("there are no bytes where an Opus packet belongs")
    if len(packet) > LONGEST_PACKET_BYTES:
        raise OpusPacketError(f"{len(packet)} bytes are more than the {LONGEST_PACKET_BYTES} that an Opus packet needs")
    frame_ms = _FRAME_MS[packet[0] >> 3]
    match packet[0] & 3:
        case 0:
            frames, at, last = 1, 1, len(packet) - 1
        case 1:
            frames, at = 2, 1
            last = _shared(at, len(packet), frames)
        case 2:
            frames = 2
            at, last = _after_lengths(packet, 1, len(packet), frames)
        case _:
            frames, at, last = _counted(packet)
    if frames * frame_ms > LONGEST_PACKET_MS:
        raise OpusPacketError(f"the Opus packet claims {frames * frame_ms:g} ms, {LONGEST_PACKET_MS} ms is the longest")
    if last > LONGEST_FRAME_BYTES:
        raise OpusPacketError(f"a frame of the Opus packet has {last} bytes, {LONGEST_FRAME_BYTES} are the most")
    return frames * frame_ms


def _counted(packet: bytes) -> tuple[int, int, int]:
    """Of a packet of any number of frames (section 3.2.5): the number, where they begin, the last one's length."""
    if len(packet) < 2:
        raise _cut_short(packet)
    frames, at, end = packet[1] & 0x3F, 2, len(packet)
    if not frames:
        raise OpusPacketError("the Opus packet has no frames")
    if packet[1] & 0x40:
        at, end = _without_padding(packet, at)
    if packet[1] & 0x80:
        at, last = _after_lengths(packet, at, end, frames)
    else:
        last = _shared(at, end, frames)
    return frames, at, last


def _without_padding(packet: bytes, at: int) -> tuple[int, int]:
    """Where the rest of the header begins, and where the padding at the packet's end does."""
    end = len(packet)
    while True:
        if at >= len(packet):
            raise _cut_short(packet)
        length = packet[at]
        at += 1
        end -= 254 if length == 255 else length
        if length < 255:
            break
    if end < at:
        raise _cut_short(packet)
    return at, end


def _shared(at: int, end: int, frames: int) -> int:
    """The length of frames that are all as long."""
    length, rest = divmod(end - at, frames)
    if rest:
        raise OpusPacketError(f"the Opus packet's {end - at} bytes are not {frames} frames of one length")
    return length


def _after_lengths(packet: bytes, at: int, end: int, frames: int) -> tuple[int, int]:
    """Where frames with lengths of their own begin, and the length of the last, which is not written."""
    written = 0
    for _ in range(frames - 1):
        if at >= end or (packet[at] >= _TWO_BYTE_LENGTH and at + 1 >= end):
            raise _cut_short(packet)
        if packet[at] < _TWO_BYTE_LENGTH:
            written += packet[at]
            at += 1
        else:
            written += packet[at] + 4 * packet[at + 1]
            at += 2
    last = end - at - written
    if last < 0:
        raise _cut_short(packet)
    return at, last


def _cut_short(packet: bytes) -> OpusPacketError:
    return OpusPacketError(f"the {len(packet)} bytes end before the Opus packet that they begin does")
