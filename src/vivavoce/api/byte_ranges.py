"""Parts of what can be downloaded, as clients ask for them (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
_DIGITS_MAXIMUM = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From the byte `start` on, `length` bytes."""

    start: int
    length: int

    def content_range(self, size_bytes: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size_bytes}"


class UnsatisfiableRangeError(Exception):
    """What was asked for lies behind the end."""


def asked_range(header: str | None, size_bytes: int) -> ByteRange | None:
    """What a `Range` header asks for of so many bytes. None: everything, as without the header.

    So are several ranges at once and units that are not bytes, which a server may leave aside (section 14.2). Raises
    `UnsatisfiableRangeError`.
    """
    found = None if header is None else _ONE_RANGE.fullmatch(header)
    if found is None:
        return None
    first, last = found.groups()
    if len(first) > _DIGITS_MAXIMUM or len(last) > _DIGITS_MAXIMUM or not (first or last):
        return None
    if not first:
        length = min(int(last), size_bytes)
        if length == 0:
            raise UnsatisfiableRangeError
        return ByteRange(size_bytes - length, length)
    start = int(first)
    end = size_bytes - 1 if not last else int(last)
    if last and end < start:
        return None
    if start >= size_bytes:
        raise UnsatisfiableRangeError
    return ByteRange(start, min(end, size_bytes - 1) - start + 1)
