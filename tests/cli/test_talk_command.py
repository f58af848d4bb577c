"""`vivavoce talk` from the command line to a faithful server and back: what is sent, printed, saved and returned.

The server runs inside the command's own event loop and, for recordings, a clock jumps from frame to frame, so that a
call of many seconds takes none.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import wave
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from tests.fake_realtime_server import KEY, Answer, FakeServer, TickingClock, running, silence, tone
from typer.testing import CliRunner, Result

from vivavoce.cli.talk import talk
from vivavoce.cli.talk_call import Patience
from vivavoce.client.realtime import RealtimeClient

Place = Callable[..., Result]
GREETING = Answer(words="Hi, I'm Viva.", voice_ms=700)
PARIS = Answer("what is the capital of france", "It is Paris.", 1_200)
ROME = Answer("and of italy", "Rome, of course.", 900)

app = typer.Typer()
app.command()(talk)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    """Run the command against a server, with the right key in the environment."""

    def run(server: FakeServer, *arguments: str | Path, stdin: str = "", key: str = KEY) -> Result:
        @asynccontextmanager
        async def connect(_url: str, api_key: str, agent: str) -> AsyncGenerator[RealtimeClient]:
            async with running(server), RealtimeClient.connect(server.url, api_key, agent) as client:
                yield client

        monkeypatch.setattr("vivavoce.cli.talk.RealtimeClient", SimpleNamespace(connect=connect))
        monkeypatch.setattr("vivavoce.cli.talk.LoopClock", lambda: TickingClock(server))
        result = CliRunner().invoke(app, [str(each) for each in arguments], input=stdin, env={"VIVAVOCE_API_KEY": key})
        assert key not in result.output
        return result

    return run


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait in real time for a greeting that will not come."""
    monkeypatch.setattr("vivavoce.cli.talk._PATIENCE", Patience(greeting_seconds=0.0))


def _wav(path: Path, pcm: bytes, rate_hz: int = 24_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm)
    return path


def _pcm(path: Path) -> bytes:
    with wave.open(str(path), "rb") as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 24_000)
        return reader.readframes(reader.getnframes())


def _lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- recordings ---------------------------------------------------------------------------------------------------


def test_a_recording_is_spoken_after_the_greeting_and_everything_is_printed_saved_and_timed(
    place: Place, tmp_path: Path
) -> None:
    recording = tone(1.01, 440)
    server = FakeServer(greeting=GREETING, answers=[PARIS])
    result = place(server, "--wav", _wav(tmp_path / "in.wav", recording), "--out", tmp_path / "out.wav")
    assert result.exit_code == 0, result.output
    words, stages = result.stdout.splitlines()[:4], result.stdout.splitlines()[4:]
    assert words == [
        "        connected, voice eve",
        "agent   Hi, I'm Viva.",
        "you     what is the capital of france",
        "agent   It is Paris.",
    ]
    labels = ["soft", "endpoint", "transcript", "first", "first", "first", "first"]
    assert [line.split()[0] for line in stages] == labels
    assert [line.split()[-2:] for line in stages[1:3]] == [["300", "ms"], ["350", "ms"]]
    heard = server.heard_audio()
    before = heard.index(recording)
    assert before / 48_000 >= 0.7, "spoke while the greeting was still being played"
    assert heard.replace(recording, b"").strip(b"\0") == b""
    assert _pcm(tmp_path / "out.wav") == tone(0.7, 330) + silence(0.5) + tone(1.2, 330)


def test_the_agent_and_the_session_are_asked_for_as_the_protocol_says(place: Place, tmp_path: Path) -> None:
    server = FakeServer(answers=[PARIS])
    place(server, "--wav", _wav(tmp_path / "in.wav", tone(0.5, 440)), "--agent", "agent_7", "--no-timings")
    pcm = {"type": "audio/pcm", "rate": 24_000}
    assert server.paths == ["/v1/realtime?agent_id=agent_7"]
    assert server.received[0] == {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "audio": {"input": {"format": pcm, "transcription": {"model": "whisper-1"}}, "output": {"format": pcm}},
            "vivavoce": {"timings": False},
        },
    }


