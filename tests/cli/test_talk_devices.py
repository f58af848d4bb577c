"""The keyboard and the microphone of `vivavoce talk`: lines without blocking, sound across threads."""

from __future__ import annotations

import asyncio
import io
import os
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from tests.fake_realtime_server import KEY, Answer, FakeServer, running, silence, tone

from vivavoce.cli import talk_microphone
from vivavoce.cli.talk import Party
from vivavoce.cli.talk import place as carry
from vivavoce.cli.talk_call import Call, LoopClock
from vivavoce.cli.talk_happenings import AgentAnswered, AgentCutOff, CallOpened, Happening
from vivavoce.cli.talk_microphone import (
    CAPTURED_PIECES_MAXIMUM,
    AudioDeviceError,
    MiniaudioDevices,
    PlaybackQueue,
    SpeakingCaller,
    find_devices,
)
from vivavoce.cli.talk_text import TypedLines
from vivavoce.client.realtime import RealtimeClient

# --- the keyboard -------------------------------------------------------------------------------------------------


async def _all(lines: TypedLines) -> list[str]:
    found = []
    while (line := await lines.next()) is not None:
        found.append(line)
    return found


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"one\ntwo\n", ["one", "two"], id="two lines"),
        pytest.param(b"one\ntwo", ["one", "two"], id="a last line without its end"),
        pytest.param(b"one\r\n\r\ntwo", ["one", "", "two"], id="the line ends of another system"),
        pytest.param("größer\n".encode(), ["größer"], id="letters beyond ASCII"),
        pytest.param(b"\xff\xfe\n", ["\ufffd\ufffd"], id="bytes that are no text"),
        pytest.param(b"a" * 200_000 + b"\nb", ["a" * 200_000, "b"], id="a line longer than one read"),
    ],
)
async def test_the_lines_of_a_file_of_a_pipe_and_of_a_stream_in_memory(
    tmp_path: Path, content: bytes, lines: list[str]
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(content)
    with path.open() as file:
        assert await _all(TypedLines(file)) == lines
    reading, writing = os.pipe()
    writer = Thread(target=_write_all, args=(writing, content))
    writer.start()
    with os.fdopen(reading) as pipe:
        assert await _all(TypedLines(pipe)) == lines
    writer.join()
    if b"\xff" not in content:
        assert await _all(TypedLines(io.StringIO(content.decode(), newline=""))) == lines


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
    os.close(file)


async def test_a_line_is_there_as_soon_as_it_is_typed_and_waiting_for_the_next_blocks_nobody() -> None:
    theirs, ours = os.openpty()
    tty.setraw(ours)
    with os.fdopen(ours) as terminal:
        lines = TypedLines(terminal)
        os.write(theirs, b"hel")
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        os.write(theirs, b"lo\nand")
        assert await waiting == "hello"
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert not asyncio.get_running_loop().remove_reader(ours), "still listening to the terminal"
        os.write(theirs, b" more\n")
        assert await lines.next() == "and more"
    os.close(theirs)


# --- the microphone -----------------------------------------------------------------------------------------------


@dataclass
class FakeDevices:
    """A microphone and a loudspeaker that a test works by hand, on a thread of its own like real ones."""

    on_captured: Callable[[bytes], None] | None = None
    pull: Callable[[int], bytes] | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    @contextmanager
    def open(self, on_captured: Callable[[bytes], None], pull: Callable[[int], bytes]) -> Generator[None]:
        self.on_captured, self.pull = on_captured, pull
        self.opened.set()
        try:
            yield
        finally:
            self.closed = True

    async def speak(self, pcm: bytes) -> None:
        """Capture sound in pieces of 20 ms."""
        assert self.on_captured is not None
        for at in range(0, len(pcm), 960):
            await asyncio.to_thread(self.on_captured, pcm[at : at + 960])

    async def play(self, milliseconds: int) -> bytes:
        assert self.pull is not None
        return await asyncio.to_thread(self.pull, milliseconds * 24)


class Reported:
    """Waits for what a call reports."""

    def __init__(self) -> None:
        self.happenings: asyncio.Queue[Happening] = asyncio.Queue(1000)

    async def until(self, kind: type[Happening]) -> Any:
        while not isinstance(happening := await self.happenings.get(), kind):
            pass
        return happening


async def test_a_person_at_the_microphone_is_answered_can_interrupt_and_hangs_up_by_leaving() -> None:
    devices, playback, reported = FakeDevices(), PlaybackQueue(keep_recording=True), Reported()
    party = Party(SpeakingCaller(devices, playback), playback)
    async with (
        running(FakeServer(answers=[Answer(voice_ms=3_000), Answer(voice_ms=200)])) as server,
        RealtimeClient.connect(server.url, KEY) as client,
    ):
        report = reported.happenings.put_nowait
        calling = asyncio.create_task(carry(client, party, report, LoopClock(), timings=False))
        await reported.until(CallOpened)
        await devices.opened.wait()
        await devices.speak(tone(0.2, 440) + silence(0.6))
        await reported.until(AgentAnswered)
        assert await devices.play(1_000) == tone(3, 330)[:48_000]
        await devices.speak(tone(0.2, 440))
        cut = await reported.until(AgentCutOff)
        assert cut.heard_ms == 1_000 - talk_microphone.PLAYBACK_LATENCY_MS
        assert await devices.play(100) == silence(0.1)
        await devices.speak(silence(0.6))
        await reported.until(AgentAnswered)
        assert await devices.play(200) == tone(0.2, 330)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
    assert devices.closed
    assert server.heard_audio() == tone(0.2, 440) + silence(0.6) + tone(0.2, 440) + silence(0.6)
    truncated = [event for event in server.received if event["type"] == "conversation.item.truncate"]
    assert [event["audio_end_ms"] for event in truncated] == [cut.heard_ms]
    assert playback.recording() == tone(3, 330)[:48_000] + tone(0.2, 330)


async def test_when_the_network_is_slow_the_oldest_sound_is_dropped_and_the_newest_kept() -> None:
    sent: list[bytes] = []
    devices, first_is_on_its_way, network, enough = FakeDevices(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def send_slowly(piece: bytes) -> None:
        first_is_on_its_way.set()
        await network.wait()
        sent.append(piece)
        if len(sent) == 1 + CAPTURED_PIECES_MAXIMUM:
            enough.set()

    call: Any = SimpleNamespace(client=SimpleNamespace(append_audio=send_slowly))
    speaking = asyncio.ensure_future(SpeakingCaller(devices, PlaybackQueue(keep_recording=False))(call))
    await devices.opened.wait()
    pieces = [bytes([number]) * 960 for number in range(CAPTURED_PIECES_MAXIMUM + 11)]
    await devices.speak(pieces[0])
    await first_is_on_its_way.wait()
    await devices.speak(b"".join(pieces[1:]))
    network.set()
    await enough.wait()
    speaking.cancel()
    with suppress(asyncio.CancelledError):
        await speaking
    assert sent == [pieces[0], *pieces[11:]]


class FakeMiniaudioError(Exception):
    """What the package raises."""


def _miniaudio(captures: list[str], playbacks: list[str], fault: str | None = None) -> Any:
    log: list[str] = []

    def device(kind: str) -> Callable[..., Any]:
        def make(**shape: Any) -> Any:
            assert (shape["nchannels"], shape["sample_rate"]) == (1, 24_000)
            if fault == kind:
                raise FakeMiniaudioError("device busy")
            log.append(f"{kind} opened")
            started: list[Generator[Any, Any]] = []
            return SimpleNamespace(start=started.append, started=started, close=lambda: log.append(f"{kind} closed"))

        return make

    def devices() -> Any:
        if fault == "context":
            raise FakeMiniaudioError("no sound system")
        return SimpleNamespace(
            get_captures=lambda: [{"name": name} for name in captures],
            get_playbacks=lambda: [{"name": name} for name in playbacks],
        )

    return SimpleNamespace(
        Devices=devices,
        MiniaudioError=FakeMiniaudioError,
        SampleFormat=SimpleNamespace(SIGNED16=2),
        PlaybackDevice=device("loudspeaker"),
        CaptureDevice=device("microphone"),
        log=log,
    )


NOTHING = "Discard all samples (playback) or generate zero samples (capture)"


@pytest.mark.parametrize(
    ("package", "found"),
    [
        pytest.param(None, False, id="without the package there is none"),
        pytest.param(_miniaudio(["USB"], ["USB"]), True, id="a headset is one"),
        pytest.param(_miniaudio([], ["HDMI"]), False, id="a loudspeaker alone is none"),
        pytest.param(_miniaudio(["USB"], []), False, id="a microphone alone is none"),
        pytest.param(_miniaudio([NOTHING], [NOTHING]), False, id="devices that only pretend are none"),
        pytest.param(_miniaudio([NOTHING, "USB"], [NOTHING, "USB"]), True, id="a real one beside them counts"),
        pytest.param(_miniaudio(["USB"], ["USB"], "context"), False, id="no sound system is none"),
    ],
)
def test_whether_there_is_a_microphone(monkeypatch: pytest.MonkeyPatch, package: Any, found: bool) -> None:
    monkeypatch.setattr(talk_microphone, "miniaudio", package)
    assert (find_devices() is not None) is found


def test_the_devices_run_while_they_are_open_and_are_closed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    package = _miniaudio(["USB"], ["USB"])
    made: dict[str, Any] = {}
    for name in ("PlaybackDevice", "CaptureDevice"):
        make = getattr(package, name)
        setattr(package, name, lambda make=make, name=name, **shape: made.setdefault(name, make(**shape)))
    monkeypatch.setattr(talk_microphone, "miniaudio", package)
    captured: list[bytes] = []
    with MiniaudioDevices().open(captured.append, lambda samples: b"\x07" * 2 * samples):
        assert made["PlaybackDevice"].started[0].send(3) == b"\x07" * 6
        assert made["PlaybackDevice"].started[0].send(1) == b"\x07" * 2
        made["CaptureDevice"].started[0].send(bytearray(b"\x01\x02"))
    assert captured == [b"\x01\x02"]
    assert package.log == ["loudspeaker opened", "microphone opened", "microphone closed", "loudspeaker closed"]


def test_a_microphone_that_is_busy_closes_the_loudspeaker_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    package = _miniaudio(["USB"], ["USB"], "microphone")
    monkeypatch.setattr(talk_microphone, "miniaudio", package)
    with (
        pytest.raises(AudioDeviceError, match=r"cannot be opened \(device busy\).*--text"),
        MiniaudioDevices().open(lambda _: None, bytes),
    ):
        pass
    assert package.log == ["loudspeaker opened", "loudspeaker closed"]


async def test_a_microphone_that_cannot_be_opened_ends_the_call_with_that_reason() -> None:
    class Broken:
        def open(self, _on_captured: object, _pull: object) -> Any:
            raise AudioDeviceError("busy")

    async def drive(call: Call) -> None:
        await SpeakingCaller(Broken(), PlaybackQueue(keep_recording=False))(call)

    async with running(FakeServer()) as server, RealtimeClient.connect(server.url, KEY) as client:
        party = Party(drive, PlaybackQueue(keep_recording=False))
        with pytest.raises(AudioDeviceError, match="busy"):
            await carry(client, party, lambda _: None, LoopClock(), timings=False)
