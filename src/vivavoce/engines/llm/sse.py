"""Parses a stream of server-sent events, however the network cuts it. Pure; one stream's, dies with it.

Source: the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream". Only `data` that is not empty matters.
"""

from __future__ import annotations

import re

MAXIMUM_EVENT_BYTES = 4 * 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """One event is larger than `MAXIMUM_EVENT_BYTES`: this is no event stream, or a hostile one."""


class EventStream:
    """Feed it bytes; it gives the data of every event that is complete."""

    def __init__(self) -> None:
        self._tail = b""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._skip_newline = False
        self._begun = False

    def feed(self, received: bytes) -> list[str]:
        """The data of the events that `received` completes, in order. Raises `EventTooLargeError`."""
        if not received:
            return []
        if self._skip_newline and received[:1] == b"\n":
            received = received[1:]
        self._skip_newline = received[-1:] == b"\r"
        *lines, self._tail = _LINE_END.split(self._tail + received)
        if lines and not self._begun:
            self._begun = True
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        events = [event for line in lines for event in self._take(line)]
        if len(self._tail) + self._data_bytes > MAXIMUM_EVENT_BYTES:
            raise EventTooLargeError(f"an event of more than {MAXIMUM_EVENT_BYTES} bytes")
        return events

    def finish(self) -> list[str]:
        """The stream has ended: the last event, where its empty line is missing.

        The standard would drop it; servers that close early mean it all the same.
        """
        events = self._take(self._tail) if self._tail else []
        self._tail = b""
        return [*events, *self._take(b"")]

    def _take(self, line: bytes) -> list[str]:
        if not line:
            data, self._data, self._data_bytes = self._data, [], 0
            return [b"\n".join(data).decode("utf-8", "replace")] if any(data) else []
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value) + 1
        return []
