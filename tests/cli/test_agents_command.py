"""`agents` from the command line to a counterpart and back: what is sent and printed, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.platform_counterpart import KEY, Platform, counterpart
from typer.testing import CliRunner, Result

from vivavoce.cli.agents import app
from vivavoce.cli.agents_printing import called, printable
from vivavoce.cli.main import app as vivavoce
from vivavoce.client.retrying import RetryPolicy

Run = Callable[..., Result]


@pytest.fixture
def platform() -> Iterator[Platform]:
    with counterpart() as one:
        yield one


@pytest.fixture
def run(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command against the counterpart, with the right key, and without trying anything again."""
    monkeypatch.setattr("vivavoce.cli.agents._RETRIES", RetryPolicy(attempts_maximum=1))
    monkeypatch.delenv("XAI_API_KEY", raising=False)

    def call(*arguments: str, stdin: str = "", key: str | None = KEY, url: str = "") -> Result:
        environment = {"VIVAVOCE_BASE_URL": url or platform.url, "VIVAVOCE_API_KEY": key}
        result = CliRunner().invoke(app, arguments, input=stdin, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert KEY not in result.output
        return result

    return call


def _patched(platform: Platform) -> Any:
    return platform.last("PATCH")


# --- create and update ----------------------------------------------------------------------------------------------


def test_every_flag_of_create_is_sent(run: Run, platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text('[{"type": "web_search"}]')
    flags = ["--name", "A", "--instructions", "B", "--voice", "leo", "--language", "pt-BR", "--eagerness", "low"]
    result = run("create", *flags, "--tools", str(tmp_path / "tools.json"), "--collection", "c1", "--collection", "c2")
    assert result.exit_code == 0, result.output
    assert platform.last("POST") == {
        "name": "A",
        "instructions": "B",
        "language": "pt-BR",
        "eagerness": "low",
        "tools": [{"type": "web_search"}],
        "collection_ids": ["c1", "c2"],
        "voice": {"voice_id": "leo"},
    }


def test_a_pipe_that_is_merely_there_does_not_matter_where_flags_are_given(run: Run, platform: Platform) -> None:
    assert run("create", "--name", "A", stdin="").exit_code == 0
    assert platform.last("POST") == {"name": "A"}


def test_a_dash_is_standard_input(run: Run, platform: Platform) -> None:
    assert run("create", "-", "--name", "B", stdin='{"name": "A", "instructions": "C"}').exit_code == 0
    assert platform.last("POST") == {"name": "B", "instructions": "C"}


def test_another_voice_keeps_how_the_agent_takes_turns(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="A", voice={"voice_id": "eve", "vad_threshold": 0.8})
    assert run("update", agent_id, "--voice", "leo").exit_code == 0
    voice = {"voice_id": "leo", "vad_threshold": 0.8, "vad_silence_duration_ms": 300}
    assert _patched(platform) == {"agent": {"voice": voice}, "field_mask": {"paths": ["voice"]}}


def test_clearing_the_instructions_masks_them_and_gives_none(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="A", instructions="B")
    assert run("update", agent_id, "--clear-instructions", "--name", "C").exit_code == 0
    assert _patched(platform) == {"agent": {"name": "C"}, "field_mask": {"paths": ["name", "instructions"]}}


@pytest.mark.parametrize("number", ["pn_1", ""])
def test_a_number_is_assigned_or_taken_away(run: Run, platform: Platform, number: str) -> None:
    agent_id = platform.add(name="A")
    assert run("update", agent_id, "--phone-number", number).exit_code == 0
    assert _patched(platform) == {"agent": {}, "field_mask": {"paths": ["name"]}, "phone_number_id": number}


def test_a_file_on_standard_input_updates_too(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="A")
    assert run("update", stdin=json.dumps({"agent": {"agentId": agent_id, "name": "B"}})).exit_code == 0
    assert platform.agents[agent_id]["name"] == "B"


def test_a_file_that_changes_nothing_sends_nothing(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="A")
    assert run("update", "-", stdin=json.dumps({"agent": platform.agents[agent_id]})).exit_code == 0
    assert "PATCH" not in [method for method, _, _ in platform.asked]


def test_versions_are_listed_and_restored(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="Before")
    run("update", agent_id, "--name", "After")
    assert "Before" in run("versions", agent_id).stdout
    assert json.loads(run("--json", "versions", agent_id).stdout)["versions"][0]["agent"]["name"] == "Before"
    assert "Before" in run("restore", agent_id, "1").stdout
    assert platform.agents[agent_id]["name"] == "Before"


TURNS = [
    {
        "response_id": "resp_1",
        "endpoint_reason": "words",
        "stages": {"endpoint": 210, "first_audio": 440, "interrupted": 1900},
        "heard_ms": 1380,
    },
    {"response_id": "resp_2", "endpoint_reason": "silence", "stages": {"endpoint": 600}, "heard_ms": 0},
]
SUMMARY = {
    "turns": 2,
    "interrupted": 1,
    "speculated": 1,
    "wasted_tokens": 14,
    "stages": {
        "endpoint": {"turns": 2, "p50_ms": 210, "p95_ms": 600},
        "first_audio": {"turns": 1, "p50_ms": 440, "p95_ms": 440},
        "interrupted": {"turns": 1, "p50_ms": 1900, "p95_ms": 1900},
    },
}


def test_the_timings_of_a_session_are_a_row_a_turn_and_two_over_all(run: Run, platform: Platform) -> None:
    platform.turns, platform.turn_summary = TURNS, SUMMARY
    result = run("timings", "sess_1")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["ANSWER", "TURN", "ENDED", "BY", "ENDPOINT", "FIRST", "AUDIO", "HEARD"],
        ["resp_1", "words", "210", "440", "1380", "interrupted"],
        ["resp_2", "silence", "600", "-", "0"],
        ["p50", "210", "440"],
        ["p95", "600", "440"],
        ["2", "turns,", "1", "interrupted,", "1", "begun", "in", "advance,", "14", "tokens", "thrown", "away"],
    ]
    assert json.loads(run("--json", "timings", "sess_1").stdout) == {"turns": TURNS, "summary": SUMMARY}


def test_a_session_without_turns_says_so(run: Run) -> None:
    assert run("timings", "sess_1").stdout == "No turn of this session has been answered.\n"


def test_the_timings_of_a_session_that_is_not_there_are_an_error(run: Run) -> None:
    result = run("timings", "sess_2")
    assert result.exit_code != 0
    assert "There is nothing at this path." in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["create"], "empty", id="create with an empty pipe"),
        pytest.param(["create", "--instructions", "B"], "needs a name", id="create without a name"),
        pytest.param(["create", "nothing.json"], "no file nothing.json", id="create from a file that is not there"),
        pytest.param(["create", "--name", "A", "--tools", "nothing.json"], "no file", id="tools that are not there"),
        pytest.param(["update", "agent_1"], "nothing to change", id="update without a change"),
        pytest.param(
            ["update", "a", "--instructions", "B", "--clear-instructions"], "cannot be given together", id="both"
        ),
        pytest.param(["run", "agent_1"], "say something", id="run without a message"),
        pytest.param(["list", "--limit", "0"], "--limit", id="a limit of nothing"),
        pytest.param(["restore", "agent_1", "first"], "VERSION", id="a version that is no number"),
        pytest.param(["get", ""], "An id is empty", id="an empty id"),
        pytest.param(["--base-url", "nowhere", "list"], "is no address of a server", id="an address that is none"),
        pytest.param(["fly"], "fly", id="a command that there is not"),
    ],
)
def test_wrong_usage_is_explained_and_ends_with_2(run: Run, arguments: list[str], complaint: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert complaint in " ".join(result.stderr.replace("│", " ").split())


# --- printing -------------------------------------------------------------------------------------------------------


def test_a_list_of_many_pages_is_shown_whole_or_as_far_as_is_asked_for(run: Run, platform: Platform) -> None:
    for number in range(5):
        platform.add(name=f"Agent {number}")
    assert [line.split()[1:3] for line in run("list").stdout.splitlines()[1:]] == [
        ["Agent", str(number)] for number in range(5)
    ]
    assert len(json.loads(run("--json", "list", "--limit", "3").stdout)["agents"]) == 3


def test_an_empty_list_says_how_to_make_an_agent(run: Run) -> None:
    assert "agents create" in run("list").stdout
    assert json.loads(run("--json", "list").stdout) == {"agents": []}


def test_what_others_wrote_cannot_steer_the_terminal_nor_be_taken_for_markup(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="\x1b[2J[red]A[/red]\nB", instructions="one\n\x1b]0;two\x07")
    shown = run("list").stdout + run("get", agent_id).stdout
    assert "\x1b" not in shown
    assert "[red]A[/red] B" in shown


def test_everything_about_an_agent_is_shown(run: Run, platform: Platform) -> None:
    tools = [{"type": "web_search"}, {"type": "function", "name": "flat"}, {"type": "mcp", "server_label": "wiki"}]
    agent_id = platform.add(name="A", description="D", tools=tools, collection_ids=["c1"], language="en")
    lines = run("get", agent_id).stdout.splitlines()
    assert [line.split(maxsplit=1)[-1] for line in lines if line.strip()][:2] == [agent_id, "A"]
    for told in ("web_search", "function flat", "mcp wiki", "c1", "eve (threshold 0.5, silence 300 ms)", "active"):
        assert any(told in line for line in lines), told


@pytest.mark.parametrize(
    ("voice", "told"),
    [
        pytest.param({"vad_silence_duration_ms": None}, True, id="where the agent judges pauses"),
        pytest.param({}, False, id="where a fixed silence decides it is not"),
    ],
)
def test_the_eagerness_is_shown(run: Run, platform: Platform, voice: dict[str, Any], told: bool) -> None:
    agent_id = platform.add(name="A", eagerness="high", voice=voice)
    lines = run("get", agent_id).stdout.splitlines()
    assert any(line.split() == ["eagerness", "high"] for line in lines) is told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred\x07\x9b", "[31mred", id="control characters go"),
        pytest.param("5\u202f€\u00a0a", "5 € a", id="odd blanks are plain ones"),
        pytest.param("a\r\nb\tc", "a\nb\tc", id="lines stay lines"),
        pytest.param("\u202egnp", "gnp", id="nothing turns the direction of writing"),
        pytest.param("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم", id="joined letters stay joined"),
    ],
)
def test_what_is_left_of_a_text_on_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ('{"order_id": "ORD-42", "n": 1}', 'f(order_id="ORD-42", n=1)'),
        ("", "f()"),
        ("{oops", "f({oops)"),
        ("[1]", "f([1])"),
    ],
)
def test_a_tool_call_is_shown_as_a_person_would_write_it(arguments: str, shown: str) -> None:
    assert called("f", arguments) == shown