def test_without_timings_no_waterfall_is_printed(place: Place, tmp_path: Path) -> None:
    result = place(FakeServer(answers=[PARIS]), "--no-timings", "--wav", _wav(tmp_path / "in.wav", tone(0.5, 440)))
    assert result.stdout.splitlines()[-1] == "agent   It is Paris."


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (16_000, 2), (44_100, 1), (48_000, 2)])
def test_a_recording_of_any_rate_with_one_or_two_channels_is_understood(
    place: Place, tmp_path: Path, rate_hz: int, channels: int
) -> None:
    mono = tone(1.0, 440, rate_hz)
    frames = b"".join(mono[at : at + 2] * channels for at in range(0, len(mono), 2))
    server = FakeServer(answers=[PARIS])
    result = place(server, "--wav", _wav(tmp_path / "in.wav", frames, rate_hz, channels))
    assert result.exit_code == 0, result.output
    spoken = server.heard_audio().strip(b"\0")
    assert len(spoken) == pytest.approx(48_000, abs=480)
    assert "It is Paris." in result.stdout


def test_every_utterance_of_a_recording_is_answered_before_the_call_ends(place: Place, tmp_path: Path) -> None:
    recording = tone(1, 440) + silence(4) + tone(1, 440)
    result = place(FakeServer(answers=[PARIS, ROME]), "--wav", _wav(tmp_path / "in.wav", recording), "--no-timings")
    assert result.stdout.splitlines()[1:] == [
        "you     what is the capital of france",
        "agent   It is Paris.",
        "you     and of italy",
        "agent   Rome, of course.",
    ]


def test_a_caller_who_speaks_into_the_answer_stops_it_and_the_server_learns_how_much_was_heard(
    place: Place, tmp_path: Path
) -> None:
    recording = tone(1, 440) + silence(1.0) + tone(0.5, 440)
    server = FakeServer(answers=[Answer("tell me a story", "Once upon a time…", 9_000), ROME])
    result = place(server, "--wav", _wav(tmp_path / "in.wav", recording), "--out", tmp_path / "out.wav")
    assert result.exit_code == 0, result.output
    truncated = [event for event in server.received if event["type"] == "conversation.item.truncate"]
    assert len(truncated) == 1
    heard_ms = truncated[0]["audio_end_ms"]
    assert 300 <= heard_ms <= 600
    assert f"interrupted after {heard_ms / 1000:.1f} s" in result.stdout
    assert _pcm(tmp_path / "out.wav") == tone(9, 330)[: heard_ms * 48] + silence(0.5) + tone(0.9, 330)


def test_a_greeting_that_takes_a_moment_to_begin_is_waited_for(place: Place, tmp_path: Path) -> None:
    recording = tone(0.5, 440)
    server = FakeServer(greeting=GREETING, greets_after_ms=600, answers=[PARIS])
    result = place(server, "--wav", _wav(tmp_path / "in.wav", recording), "--no-timings")
    assert "interrupted" not in result.stdout
    assert result.stdout.splitlines()[1:3] == ["agent   Hi, I'm Viva.", f"you     {PARIS.heard}"]
    assert server.heard_audio().index(recording) / 48_000 >= 0.6 + 0.7 - 0.04


def test_a_last_word_that_the_server_hears_late_is_answered_before_the_call_ends(place: Place, tmp_path: Path) -> None:
    result = place(FakeServer(lags_by_ms=700, answers=[PARIS]), "--wav", _wav(tmp_path / "in.wav", tone(0.1, 440)))
    assert result.exit_code == 0, result.output
    assert "It is Paris." in result.stdout


def test_an_agent_that_does_not_give_way_is_heard_to_the_end(place: Place, tmp_path: Path) -> None:
    server = FakeServer(
        turn_detection={"type": "server_vad", "interrupt_response": False}, answers=[Answer(voice_ms=3_000), ROME]
    )
    recording = _wav(tmp_path / "in.wav", tone(0.5, 440) + silence(1.0) + tone(0.5, 440))
    result = place(server, "--wav", recording, "--out", tmp_path / "out.wav")
    assert result.exit_code == 0, result.output
    assert server.received_types() == ["session.update"]
    assert _pcm(tmp_path / "out.wav") == tone(3, 330) + silence(0.5) + tone(0.9, 330)


def test_with_json_every_line_is_an_object_and_nothing_else_is_on_the_standard_output(
    place: Place, tmp_path: Path
) -> None:
    result = place(FakeServer(answers=[PARIS]), "--json", "--wav", _wav(tmp_path / "in.wav", tone(0.5, 440)))
    lines = _lines(result)
    kinds = [line["type"] for line in lines if not line["type"].endswith((".said", "heard"))]
    assert kinds == ["call.opened", "caller.began", "caller.ended", "agent.answered", "turn.timed"]
    assert [line["text"] for line in lines if line["type"] == "caller.heard" and line["final"]] == [PARIS.heard]
    assert "".join(line["text"] for line in lines if line["type"] == "agent.said") == PARIS.words
    answered = next(line for line in lines if line["type"] == "agent.answered")
    assert (answered["text"], answered["status"], answered["audio_ms"]) == (PARIS.words, "completed", 1_200)
    assert next(line for line in lines if line["type"] == "turn.timed")["stages"]["first_audio"] == 800
    moments = [line["at_ms"] for line in lines]
    assert moments == sorted(moments)


