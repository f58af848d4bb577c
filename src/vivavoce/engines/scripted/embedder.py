"""The scripted embedder: texts that share words are close. Deterministic, without weights.

Owned by the composition root or the test that made it; holds nothing outside its object.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import Sequence

import numpy as np

from vivavoce.engines.ports import Vectors

_WORDS = re.compile(r"\w+")
_REMEMBERED = 1000


class ScriptedTextEmbedder:
    """`TextEmbedder` that hashes words: each one adds its own direction, its ending left off.

    `seconds` is how long each text takes. `requests` holds the newest texts that it was asked for, `active` counts the
    requests under way.
    """

    def __init__(self, *, dimensions: int = 256, seconds: float = 0.0) -> None:
        self._dimensions = dimensions
        self.seconds = seconds
        self.requests: deque[str] = deque(maxlen=_REMEMBERED)
        self.active = 0
        self.closed = False

    @property
    def name(self) -> str:
        return f"scripted-words-{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    async def embed_query(self, text: str) -> Vectors:
        return await self.embed_passages([text])

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.requests.extend(texts)
        self.active += 1
        try:
            await asyncio.sleep(self.seconds * len(texts))
        finally:
            self.active -= 1
        rows = [self._row(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self._dimensions), dtype=np.float32)

    async def close(self) -> None:
        self.closed = True

    def _row(self, text: str) -> Vectors:
        row = np.zeros(self._dimensions, dtype=np.float32)
        for word in _WORDS.findall(text.lower()):
            digest = hashlib.blake2b(word[:6].encode("utf-8", "replace"), digest_size=8).digest()
            row[int.from_bytes(digest[:4], "big") % self._dimensions] += 1.0
        if not row.any():
            row[0] = 1.0
        return row / np.float32(np.linalg.norm(row))
