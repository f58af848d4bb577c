"""A call's recording, in virtual time: each side where it sounded, to the sample, and a call that no disk can end."""

from __future__ import annotations

import asyncio
import errno
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from tests.sessions.scripted_calls import FRAME_SECONDS, PCM, RATE_HZ, Call, opened_call
from vivavoce.conversation import notices
from vivavoce.media.pcm import Samples
from vivavoce.media.stereo_encoding import RecordingFormat
from vivavoce.media.stereo_tape import REACH_SECONDS, Place
from vivavoce.sessions import recording as recordings
from vivavoce.sessions.recording import NOT_PLACED, RECORDING_RATE_HZ, TOO_SLOW, Recording

pytestmark = pytest.mark.looptime

FRAME = round(RATE_HZ * FRAME_SECONDS)


def _read(path: Path) -> tuple[Samples, Samples]:
    sound, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == RECORDING_RATE_HZ
    return sound[:, 0], sound[:, 1]


def _sounding(channel: Samples) -> tuple[int, int]:
    """The first sample that sounds, and behind the last."""
    loud = np.flatnonzero(np.abs(channel) > 1e-3)
    return int(loud[0]), int(loud[-1]) + 1


def _sent(call: Call) -> Samples:
    return PCM.decode(b"".join(audio for _, _, audio in call.outlet.audio))


async def test_caller_and_agent_are_where_they_sounded_to_the_sample(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "call.wav", "wav")
    async with opened_call(tap=recording) as call:
        began = asyncio.get_running_loop().time()
        await call.be_silent(0.5)
        await call.speak(1.0)
        await call.be_silent(3.0)
        await call.outlet.until(notices.ReplyDone)
        await call.be_silent(2.0)
        ended = asyncio.get_running_loop().time()
    recorded = await recording.finish()
    left, right = _read(recording.path)
    assert recorded.failure is None
    assert recorded.size_bytes == recording.path.stat().st_size == 44 + 4 * len(left)
    assert recorded.duration_ms == round((ended - began) * 1000) == len(left) * 1000 // RATE_HZ
    assert recorded.places == (Place(0, 0),)
    first, last = _sounding(left)
    assert (first // FRAME, -(-last // FRAME)) == (25, 75)
    first_sent_at = call.outlet.audio[0][0]
    sent = _sent(call)
    begin = round((first_sent_at - began) * RATE_HZ)
    assert np.abs(right[begin : begin + len(sent)] - sent).max() <= 2 / 32_768
    assert not right[:begin].any()
    assert not right[begin + len(sent) :].any()


async def test_barge_in_cuts_the_agent_at_what_was_played(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "call.wav", "wav")
    async with opened_call(tap=recording) as call:
        began = asyncio.get_running_loop().time()
        await call.ask()
        await call.outlet.until_audio(frames=30)
        await call.speak(0.6)
        done = await call.outlet.until(notices.ReplyDone)
        stopped_at = call.outlet.told_at(notices.ReplyDone)[0]
        assert done.reply.ended is not None
        await call.be_silent(1.0)
    await recording.finish()
    _, right = _read(recording.path)
    begin = round((call.outlet.audio[0][0] - began) * RATE_HZ)
    cut_at = round((stopped_at - began) * RATE_HZ)
    stopped = call.outlet.audio[0][1]
    sent = PCM.decode(b"".join(audio for _, reply_id, audio in call.outlet.audio if reply_id == stopped))
    goes_on_at = next(at for at, reply_id, _ in call.outlet.audio if reply_id != stopped)
    assert len(sent) > cut_at - begin, "something that was sent was not played, else the test shows nothing"
    assert np.abs(right[begin:cut_at] - sent[: cut_at - begin]).max() <= 2 / 32_768
    assert not right[cut_at : round((goes_on_at - began) * RATE_HZ)].any()


async def test_an_opus_recording_has_both_sides_at_the_same_places(tmp_path: Path) -> None:
    plain, packed = Recording(tmp_path / "call.wav", "wav"), Recording(tmp_path / "call.ogg", "opus")
    for recording in (plain, packed):
        async with opened_call(tap=recording) as call:
            await call.ask()
            await call.outlet.until(notices.ReplyDone)
            await call.be_silent(1.0)
        assert (await recording.finish()).failure is None
    assert packed.path.stat().st_size * 8 < plain.path.stat().st_size
    for expected, found in zip(_read(plain.path), _read(packed.path), strict=True):
        assert abs(len(expected) - len(found)) <= FRAME
        assert np.abs(np.subtract(_sounding(expected), _sounding(found))).max() <= FRAME


async def test_a_recording_of_nothing_is_a_file_that_can_be_opened(tmp_path: Path) -> None:
    for recording_format in ("opus", "wav"):
        recording = Recording(tmp_path / f"call.{recording_format}", _format(recording_format))
        assert (await recording.finish()).failure is None
        assert soundfile.info(recording.path).channels == 2


def _format(name: str) -> RecordingFormat:
    return "opus" if name == "opus" else "wav"


async def test_a_long_call_takes_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "call.wav", "wav")
    frame = np.full(RATE_HZ, 0.1, np.float32)
    running = asyncio.create_task(recording.run())
    tracemalloc.start()
    try:
        held = []
        for second in range(900):
            now = asyncio.get_running_loop().time()
            recording.hear(frame.copy(), RATE_HZ, now)
            recording.say(frame.copy(), now)
            await asyncio.sleep(1.0)
            if second in (60, 899):
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    recorded = await recording.finish()
    assert recorded.size_bytes >= 900 * RATE_HZ * 4
    assert held[1] - held[0] < REACH_SECONDS * RATE_HZ * 4