def test_an_agent_without_turn_detection_is_told_when_the_turn_is_over_and_asked_to_answer(
    place: Place, tmp_path: Path
) -> None:
    server = FakeServer(turn_detection=None, answers=[PARIS])
    result = place(server, "--wav", _wav(tmp_path / "in.wav", tone(0.5, 440)))
    assert result.exit_code == 0, result.output
    assert server.received_types() == ["session.update", "input_audio_buffer.commit", "response.create"]


def test_an_agent_that_answers_only_on_request_is_asked_after_every_turn(place: Place, tmp_path: Path) -> None:
    server = FakeServer(turn_detection={"type": "server_vad", "create_response": False}, answers=[PARIS, ROME])
    recording = tone(0.5, 440) + silence(4) + tone(0.5, 440)
    result = place(server, "--wav", _wav(tmp_path / "in.wav", recording))
    assert result.exit_code == 0, result.output
    assert server.received_types() == ["session.update", "response.create", "response.create"]


# --- when something is wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "exit_code", "complaint"),
    [
        pytest.param(FakeServer(deaf=True), 1, "the server heard no words", id="a server that hears nothing"),
        pytest.param(FakeServer(answers=[Answer(heard="")]), 1, "the server heard no words", id="a cough"),
        pytest.param(FakeServer(never_answers=True), 1, "not answer within 60 s", id="a server that never answers"),
        pytest.param(
            FakeServer(answers=[Answer(status="failed")]), 1, "the model ran out of memory", id="an answer that fails"
        ),
        pytest.param(
            FakeServer(errors_on={"session.update": {"code": "invalid_value", "message": "No such format."}}),
            1,
            "No such format. (invalid_value)",
            id="a server that refuses the settings",
        ),
        pytest.param(
            FakeServer(drop_on="input_audio_buffer.append"), 1, "closed the connection (code 1006", id="a dropped line"
        ),
        pytest.param(
            FakeServer(close_on=("input_audio_buffer.append", 1008, "too slow")), 1, "too slow", id="a closed line"
        ),
        pytest.param(
            FakeServer(close_on=("input_audio_buffer.append", 1000, "")), 1, "ended the call", id="an early good-bye"
        ),
        pytest.param(FakeServer(drop_on="session.update"), 1, "code 1006", id="a line dropped at the beginning"),
    ],
)
def test_a_call_that_goes_wrong_says_why_and_still_saves_what_was_heard(
    place: Place, tmp_path: Path, server: FakeServer, exit_code: int, complaint: str
) -> None:
    recording = _wav(tmp_path / "in.wav", tone(0.5, 440))
    result = place(server, "--wav", recording, "--out", tmp_path / "out.wav")
    assert result.exit_code == exit_code, result.output
    assert complaint in result.output
    assert "Traceback" not in result.output
    assert len(_pcm(tmp_path / "out.wav")) >= 0


def test_an_error_about_cutting_off_does_not_make_the_call_fail(place: Place, tmp_path: Path) -> None:
    refusal = {"conversation.item.truncate": {"code": "invalid_value", "message": "Already shorter."}}
    server = FakeServer(answers=[Answer(voice_ms=9_000), ROME], errors_on=refusal)
    result = place(server, "--wav", _wav(tmp_path / "in.wav", tone(0.5, 440) + silence(1.0) + tone(0.5, 440)))
    assert "conversation.item.truncate" in server.received_types()
    assert result.exit_code == 0, result.output


def test_a_wrong_key_is_no_connection_and_the_message_says_where_keys_come_from(place: Place, tmp_path: Path) -> None:
    server = FakeServer()
    result = place(server, "--wav", _wav(tmp_path / "in.wav", tone(0.5, 440)), key="vv_wrong")
    assert result.exit_code == 3
    assert "HTTP 401: This API key is wrong" in result.stderr
    assert "vivavoce keys create" in result.stderr


