"""`agents voice`: a call with a stored agent by keyboard. What the agent says is written while it is said.

The session is configured by the client, with what is stored, as clients of the Voice Agent API do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from vivavoce.cli.agents_printing import called, printable
from vivavoce.cli.talk_call import Call, Clock, Patience, Report
from vivavoce.cli.talk_happenings import (
    AgentAnswered,
    AgentSaid,
    CallOpened,
    Happening,
    ServerComplained,
    ToolRequested,
)
from vivavoce.cli.talk_speaker import Cut
from vivavoce.cli.talk_text import TypedLines, TypingCaller
from vivavoce.client.results import Agent
from vivavoce.client.vivavoce import Vivavoce

CONNECTED = "Connected. Type a message and press Enter. Ctrl+C to quit."
PROMPT = "> "

_GREETING_FIELDS = ("greeting", "initial_message")


def session_of(agent: Agent) -> dict[str, Any]:
    """The `session.update` of an agent. The voice is named as both the xAI and the OpenAI API have it.

    Text is asked for, so that nobody waits for a voice that nobody hears; a server that speaks all the same sends the
    words of its speech as well.
    """
    session: dict[str, Any] = {
        "instructions": agent.instructions or "",
        "tools": list(agent.tools or ()),
        "output_modalities": ["text"],
    }
    if agent.voice is not None and agent.voice.voice_id:
        session |= {"voice": agent.voice.voice_id, "audio": {"output": {"voice": agent.voice.voice_id}}}
    return session


class NoSpeaker:
    """Where the agent's voice goes when only its words are wanted."""

    def play(self, _item_id: str, _audio: bytes, _now: float) -> None:
        return

    def is_silent(self, _now: float) -> bool:
        return True

    def cut_off(self, _now: float) -> Cut | None:
        return None

    def recording(self) -> bytes:
        return b""


class ReplPrinter:
    """Prints a call for people: the answers to `output`, everything else to `notes`. Serves one call."""

    def __init__(self, output: TextIO, notes: TextIO) -> None:
        self._output = output
        self._notes = notes
        self._speaking: str | None = None

    def report(self, happening: Happening) -> None:
        match happening:
            case CallOpened():
                self._write(f"{CONNECTED}\n")
            case AgentSaid(response_id=response_id, text=text):
                if self._speaking != response_id:
                    self._end_line()
                    text = text.lstrip()
                    self._speaking = response_id if text else None
                self._write(printable(text))
            case AgentAnswered(status=status):
                self._end_line()
                if status not in ("completed", "failed"):
                    self._note(f"(the answer is {status})")
            case ToolRequested(name=name, arguments=arguments):
                self._end_line()
                self._write(f"tool call: {printable(called(name, arguments))}\n")
            case ServerComplained(code=code, message=message):
                self._end_line()
                self._note(f"error: {printable(message)}{f' ({code})' if code else ''}")
            case _:
                pass

    def prompt(self) -> None:
        """Ask a person at the keyboard for the next line."""
        self._end_line()
        self._write(PROMPT)

    def _end_line(self) -> None:
        if self._speaking is not None:
            self._speaking = None
            self._write("\n")

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()

    def _note(self, text: str) -> None:
        self._notes.write(f"{text}\n")
        self._notes.flush()


def patience_with(agent: Agent, patience: Patience) -> Patience:
    """No waiting for the greeting of an agent of whom the server says that it has none."""
    known = [agent.raw[name] for name in _GREETING_FIELDS if name in agent.raw]
    if not known or any(known):
        return patience
    return Patience(patience.session_seconds, 0.0, patience.settling_seconds, patience.answer_seconds)


async def converse(
    client: Vivavoce,
    agent_id: str,
    typed: TextIO,
    report: Report,
    clock: Clock,
    prompt: Callable[[], None] | None = None,
) -> bool:
    """Carry a call until the input ends and the last answer is over; False when the server reported an error.

    `prompt`, if given, is called before every line is read. Raises `ClientError`, `TalkError`.
    """
    agent = await client.agents.get(agent_id)
    patience = patience_with(agent, Patience())
    driver = TypingCaller(TypedLines(typed), patience, prompt)
    async with client.realtime(agent.agent_id) as connection:
        call = Call(connection, NoSpeaker(), report, clock)
        await call.carry(driver, session_of(agent), patience.session_seconds)
        return not call.listener.failed
