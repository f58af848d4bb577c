"""Sound through something that is late comes out in its place, whatever the size of the pieces."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.aligned_frames import AlignedFrames
from vivavoce.media.pcm import Samples

FRAME, LAG = 160, 96


class _Delaying:
    """Gives what it is given, doubled, `LAG` samples later, and notes where each call's frames begin."""

    def __init__(self) -> None:
        self._tail = np.zeros(LAG, dtype=np.float32)
        self.begins: list[int] = []
        self.pushed_samples = 0

    def work(self, frames: Samples, samples_before: int) -> Samples:
        assert frames.size % FRAME == 0
        self.begins.append(self.pushed_samples - samples_before)
        joined = np.concatenate((self._tail, frames * 2))
        self._tail = joined[-LAG:]
        return joined[:-LAG]


@given(st.lists(st.integers(0, 700), max_size=30))
def test_every_sample_comes_out_once_and_in_its_place(sizes: list[int]) -> None:
    frames, late = AlignedFrames(FRAME, LAG), _Delaying()
    sound = np.arange(1, sum(sizes) + 1, dtype=np.float32)
    ready: list[Samples] = []
    for size in sizes:
        ready.append(frames.push(sound[late.pushed_samples : late.pushed_samples + size], late.work))
        late.pushed_samples += size
        assert 0 <= late.pushed_samples - sum(piece.size for piece in ready) < FRAME + LAG
    held = frames.release()
    out = np.concatenate([np.zeros(0, dtype=np.float32), *ready])
    assert np.array_equal(out, sound[: out.size] * 2)
    assert np.array_equal(held, sound[out.size :])


def test_work_is_told_how_long_before_the_push_its_frames_began() -> None:
    frames, late = AlignedFrames(FRAME, LAG), _Delaying()
    for size in (100, 100, 500, 100):
        frames.push(np.zeros(size, dtype=np.float32), late.work)
        late.pushed_samples += size
    assert late.begins == [0, 160, 640]


def test_after_a_release_the_next_push_begins_anew() -> None:
    frames, late = AlignedFrames(FRAME, LAG), _Delaying()
    frames.push(np.full(FRAME, 1, dtype=np.float32), late.work)
    assert frames.release().tolist() == [1.0] * LAG
    assert frames.release().size == 0
    assert frames.push(np.full(FRAME, 3, dtype=np.float32), late.work).tolist() == [6.0] * (FRAME - LAG)
