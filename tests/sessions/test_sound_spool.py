"""The ring of sound in a temporary file: what comes back, what is over, and that nothing stays behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.sessions.sound_spool import SoundSpool


@given(capacity=st.integers(1, 50), lengths=st.lists(st.integers(0, 50), max_size=20))
def test_the_newest_samples_up_to_the_capacity_come_back_wherever_the_ring_wraps(
    capacity: int, lengths: list[int]
) -> None:
    spool, end = SoundSpool(capacity), 0
    try:
        for length in (min(length, capacity) for length in lengths):
            spool.write(end, np.arange(end, end + length, dtype=np.int16))
            end += length
            begin = max(0, end - capacity)
            assert spool.read(begin, end - begin).tolist() == list(range(begin, end))
    finally:
        spool.close()


def test_what_was_never_written_is_an_error_and_not_silence() -> None:
    spool = SoundSpool(10)
    spool.write(0, np.ones(3, dtype=np.int16))
    with pytest.raises(OSError, match="shorter than what was written"):
        spool.read(0, 4)
    spool.close()


def test_the_file_has_no_name_and_is_there_only_from_the_first_write_until_the_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "later"))
    spool = SoundSpool(10)
    (tmp_path / "later").mkdir()
    spool.write(0, np.ones(3, dtype=np.int16))
    assert not list((tmp_path / "later").iterdir())
    spool.close()
    spool.close()
    with pytest.raises(OSError, match="the call has ended"):
        spool.write(3, np.ones(3, dtype=np.int16))
    with pytest.raises(OSError, match="the call has ended"):
        spool.read(0, 3)