def test_run_prints_words_and_tool_calls(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="A")
    call = {"id": "c1", "type": "function", "function": {"name": "lookup_order", "arguments": '{"order_id": "7"}'}}
    message = {"role": "assistant", "content": "One moment.\x1b[2J", "tool_calls": [call]}
    platform.completion = {"model": "m", "choices": [{"message": message, "finish_reason": "length"}]}
    result = run("run", agent_id, "--message", "Hi")
    assert result.stdout == 'One moment.[2J\ntool call: lookup_order(order_id="7")\n'
    assert "no more room" in result.stderr
    assert platform.last("POST")["messages"] == [{"role": "user", "content": "Hi"}]


def test_run_takes_the_message_from_a_pipe(run: Run, platform: Platform) -> None:
    assert run("run", platform.add(name="A"), stdin="From a pipe").stdout == "You said: From a pipe\n"


def test_deleting_as_json(run: Run, platform: Platform) -> None:
    agent_id = platform.add(name="A")
    assert json.loads(run("--json", "delete", agent_id).stdout) == {"agent_id": agent_id, "deleted": True}


# --- voice ----------------------------------------------------------------------------------------------------------


def test_a_call_is_configured_with_what_is_stored(run: Run, platform: Platform) -> None:
    tools = [{"type": "web_search"}]
    agent_id = platform.add(name="A", instructions="Be brief", tools=tools, voice={"voice_id": "rex"})
    result = run("voice", agent_id, stdin="Hi\n\nBye")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:] == ["You said: Hi[2J.", "You said: Bye[2J."]
    assert platform.connected == [f"agent_id={agent_id}"]
    assert platform.events[0]["session"] == {
        "type": "realtime",
        "instructions": "Be brief",
        "tools": tools,
        "output_modalities": ["text"],
        "voice": "rex",
        "audio": {"output": {"voice": "rex"}},
    }


