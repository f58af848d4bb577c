"""The command lines of seed 002 (the agents command of the Voice Agent Builder), each as it stands there.

A shell runs them; only the host, the key and the agent's id differ. The host comes from the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.platform_counterpart import Platform, counterpart
from tests.serving import KEY, Served, scripted_settings, serving

from vivavoce.client import Vivavoce
from vivavoce.client.results import Agent

CONNECTED = "Connected. Type a message and press Enter. Ctrl+C to quit."
LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "Look up the status of a customer order",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    },
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A server that remembers what it was asked."""
    with counterpart(KEY) as one:
        yield one


class Shell:
    """A folder and a shell in which `agents` is a command."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.agent_id = "agent_abc123"
        command = folder / "bin" / "agents"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vivavoce.cli.agents "$@"\n')
        command.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")}
        path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = kept | {"PATH": path, "XAI_API_KEY": KEY, "VIVAVOCE_BASE_URL": url, "COLUMNS": "120"}

    def run(self, line: str, *, code: int = 0) -> str:
        """What a line of the document prints, with this agent's id in the place of the document's."""
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line.replace("agent_abc123", self.agent_id)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == code, result.stdout + result.stderr
        assert KEY not in result.stdout + result.stderr
        return result.stdout if code == 0 else result.stderr


def _shell_with_an_agent(folder: Path, url: str) -> Shell:
    async def make() -> Agent:
        async with Vivavoce(url, KEY) as client:
            return await client.agents.create(
                "Support", instructions="Support Acme.", tools=[LOOKUP], voice={"voice_id": "leo"}
            )

    shell = Shell(folder, url)
    shell.agent_id = asyncio.run(make()).agent_id
    return shell


@pytest.fixture
def shell(served: Served, tmp_path: Path) -> Shell:
    """A shell in front of this project's server, and an agent to work on."""
    return _shell_with_an_agent(tmp_path, served.url)


@pytest.fixture
def observed(platform: Platform, tmp_path: Path) -> Shell:
    """The same in front of the server that remembers."""
    return _shell_with_an_agent(tmp_path, platform.url)


def _agent(shell: Shell) -> dict[str, object]:
    agent = json.loads(shell.run("agents --json get agent_abc123"))["agent"]
    assert isinstance(agent, dict)
    return agent


def test_create_from_flags(shell: Shell) -> None:
    printed = shell.run('agents create --name "My Agent" --instructions "You are helpful"')
    assert printed.startswith("Created agent_")
    assert "My Agent" in printed
    assert "You are helpful" in printed


def test_create_from_a_json_file(shell: Shell) -> None:
    (shell.folder / "agent.json").write_text('{"name": "From A File", "instructions": "Be brief"}')
    assert "From A File" in shell.run("agents create agent.json")


def test_create_from_piped_stdin(shell: Shell) -> None:
    printed = shell.run("""echo '{"name": "Bot", "instructions": "Be helpful"}' | agents create""")
    assert "Bot" in printed
    assert "Be helpful" in printed


def test_list_all_agents(shell: Shell) -> None:
    printed = shell.run("agents list")
    assert printed.split()[:6] == ["ID", "NAME", "VOICE", "TOOLS", "STATUS", "CREATED"]
    row = next(line for line in printed.splitlines() if line.startswith(shell.agent_id))
    assert row.split()[1:5] == ["Support", "leo", "1", "active"]


def test_get_a_specific_agent(shell: Shell) -> None:
    printed = shell.run("agents get agent_abc123")
    for told in (shell.agent_id, "Support Acme.", "leo", "function lookup_order"):
        assert told in printed


def test_update_the_name(shell: Shell) -> None:
    assert "New Name" in shell.run('agents update agent_abc123 --name "New Name"')
    assert (_agent(shell)["name"], _agent(shell)["instructions"]) == ("New Name", "Support Acme.")


def test_update_the_instructions(shell: Shell) -> None:
    shell.run('agents update agent_abc123 --instructions "Updated prompt"')
    assert _agent(shell)["instructions"] == "Updated prompt"


def test_update_clear_instructions(shell: Shell) -> None:
    shell.run("agents update agent_abc123 --clear-instructions")
    assert not _agent(shell)["instructions"]
    assert _agent(shell)["name"] == "Support"