async def test_a_disk_that_is_full_ends_the_recording_and_not_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: object, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    recording = Recording(tmp_path / "call.wav", "wav")
    async with opened_call(tap=recording) as call:
        await call.be_silent(REACH_SECONDS + 2)
        monkeypatch.setattr(recordings, "_write_whole", full)
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
    recorded = await recording.finish()
    assert recorded.failure == "No space left on device"
    assert not recording.path.exists()
    assert await recording.finish() == recorded


async def test_a_folder_that_cannot_be_written_fails_the_recording(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file, where a folder should be")
    recording = Recording(tmp_path / "occupied" / "call.wav", "wav")
    async with opened_call(tap=recording) as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
    assert (await recording.finish()).failure is not None


async def test_sound_that_nobody_writes_is_not_heaped_up(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "call.wav", "wav")
    second = np.zeros(RATE_HZ, np.float32)
    for _ in range(300):
        recording.hear(second, RATE_HZ, 1.0)
    assert recording.failure == TOO_SLOW
    assert (await recording.finish()).failure == TOO_SLOW
    assert not recording.path.exists()


async def test_a_device_without_room_fails_the_recording_with_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.symlink_to("/dev/full")
    recording = Recording(path, "wav")
    async with opened_call(tap=recording) as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
        await call.be_silent(REACH_SECONDS + 2)
    assert (await recording.finish()).failure == "No space left on device"
    assert not path.is_symlink()


async def test_a_recording_that_never_got_a_place_writes_nothing() -> None:
    recording = Recording(None, "opus")
    async with opened_call(tap=recording) as call:
        await call.be_silent(REACH_SECONDS + 2)
    assert (await recording.finish()).failure == NOT_PLACED
    assert recording.written_bytes == 0


async def test_what_is_given_up_does_not_disturb_the_call() -> None:
    recording = Recording(None, "wav")
    recording.give_up("the folder cannot be written")
    async with opened_call(tap=recording) as call:
        await call.ask()
        await call.outlet.until(notices.ReplyDone)
    assert (await recording.finish()).failure == "the folder cannot be written"


async def test_what_is_written_stays_as_it_was_but_for_the_header(tmp_path: Path) -> None:
    recording = Recording(None, "wav")
    recording.place(tmp_path / "call.wav")
    async with opened_call(tap=recording) as call:
        await call.ask()
        await call.be_silent(REACH_SECONDS + 2)
        written = recording.written_bytes
        begun = (tmp_path / "call.wav").read_bytes()[:written]
        await call.be_silent(1.0)
    assert written > RATE_HZ
    recorded = await recording.finish()
    whole = (tmp_path / "call.wav").read_bytes()
    assert recording.written_bytes == recorded.size_bytes == len(whole)
    assert whole[44:written] == begun[44:]


async def test_a_call_without_a_sound_is_as_long_as_it_was(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "call.wav", "wav")
    async with opened_call(tap=recording):
        await asyncio.sleep(7.0)
    recorded = await recording.finish()
    left, right = _read(tmp_path / "call.wav")
    assert (recorded.duration_ms, len(left), recorded.places) == (7_000, 7 * RATE_HZ, ())
    assert not left.any()
    assert not right.any()


async def test_an_opus_recording_is_heard_from_any_place_in_it(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "call.ogg", "opus")
    async with opened_call(tap=recording) as call:
        await call.be_silent(10.0)
        await call.speak(1.0)
        await call.be_silent(4.0)
    await recording.finish()
    with soundfile.SoundFile(tmp_path / "call.ogg") as file:
        assert file.seekable()
        whole = file.read(dtype="float32")
        for second in (11, 2, 10):
            file.seek(second * RATE_HZ)
            part = file.read(RATE_HZ // 2, dtype="float32")
            assert np.abs(part - whole[second * RATE_HZ :][: len(part)]).max() < 0.02