def test_tools_that_the_agent_calls_are_shown(run: Run, platform: Platform) -> None:
    result = run("voice", platform.add(name="A"), stdin="my order?")
    assert result.stdout.splitlines()[-1] == 'tool call: lookup_order(order_id="ORD-42")'


def test_an_error_of_the_server_is_told_and_ends_with_1(run: Run, platform: Platform) -> None:
    result = run("voice", platform.add(name="A"), stdin="crash\nHi")
    assert (result.exit_code, result.stderr) == (1, "error: It broke. (internal_error)\n")
    assert result.stdout.splitlines()[-1] == "You said: Hi[2J."


# --- how it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "code", "advice"),
    [
        pytest.param((400, "invalid_value", "No."), 2, "Correct the input", id="wrong input"),
        pytest.param((401, "invalid_api_key", "No."), 3, "VIVAVOCE_API_KEY", id="a wrong key"),
        pytest.param((403, "forbidden", "No."), 3, "a key that may do this", id="not allowed"),
        pytest.param((404, "agent_not_found", "No."), 3, "`agents list`", id="not there"),
        pytest.param((404, "not_found", "No."), 3, "--base-url", id="a server without agents"),
        pytest.param((409, "conflict", "No."), 1, "Try again", id="not now"),
        pytest.param((429, "rate_limited", "No."), 1, "in a while", id="too often"),
        pytest.param((500, "internal_error", "No."), 1, "request req_1", id="the server broke"),
        pytest.param((503, "not_ready", "No."), 1, "Try again", id="the server starts"),
    ],
)
def test_an_error_says_what_to_do_and_has_its_exit_code(
    run: Run, platform: Platform, failure: tuple[int, str, str], code: int, advice: str
) -> None:
    platform.failures["/v1/agents"] = failure
    result = run("list")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[0] == f"The server answered HTTP {failure[0]}: No."
    assert advice in result.stderr.splitlines()[1]
    told = json.loads(run("--json", "list").stderr)["error"]
    assert (told["status"], told["code"], told["request_id"]) == (failure[0], failure[1], "req_1")


def test_without_a_key_it_says_where_to_get_one(run: Run) -> None:
    result = run("list", key=None)
    assert result.exit_code == 3
    assert "`vivavoce keys create`" in result.stderr


def test_what_cannot_be_a_key_is_wrong_input(run: Run) -> None:
    assert run("list", key="two words").exit_code == 2


def test_nobody_at_the_address_ends_with_1(run: Run) -> None:
    result = run("list", url="http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "`vivavoce serve`" in result.stderr


def test_a_call_that_is_refused_ends_as_a_request_would(run: Run, platform: Platform) -> None:
    assert run("voice", "agent_1").exit_code == 3
    assert run("voice", platform.add(name="A"), key="vv_wrong_key").exit_code == 3


def test_the_command_is_also_one_of_vivavoce(platform: Platform) -> None:
    environment = {"VIVAVOCE_URL": platform.url, "VIVAVOCE_API_KEY": KEY}
    result = CliRunner().invoke(vivavoce, ["agents", "--json", "list"], env=environment)
    assert json.loads(result.stdout) == {"agents": []}
