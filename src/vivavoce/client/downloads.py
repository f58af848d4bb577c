"""Files from the server, written as they come. A connection that breaks is taken up where it broke.

Belongs to one download; whoever opened the file that is written to closes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO

import httpx

from vivavoce.client.errors import ServerUnreachableError, UnexpectedAnswerError
from vivavoce.client.uploads import Progress

RESUMED_MAXIMUM = 5
"""How often a download is taken up again, before its error is told."""


@dataclass(slots=True)
class Download:
    """What has come so far. `etag`: of which version; `progress` hears of bytes, and of how many there will be."""

    sink: BinaryIO = field(repr=False)
    progress: Progress | None = None
    size_bytes: int = 0
    etag: str | None = None
    resumed: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the rest."""
        if not self.size_bytes or self.etag is None:
            return {}
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": self.etag}

    async def take(self, response: httpx.Response, where: str) -> bool:
        """Write what comes. False: the connection broke, and the rest may be asked for.

        Raises `ServerUnreachableError` where it cannot, `UnexpectedAnswerError` for what is not the rest.
        """
        if self.size_bytes and response.status_code != HTTPStatus.PARTIAL_CONTENT:
            raise UnexpectedAnswerError(f"{where} has another file now than when the download began; begin again")
        self.etag = response.headers.get("ETag")
        length = response.headers.get("Content-Length", "")
        total_bytes = self.size_bytes + int(length) if length.isdecimal() else 0
        try:
            async for chunk in response.aiter_bytes():
                self.sink.write(chunk)
                self.size_bytes += len(chunk)
                if self.progress is not None:
                    self.progress(self.size_bytes, total_bytes)
        except httpx.TransportError as error:
            if self.etag is None or self.resumed == RESUMED_MAXIMUM:
                raise ServerUnreachableError(f"{where} broke off in the middle of a file") from error
            self.resumed += 1
            return False
        return True
