"""Small PNG files of screenshots: a palette of the commonest colours, nothing else. Pure; owned by nobody."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

PALETTE_COLOURS = 48
"""Enough for text on flat ground with its smoothed edges; twice as many make files a fifth larger."""

Pixels = npt.NDArray[np.uint8]


def palette_png(pixels: Pixels, colours: int = PALETTE_COLOURS) -> bytes:
    """The picture as an indexed PNG (PNG specification, third edition, colour type 3). `pixels`: (height, width, 3)."""
    height, width, _ = pixels.shape
    flat = pixels.reshape(-1, 3).astype(np.int32)
    packed = flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2]
    found, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    every = np.stack((found >> 16 & 255, found >> 8 & 255, found & 255), axis=1)
    palette = every[np.argsort(-counts)[:colours]]
    nearest = np.empty(len(every), dtype=np.uint8)
    for begin in range(0, len(every), 4096):
        part = every[begin : begin + 4096]
        distance = ((part[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2)
        nearest[begin : begin + 4096] = distance.argmin(axis=1)
    rows = nearest[where.reshape(-1)].reshape(height, width)
    unfiltered = np.zeros((height, width + 1), dtype=np.uint8)
    unfiltered[:, 1:] = rows
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(unfiltered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height, from the header."""
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
