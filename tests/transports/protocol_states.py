"""A session in each of its states, and every client event to try on it, in virtual time and without a socket.

`python -m tests.transports.protocol_states` prints what the server tells, in the form of `protocol_table.txt`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import looptime
from starlette.websockets import WebSocket

from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.engines.ports import ToolCall
from vivavoce.engines.scripted.ears import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.sessions.ports import Engines
from vivavoce.transports.admission import CallPlan
from vivavoce.transports.connection import AudioFraming, Connection

NOISE = base64.b64encode(random.Random(1).randbytes(48_000)).decode()
"""A second of something loud."""

SILENCE = base64.b64encode(bytes(9_600)).decode()
"""200 ms."""

CLOCK = {"type": "function", "name": "clock", "parameters": {"type": "object"}}
ANSWER = "It is noon, and so it is time to eat something. After that we shall see what the day brings us."


class Talk:
    """Both ends of one session. `agent_item`: the last message or call of the agent's."""

    def __init__(self) -> None:
        self.agent_item = "item_nobody"
        self.reply = "resp_nobody"
        self.scope: dict[str, Any] = {}
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._told: list[str] = []

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send one event and let everything happen that needs no time."""
        await self._incoming.put({"type": "websocket.receive", "text": json.dumps({"type": kind, **fields})})
        await self.settle()

    async def settle(self) -> None:
        for _ in range(300):
            await asyncio.sleep(0)

    def taken(self) -> list[str]:
        """The events since the last time; of the same one after the other only the first."""
        told, self._told = self._told, []
        return [kind for kind, before in zip(told, [None, *told], strict=False) if kind != before]

    async def hang_up(self) -> None:
        await self._incoming.put({"type": "websocket.disconnect"})

    # what a connection asks of its socket

    async def accept(self, _subprotocol: str | None) -> None:
        """There is nobody to tell."""

    async def receive(self) -> dict[str, Any]:
        return await self._incoming.get()

    async def send_text(self, data: str) -> None:
        event = json.loads(data)
        kind = event["type"]
        if kind == "error":
            kind = f"error {event['error']['code']}"
        if kind == "response.done":
            kind = f"response.done {event['response']['status']}"
        if kind == "response.output_item.added":
            self.agent_item = event["item"]["id"]
        if kind == "response.created":
            self.reply = event["response"]["id"]
        self._told.append(kind)

    async def close(self, _code: int, _reason: str) -> None:
        """There is nobody to tell."""


@asynccontextmanager
async def talking() -> AsyncGenerator[Talk]:
    talk = Talk()
    engines = Engines(
        ScriptedVoiceActivity(),
        ScriptedTurnDetector(),
        ScriptedSpeechToText(["what time is it"]),
        ScriptedLanguageModel({"clock": ToolCall("call_1", "clock", "{}"), "": ANSWER}),
        ScriptedTextToSpeech(),
    )
    settings = Settings(instructions="Be brief.", turn_detection=ServerVad())
    plan = CallPlan("sess_1", "conv_1", "vivavoce", settings)
    socket = cast(WebSocket, talk)
    connection = Connection(socket, plan, engines, {"eve": "eve"}.get, AudioFraming.JSON, Asked())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(connection.hold())
        await talk.settle()
        yield talk
        await talk.hang_up()


async def type_words(talk: Talk, words: str) -> None:
    part = {"type": "input_text", "text": words}
    item = {"id": "item_typed", "type": "message", "role": "user", "content": [part]}
    await talk.tell("conversation.item.create", item=item)


async def fresh(_talk: Talk) -> None:
    """Nothing has been said."""


async def answering(talk: Talk) -> None:
    await type_words(talk, "What time is it?")
    await talk.tell("response.create")


async def answering_to_a_player(talk: Talk) -> None:
    await talk.tell("session.update", session={"vivavoce": {"output_audio_buffer": True}})
    await answering(talk)


async def answered(talk: Talk) -> None:
    await answering(talk)
    await asyncio.sleep(60)


async def called(talk: Talk) -> None:
    await talk.tell("session.update", session={"tools": [CLOCK]})
    await type_words(talk, "Look at the clock.")
    await talk.tell("response.create")
    await asyncio.sleep(1)


async def heard(talk: Talk) -> None:
    await talk.tell("input_audio_buffer.append", audio=NOISE)


async def marked(talk: Talk) -> None:
    await talk.tell("session.update", session={"audio": {"input": {"turn_detection": None}}})


async def marked_and_heard(talk: Talk) -> None:
    await marked(talk)
    await heard(talk)


async def transcribing(talk: Talk) -> None:
    await talk.tell("session.update", session={"type": "transcription", "audio": {"input": {"transcription": {}}}})


STATES: dict[str, Callable[[Talk], Awaitable[None]]] = {
    "nothing has been said": fresh,
    "the agent speaks": answering,
    "the agent speaks to a client that follows what is played": answering_to_a_player,
    "the agent has answered": answered,
    "the agent has called a function": called,
    "the caller speaks": heard,
    "the client marks the turns": marked,
    "the client marks the turns and has sent sound": marked_and_heard,
    "the session only transcribes": transcribing,
}


def message(role: str, **fields: Any) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": "Well."}], **fields}


ATTEMPTS: dict[str, Callable[[Talk], dict[str, Any]]] = {
    "session.update": lambda _: {"session": {"instructions": "Be long."}},
    "session.update of a value that cannot be used": lambda _: {"session": {"audio": {"output": {"speed": 9}}}},
    "input_audio_buffer.append of silence": lambda _: {"audio": SILENCE},
    "input_audio_buffer.append of sound": lambda _: {"audio": NOISE},
    "input_audio_buffer.commit": lambda _: {},
    "input_audio_buffer.clear": lambda _: {},
    "conversation.item.create": lambda _: {"item": message("user")},
    "conversation.item.create of the agent's": lambda _: {"item": message("assistant")},
    "conversation.item.create with the id of what was typed": lambda _: {"item": message("user", id="item_typed")},
    "conversation.item.create behind nothing": lambda _: {"item": message("user"), "previous_item_id": "item_nobody"},
    "conversation.item.create of a function's answer": lambda _: {
        "item": {"type": "function_call_output", "call_id": "call_1", "output": "noon"}
    },
    "conversation.item.create of a forced message": lambda _: {
        "item": {"type": "force_message", "role": "assistant", "content": [{"type": "output_text", "text": "Wait."}]}
    },
    "conversation.item.create of an image": lambda _: {
        "item": {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}
    },
    "conversation.item.retrieve of the agent's": lambda talk: {"item_id": talk.agent_item},
    "conversation.item.truncate of the agent's": lambda talk: {
        "item_id": talk.agent_item,
        "content_index": 0,
        "audio_end_ms": 100,
    },
    "conversation.item.delete of the agent's": lambda talk: {"item_id": talk.agent_item},
    "response.create": lambda _: {},
    "response.create in text": lambda _: {"response": {"output_modalities": ["text"]}},
    "response.create beside the conversation": lambda _: {
        "response": {"conversation": "none", "output_modalities": ["text"], "input": [message("user")]}
    },
    "response.cancel": lambda _: {},
    "response.cancel of the last": lambda talk: {"response_id": talk.reply},
    "response.cancel of another": lambda _: {"response_id": "resp_other"},
    "output_audio_buffer.clear": lambda _: {},
    "vivavoce.output_audio.played of the last": lambda talk: {"response_id": talk.reply, "played_ms": 100},
    "vivavoce.output_audio.played of more than was sent": lambda talk: {"response_id": talk.reply, "played_ms": 10**9},
    "vivavoce.output_audio.played of another": lambda _: {"response_id": "resp_other", "played_ms": 100},
    "transcription_session.update": lambda _: {"session": {"input_audio_transcription": {"language": "en"}}},
}


async def told(state: str, attempt: str) -> list[str]:
    """What the server tells at once of an attempt in a state, before any time has passed."""
    async with talking() as talk:
        await STATES[state](talk)
        fields = ATTEMPTS[attempt](talk)
        talk.taken()
        await talk.tell(attempt.partition(" ")[0], **fields)
        return talk.taken()


async def table() -> str:
    """Everything that is told, as `protocol_table.txt` has it."""
    lines: list[str] = []
    for state in STATES:
        lines += [f"# {state}", ""]
        lines += [f"{attempt}: {', '.join(await told(state, attempt)) or 'nothing'}" for attempt in ATTEMPTS]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        sys.stdout.write(runner.run(table()))