def test_update_from_a_json_file(shell: Shell) -> None:
    update = {"agent": {"agentId": shell.agent_id, "name": "By File", "voice": {"voiceId": "rex"}}}
    (shell.folder / "update.json").write_text(json.dumps(update))
    assert "By File" in shell.run("agents update update.json")
    voice = _agent(shell)["voice"]
    assert isinstance(voice, dict)
    assert voice["voice_id"] == "rex"


def test_a_json_file_that_does_not_contain_the_id_is_refused(shell: Shell) -> None:
    (shell.folder / "update.json").write_text('{"agent": {"name": "Nobody"}}')
    assert "agent.agentId" in shell.run("agents update update.json", code=2)


def test_delete(shell: Shell) -> None:
    assert shell.run("agents delete agent_abc123") == f"Deleted {shell.agent_id}\n"
    assert "`agents list`" in shell.run("agents get agent_abc123", code=3)


def test_run_a_quick_test_with_the_default_model(observed: Shell, platform: Platform) -> None:
    printed = observed.run('agents run agent_abc123 --message "What\'s the status of order ORD-42?"')
    assert printed == "You said: What's the status of order ORD-42?\n"
    assert platform.last("POST") == {
        "model": "vivavoce",
        "messages": [
            {"role": "system", "content": "Support Acme."},
            {"role": "user", "content": "What's the status of order ORD-42?"},
        ],
        "tools": [LOOKUP],
    }


def test_run_with_another_model(observed: Shell, platform: Platform) -> None:
    assert observed.run('agents run agent_abc123 --message "Hello" --model grok-3-fast') == "You said: Hello\n"
    assert platform.last("POST")["model"] == "grok-3-fast"


def test_voice(shell: Shell) -> None:
    assert shell.run("agents voice agent_abc123") == f"{CONNECTED}\n"


def test_voice_in_a_pipe_answers_every_line_and_ends_with_it(shell: Shell) -> None:
    printed = shell.run("printf 'Hello\\nTwo\\n' | agents voice agent_abc123")
    assert printed.splitlines() == [CONNECTED, "You said: Hello", "You said: Two"]


def test_voice_configures_the_session_with_what_is_stored(observed: Shell, platform: Platform) -> None:
    observed.run("echo Hello | agents voice agent_abc123")
    session = next(event for event in reversed(platform.events) if event["type"] == "session.update")["session"]
    assert (session["instructions"], session["tools"], session["voice"]) == ("Support Acme.", [LOOKUP], "leo")


def test_ctrl_c_quits_the_call_in_good_order(shell: Shell) -> None:
    command = [sys.executable, "-m", "vivavoce.cli.agents", "voice", shell.agent_id]
    environment = shell.environment
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{CONNECTED}\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_json_list(shell: Shell) -> None:
    agents = json.loads(shell.run("agents --json list"))["agents"]
    assert shell.agent_id in [agent["agent_id"] for agent in agents]


def test_json_run(observed: Shell) -> None:
    completion = json.loads(observed.run('agents --json run agent_abc123 --message "Hello"'))
    assert completion["choices"][0]["message"]["content"] == "You said: Hello"


def test_json_get(shell: Shell) -> None:
    assert json.loads(shell.run("agents --json get agent_abc123"))["agent"]["tools"] == [LOOKUP]


def test_json_voice_writes_one_object_a_line(shell: Shell) -> None:
    lines = shell.run("echo Hello | agents --json voice agent_abc123").splitlines()
    told = [json.loads(line) for line in lines]
    assert [each["type"] for each in told][:2] == ["call.opened", "caller.heard"]
    assert next(each for each in told if each["type"] == "agent.answered")["text"].startswith("You said: Hello")


def test_pointing_at_local_dev(shell: Shell, served: Served) -> None:
    shell.environment.pop("VIVAVOCE_BASE_URL")
    assert shell.agent_id in shell.run(f"agents --base-url {served.url} list")


def test_what_get_prints_as_json_can_be_edited_and_given_to_update(shell: Shell) -> None:
    line = (
        "agents --json get agent_abc123 | sed 's/Support Acme/Support Bolt/' > update.json && agents update update.json"
    )
    assert "Support Bolt." in shell.run(line)
    assert _agent(shell)["tools"] == [LOOKUP]


def test_what_get_prints_as_json_makes_another_agent(shell: Shell) -> None:
    made = json.loads(shell.run("agents --json get agent_abc123 | agents --json create"))["agent"]
    assert made["agent_id"] != shell.agent_id
    assert (made["name"], made["tools"]) == ("Support", [LOOKUP])
