"""What an encoder that wants a file to write to has appended to it. Owned by one encoder; dies with it."""

from __future__ import annotations


class AppendedBytes:
    """A file that keeps only what was appended since it was last asked; corrections of what has gone are dropped.

    FLAC and MP3 write their headers anew at the end, with the length; a stream has sent them long before.
    """

    def __init__(self) -> None:
        self._appended = bytearray()
        self._length = 0
        self._position = 0

    def write(self, data: bytes) -> int:
        written = len(data)
        beyond = self._position + written - self._length
        if beyond > 0:
            self._appended += bytes(data)[written - beyond :]
            self._length += beyond
        self._position += written
        return written

    def read(self, _size: int = -1) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._length)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Everything is written at once."""

    def take(self) -> bytes:
        data = bytes(self._appended)
        self._appended.clear()
        return data