def test_nobody_at_the_address_is_no_connection_and_the_message_says_how_to_start_a_server(tmp_path: Path) -> None:
    recording = _wav(tmp_path / "in.wav", tone(0.1, 440))
    result = CliRunner().invoke(app, ["--url", "http://127.0.0.1:1", "--wav", str(recording)])
    assert result.exit_code == 3
    assert "127.0.0.1:1" in result.stderr
    assert "vivavoce serve" in result.stderr


def _write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(lambda _: ["--url", "localhost"], "no address of a server", id="an address that is none"),
        pytest.param(lambda tmp: ["--wav", str(tmp / "none.wav")], "none.wav", id="a recording that is not there"),
        pytest.param(lambda tmp: ["--wav", _write(tmp / "a.mp3", b"ID3")], "not a PCM WAV", id="a recording of words"),
        pytest.param(lambda tmp: ["--wav", str(_wav(tmp / "e.wav", b""))], "holds no sound", id="an empty recording"),
        pytest.param(lambda tmp: ["--out", str(tmp / "no" / "o.wav")], "no directory", id="a place that is not there"),
        pytest.param(lambda _: ["--frequency", "7"], "No such option", id="an option that is not there"),
    ],
)
def test_wrong_usage_is_said_before_anybody_is_called(
    tmp_path: Path, arguments: Callable[[Path], list[str]], complaint: str
) -> None:
    result = CliRunner().invoke(app, arguments(tmp_path), env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.split())


# --- typed lines --------------------------------------------------------------------------------------------------


def test_piped_lines_are_sent_one_after_the_other_and_the_answers_are_written(place: Place) -> None:
    server = FakeServer(greeting=GREETING, answers=[PARIS, ROME])
    result = place(server, stdin="What is the capital of France?\n\n  \nAnd of Italy?\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "        connected, voice eve",
        "agent   Hi, I'm Viva.",
        "you     What is the capital of France?",
        "agent   It is Paris.",
        "you     And of Italy?",
        "agent   Rome, of course.",
    ]
    assert server.received[0]["session"]["output_modalities"] == ["text"]
    assert server.received_types()[1:] == ["conversation.item.create", "response.create"] * 2


@pytest.mark.usefixtures("at_once")
def test_an_agent_that_does_not_greet_is_not_waited_for(place: Place) -> None:
    result = place(FakeServer(answers=[PARIS]), stdin="What is the capital of France?")
    assert result.stdout.splitlines()[-1] == "agent   It is Paris."


def test_a_typed_call_can_save_the_agents_voice(place: Place, tmp_path: Path) -> None:
    server = FakeServer(greeting=GREETING, answers=[PARIS])
    result = place(server, "--out", tmp_path / "out.wav", stdin="Hello?\n")
    assert result.exit_code == 0, result.output
    assert "output_modalities" not in server.received[0]["session"]
    assert _pcm(tmp_path / "out.wav") == tone(0.7, 330) + silence(0.5) + tone(1.2, 330)


def test_a_function_that_the_agent_calls_is_told_and_the_call_goes_on(place: Place) -> None:
    server = FakeServer(greeting=GREETING, answers=[Answer(words="Let me see.", functions=(("look_up", '{"q":1}'),))])
    result = place(server, stdin="Look it up.\n")
    assert result.exit_code == 0, result.output
    assert 'called the function look_up({"q":1})' in result.stdout


def test_a_server_that_drops_a_typed_call_ends_it_at_once(place: Place) -> None:
    result = place(FakeServer(greeting=GREETING, drop_on="response.create"), stdin="Hello?\nAre you there?\n")
    assert result.exit_code == 1
    assert "closed the connection" in result.stderr


# --- hanging up ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("with_recording", "exit_code"),
    [
        pytest.param(False, 0, id="a typed call is over"),
        pytest.param(True, 130, id="a recording that was not spoken to its end is not a success"),
    ],
)
async def test_an_interrupt_hangs_up_without_a_word(tmp_path: Path, with_recording: bool, exit_code: int) -> None:
    recording = _wav(tmp_path / "in.wav", tone(0.5, 440) + silence(600))
    arguments = ["--wav", str(recording)] if with_recording else []
    async with running(FakeServer(greeting=GREETING)) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "import typer; from vivavoce.cli.talk import talk; typer.run(talk)"),
            *("--url", server.url, "--api-key", KEY, "--out", str(tmp_path / "out.wav"), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        while b"agent" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        await server.hung_up.wait()
    assert (process.returncode, errors) == (exit_code, b"")
    assert len(_pcm(tmp_path / "out.wav")) > 0
