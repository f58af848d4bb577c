"""`agents`: makes, changes, lists and tries agents on a running server. It speaks HTTP, as any client does.

Also mounted as `vivavoce agents`. The flags, arguments and words are those of the agents command line of xAI's Voice
Agent Builder.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

import typer

from vivavoce.cli import agents_input
from vivavoce.cli.agents_failures import FAILED, Failure, as_json, exit_code, in_words
from vivavoce.cli.agents_input import STANDARD_INPUT, Change, Flags, InputError
from vivavoce.cli.agents_printing import (
    print_agent,
    print_agents,
    print_completion,
    print_json,
    print_turns,
    print_versions,
)
from vivavoce.cli.agents_voice import ReplPrinter, converse
from vivavoce.cli.talk_call import LoopClock, TalkError
from vivavoce.cli.talk_printing import JsonPrinter
from vivavoce.client.errors import ClientError
from vivavoce.client.results import Agent, Turn, TurnSummary
from vivavoce.client.retrying import RetryPolicy
from vivavoce.client.vivavoce import KEY_VARIABLES, URL_VARIABLES, Vivavoce, first_set

app = typer.Typer(
    name="agents",
    help="Make, change, list and try agents on a running server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

DEFAULT_MODEL = "vivavoce"
Eagerness = Literal["auto", "low", "medium", "high"]
T = TypeVar("T")

_RETRIES = RetryPolicy(attempts_maximum=3, first_delay_seconds=0.3, total_maximum_seconds=30.0)

AgentArgument = Annotated[str, typer.Argument(metavar="ID", help="The agent's id.")]
NameOption = Annotated[str | None, typer.Option("--name", help="What the agent is called.")]
InstructionsOption = Annotated[str | None, typer.Option("--instructions", help="What the agent is told.")]
VoiceOption = Annotated[str | None, typer.Option("--voice", help="The voice's id, such as eve.")]
LanguageOption = Annotated[str | None, typer.Option("--language", help="What it speaks, such as en or pt-BR.")]
EagernessOption = Annotated[
    Eagerness | None, typer.Option("--eagerness", help="How soon a pause ends the caller's turn; a new agent: auto.")
]
ToolsOption = Annotated[
    str | None, typer.Option("--tools", metavar="FILE", help="A JSON list of the agent's tools; - is standard input.")
]
CollectionsOption = Annotated[
    list[str] | None, typer.Option("--collection", metavar="ID", help="A collection to search; give several times.")
]


@dataclass(frozen=True, slots=True)
class Choices:
    """What was said before the sub-command."""

    json: bool
    base_url: str | None


@app.callback()
def _options(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", envvar=list(URL_VARIABLES), help="Where the server is; http://127.0.0.1:8080."),
    ] = None,
) -> None:
    context.obj = Choices(json, base_url)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


@app.command()
def create(
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A JSON file with the agent; - is standard input.")
    ] = None,
    name: NameOption = None,
    instructions: InstructionsOption = None,
    voice: VoiceOption = None,
    language: LanguageOption = None,
    tools: ToolsOption = None,
    collection: CollectionsOption = None,
    eagerness: EagernessOption = None,
) -> None:
    """Make an agent from flags, from a JSON file, or from JSON on standard input. Flags win over the file."""

    def given() -> dict[str, Any]:
        flags = _flags(name, instructions, voice, language, tools, collection, eagerness)
        source = file
        if source is None and not flags.are_given() and not sys.stdin.isatty():
            source = STANDARD_INPUT
        document = None if source is None else agents_input.read_json(source, sys.stdin)
        return agents_input.new_agent(document, flags)

    fields = _input(given)
    made = _ask(context, lambda client: client.agents.create(**fields))
    _show(context, made, f"Created {made.agent_id}")


@app.command("list")
def list_agents(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Show this many at most; all of them.")] = None,
) -> None:
    """Show every agent. On a terminal a long list comes page by page."""

    async def fetch(client: Vivavoce) -> list[Agent]:
        found: list[Agent] = []
        async for agent in client.agents.list(limit=min(limit or 100, 100)):
            found.append(agent)
            if len(found) == limit:
                break
        return found

    agents = _ask(context, fetch)
    if context.obj.json:
        print_json({"agents": [agent.raw for agent in agents]})
    else:
        print_agents(agents)


@app.command()
def get(context: typer.Context, agent_id: AgentArgument) -> None:
    """Show one agent. With --json, what `agents update FILE` reads."""
    agent = _ask(context, lambda client: client.agents.get(agent_id))
    _show(context, agent, None)


@app.command()
def update(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Argument(metavar="[ID|FILE]", help="An agent's id, or a JSON file that contains agent.agentId."),
    ] = None,
    name: NameOption = None,
    instructions: InstructionsOption = None,
    clear_instructions: Annotated[
        bool, typer.Option("--clear-instructions", help="Take away what the agent is told.")
    ] = False,
    voice: VoiceOption = None,
    language: LanguageOption = None,
    tools: ToolsOption = None,
    collection: CollectionsOption = None,
    eagerness: EagernessOption = None,
    phone_number: Annotated[
        str | None, typer.Option("--phone-number", metavar="ID", help="Assign this number; '' takes it away.")
    ] = None,
) -> None:
    """Change an agent. What is not named stays as it is; the former definition stays as a version."""

    def given() -> tuple[Change, str | None]:
        source = target if target is not None or sys.stdin.isatty() else STANDARD_INPUT
        if source is None:
            raise InputError("name an agent, or a JSON file that contains agent.agentId")
        flags = _flags(name, instructions, voice, language, tools, collection, eagerness)
        document = agents_input.read_json(source, sys.stdin) if agents_input.is_file(source) else None
        change = Change(source) if document is None else agents_input.change_in(document)
        by_flags = agents_input.change_by(
            change.agent_id, flags, clear_instructions=clear_instructions, phone_number_id=phone_number
        )
        change = agents_input.joined(change, by_flags)
        if change.is_empty() and flags.voice is None:
            raise InputError("there is nothing to change: give a flag such as --name, or a file with new values")
        return change, flags.voice

    change, new_voice = _input(given)

    async def send(client: Vivavoce) -> Agent:
        asked = change
        if new_voice is not None:
            asked = replace(change, values={**change.values, "voice": await _voice(client, change, new_voice)})
        if change.whole:
            stored = await client.agents.get(change.agent_id)
            asked = asked.against(stored.raw)
            if asked.is_empty():
                return stored
        return await client.agents.update(
            asked.agent_id, asked.values, clear=asked.cleared, phone_number_id=asked.phone_number_id
        )

    changed = _ask(context, send)
    _show(context, changed, f"Updated {changed.agent_id}")


@app.command()
def delete(context: typer.Context, agent_id: AgentArgument) -> None:
    """Delete an agent, at once; its calls that go on are ended."""
    _ask(context, lambda client: client.agents.delete(agent_id))
    if context.obj.json:
        print_json({"agent_id": agent_id, "deleted": True})
    else:
        typer.echo(f"Deleted {agent_id}")


@app.command("run")
def run_agent(
    context: typer.Context,
    agent_id: AgentArgument,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="What to say to the agent; standard input without.")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="The language model that answers.")] = DEFAULT_MODEL,
) -> None:
    """Say one thing to an agent, in writing, and print its answer or the tools that it wants called."""

    def given() -> str:
        said = message if message is not None or sys.stdin.isatty() else sys.stdin.read()
        if said is None or not said.strip():
            raise InputError('say something to the agent: --message "Hello"')
        return said

    said = _input(given)

    async def ask(client: Vivavoce) -> Any:
        agent = await client.agents.get(agent_id)
        told = [{"role": "system", "content": agent.instructions}] if agent.instructions else []
        messages = [*told, {"role": "user", "content": said}]
        return await client.chat.complete(messages, model=model, tools=agents_input.chat_tools(agent.tools or ()))

    completion = _ask(context, ask)
    if context.obj.json:
        print_json(completion.raw)
    else:
        print_completion(completion)


@app.command()
def voice(context: typer.Context, agent_id: AgentArgument) -> None:
    """Talk with an agent by keyboard, over the realtime socket. From a pipe, every line is answered in turn."""
    clock = LoopClock()
    printer = ReplPrinter(sys.stdout, sys.stderr)
    choices: Choices = context.obj
    report = JsonPrinter(sys.stdout, clock.now).report if choices.json else printer.report
    prompt = printer.prompt if sys.stdin.isatty() and not choices.json else None
    try:
        fine = _ask(context, lambda client: converse(client, agent_id, sys.stdin, report, clock, prompt))
    except KeyboardInterrupt:
        typer.echo(err=True)
        return
    if not fine:
        raise typer.Exit(FAILED)


@app.command()
def versions(context: typer.Context, agent_id: AgentArgument) -> None:
    """Show the definitions that an agent has had."""
    found = _ask(context, lambda client: client.agents.versions(agent_id))
    if context.obj.json:
        print_json({"versions": [version.raw for version in found]})
    else:
        print_versions(found)


@app.command()
def restore(
    context: typer.Context,
    agent_id: AgentArgument,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1, help="A number that `agents versions` shows.")],
) -> None:
    """Make an agent as it was in a former version."""
    restored = _ask(context, lambda client: client.agents.restore(agent_id, version))
    _show(context, restored, f"Restored version {version} of {restored.agent_id}")


@app.command()
def timings(
    context: typer.Context,
    session_id: Annotated[
        str, typer.Argument(metavar="SESSION", help="The session's id, as `talk` and the API show it.")
    ],
) -> None:
    """Show how fast each turn of a session was answered, in milliseconds since the caller's last speech."""

    async def fetch(client: Vivavoce) -> tuple[list[Turn], TurnSummary]:
        turns = await client.sessions.turns(session_id, limit=100).all()
        return turns, await client.sessions.turn_summary(session_id)

    turns, summary = _ask(context, fetch)
    if context.obj.json:
        print_json({"turns": [turn.raw for turn in turns], "summary": summary.raw})
    else:
        print_turns(turns, summary)


