"""Reads server-sent events out of bytes (WHATWG HTML, 9.2), as far as chat completions use them: only `data` fields.

Pure; one decoder belongs to one answer.
"""

from __future__ import annotations

from vivavoce.client.errors import UnexpectedAnswerError

EVENT_BYTES_MAXIMUM = 4 * 1024 * 1024


class EventStreamDecoder:
    """Give it bytes as they come; it gives back the data of every event that is complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._begun = False

    def feed(self, chunk: bytes) -> list[str]:
        """The events that this chunk completes. Raises `UnexpectedAnswerError` for one that does not end."""
        self._rest += chunk
        if not self._begun and len(self._rest) >= 3:
            self._begun = True
            self._rest = self._rest.removeprefix(b"\xef\xbb\xbf")
        # A return at the end may be half of a line end, so it waits for what follows.
        held = b"\r" if self._rest.endswith(b"\r") else b""
        text = self._rest[: len(self._rest) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        if len(self._rest) + sum(map(len, self._data)) > EVENT_BYTES_MAXIMUM:
            raise UnexpectedAnswerError(f"an event of more than {EVENT_BYTES_MAXIMUM} bytes does not end")
        return [event for line in lines if (event := self._read(line.decode("utf-8", "replace"))) is not None]

    def _read(self, line: str) -> str | None:
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                self._data.append(value.removeprefix(" "))
            return None
        if not self._data:
            return None
        event, self._data = "\n".join(self._data), []
        return event
