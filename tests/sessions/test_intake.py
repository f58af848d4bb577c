"""Tests of the intake of a call: the order of what comes in, its bounds, and what is taken at once."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.formats import PCM16_16KHZ, PCM16_24KHZ
from vivavoce.sessions.intake import QUEUED_SLICES, SLICE_MS, Intake

BYTES_PER_MS = 32
WINDOW = bytes(40 * BYTES_PER_MS)
"""More than completes a window of 32 ms."""


async def taken_from(intake: Intake, count: int) -> list[bytes | None]:
    """So many things in the order in which the ears get them; None stands for a step."""
    return [b"".join(found) if isinstance(found := await intake.next(), list) else None for _ in range(count)]


@given(st.lists(st.one_of(st.none(), st.tuples(st.booleans(), st.integers(1, 500))), max_size=30))
def test_audio_and_steps_come_out_as_they_went_in(sent: list[tuple[bool, int] | None]) -> None:
    async def hear() -> None:
        intake, heard = Intake(PCM16_16KHZ), list[bytes]()
        expected, stream = list[bytes](), bytearray()

        async def listen() -> None:
            while True:
                if isinstance(found := await intake.next(), list):
                    assert all(len(piece) <= SLICE_MS * BYTES_PER_MS for piece in found)
                    heard.extend(found)
                else:
                    found()

        listening = asyncio.create_task(listen())
        for number, each in enumerate([*sent, None]):
            if each is None:
                expected.append(bytes(stream))
                await intake.after_audio(lambda: expected.remove(b"".join(heard)))
                await asyncio.sleep(0)
            else:
                at_once, milliseconds = each
                audio = bytes([number]) * milliseconds * BYTES_PER_MS
                stream += audio
                if not (at_once and intake.take(audio)):
                    await intake.receive(audio)
        for _ in range(3 * QUEUED_SLICES):
            await asyncio.sleep(0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert expected == [], "every step came after the audio that was sent before it, and before all other"

    asyncio.run(hear())


async def test_audio_that_completes_no_window_is_held_until_a_step_comes() -> None:
    intake = Intake(PCM16_16KHZ)
    assert intake.take(bytes(320))
    assert intake.take(bytes(320))
    await intake.after_audio(lambda: None)
    assert await taken_from(intake, 2) == [bytes(640), None]


async def test_an_eager_intake_holds_nothing() -> None:
    intake = Intake(PCM16_16KHZ)
    intake.take(bytes(320))
    intake.eager = True
    assert intake.take(bytes(640))
    assert await taken_from(intake, 1) == [bytes(960)]


async def test_a_window_is_complete_at_once_where_nothing_is_resampled() -> None:
    intake = Intake(PCM16_16KHZ)
    intake.take(bytes(32 * BYTES_PER_MS))
    assert await asyncio.wait_for(taken_from(intake, 1), 30) == [bytes(32 * BYTES_PER_MS)]
    resampling = Intake(PCM16_24KHZ)
    window = bytes(32 * BYTES_PER_MS * 3 // 2)
    resampling.take(window)
    resampling.take(window)
    assert await taken_from(resampling, 1) == [window * 2]


async def test_audio_is_taken_at_once_until_the_queue_is_full() -> None:
    intake = Intake(PCM16_16KHZ)
    assert [intake.take(WINDOW) for _ in range(QUEUED_SLICES + 1)] == [True] * QUEUED_SLICES + [False]
    await intake.next()
    assert intake.take(WINDOW)


async def test_audio_longer_than_a_slice_is_not_taken_at_once() -> None:
    intake = Intake(PCM16_16KHZ)
    assert intake.take(bytes(SLICE_MS * BYTES_PER_MS))
    assert not intake.take(bytes(SLICE_MS * BYTES_PER_MS + 2))


async def test_audio_overtakes_nobody_who_waits() -> None:
    intake = Intake(PCM16_16KHZ)
    for _ in range(QUEUED_SLICES):
        assert intake.take(WINDOW)
    waiting = asyncio.create_task(intake.after_audio(lambda: None))
    await asyncio.sleep(0)
    await intake.next()
    assert not intake.take(WINDOW), "there is room now, but it is for the step that waits"
    await waiting
    assert await taken_from(intake, QUEUED_SLICES) == [WINDOW] * (QUEUED_SLICES - 1) + [None]