async def _voice(client: Vivavoce, change: Change, voice_id: str) -> dict[str, Any]:
    """The agent's voice with another id: a mask names the voice as a whole, and the rest of it has to stay."""
    stored = change.values.get("voice")
    if stored is None:
        stored = (await client.agents.get(change.agent_id)).raw.get("voice")
    return (dict(stored) if isinstance(stored, dict) else {}) | {"voice_id": voice_id}


def _flags(
    name: str | None,
    instructions: str | None,
    voice: str | None,
    language: str | None,
    tools: str | None,
    collection: list[str] | None,
    eagerness: str | None,
) -> Flags:
    declared = None if tools is None else agents_input.tools_of(agents_input.read_json(tools, sys.stdin))
    flags = Flags(name, instructions, language, voice, declared, tuple(collection) if collection else None, eagerness)
    agents_input.check_text(flags)
    return flags


def _input(read: Callable[[], T]) -> T:
    """What was given. A mistake in it ends the command with exit code 2."""
    try:
        return read()
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def _ask(context: typer.Context, work: Callable[[Vivavoce], Awaitable[T]]) -> T:
    """Ask the server. An error ends the command with words of advice and its exit code."""
    choices: Choices = context.obj

    async def ask() -> T:
        async with Vivavoce(choices.base_url, retries=_RETRIES) as client:
            return await work(client)

    try:
        return asyncio.run(ask())
    except (ClientError, TalkError) as error:
        raise _failure(error, choices) from error


def _failure(error: Failure, choices: Choices) -> typer.Exit:
    has_key = first_set(KEY_VARIABLES, os.environ) is not None
    typer.echo((as_json if choices.json else in_words)(error, has_key=has_key), err=True)
    return typer.Exit(exit_code(error))


def _show(context: typer.Context, agent: Agent, done: str | None) -> None:
    if context.obj.json:
        print_json({"agent": agent.raw})
        return
    if done is not None:
        typer.echo(done)
    print_agent(agent)


def run() -> None:
    """The console script `agents`."""
    app()


if __name__ == "__main__":
    run()
