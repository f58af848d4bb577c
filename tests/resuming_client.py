"""A client that loses its connection over and over and checks that nothing that it was told is lost.

It holds its own copy of the conversation, made of what the server told it. One lives as long as its test.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE_SECONDS = 30.0
TOOL = {"type": "function", "name": "look_up", "description": "Looks it up.", "parameters": {"type": "object"}}
OPT_IN = {"resumption": {"enabled": True}}
GROWING = ("response.output_text.delta", "response.output_audio_transcript.delta")

Event = dict[str, Any]


@dataclass(slots=True)
class Copy:
    """What the client was told: items in order, the session, and what it asked for without hearing back."""

    items: list[Event] = field(default_factory=list)
    grown: dict[str, str] = field(default_factory=dict)
    spoken: set[str] = field(default_factory=set)
    deleting: set[str] = field(default_factory=set)
    instructions: list[str] = field(default_factory=list)

    def index(self, item_id: str) -> int:
        return next(index for index, item in enumerate(self.items) if item["id"] == item_id)

    def take(self, event: Event) -> None:
        match event["type"]:
            case "conversation.item.added":
                previous = event["previous_item_id"]
                self.items.insert(0 if previous is None else self.index(previous) + 1, event["item"])
            case "conversation.item.done":
                self.items[self.index(event["item"]["id"])] = event["item"]
            case "conversation.item.deleted":
                del self.items[self.index(event["item_id"])]
                self.deleting.discard(event["item_id"])
            case "session.updated":
                told = event["session"]["instructions"]
                del self.instructions[: self.instructions.index(told)]
            case kind if kind in GROWING:
                self.grown[event["item_id"]] = self.grown.get(event["item_id"], "") + event["delta"]
                if kind == GROWING[1]:
                    self.spoken.add(event["item_id"])
            case _:
                pass


class ResumingClient:
    """`checked`: how many of which things were found again. Raises AssertionError for anything that is not."""

    def __init__(self, chance: random.Random, key: str) -> None:
        self._chance = chance
        self._headers = {"Authorization": f"Bearer {key}"}
        self._copy = Copy(instructions=["0"])
        self._conversation: str | None = None
        self._number = 0
        self.checked: Counter[str] = Counter()

    async def hold(self, url: str) -> ClientConnection:
        """One connection, used for a while; it is given back open, for the caller to drop at any instant."""
        came_back = self._conversation is not None
        query = f"?conversation_id={self._conversation}" if came_back else ""
        websocket = await connect(f"{url}{query}", additional_headers=self._headers, proxy=None)
        try:
            created = await self._until(websocket, "session.created")
            conversation = (await self._until(websocket, "conversation.created"))["conversation"]["id"]
            if came_back:
                assert conversation == self._conversation
                assert created["session"]["instructions"] in self._copy.instructions
                assert created["session"]["tools"] == [TOOL]
                self._copy.instructions = [created["session"]["instructions"]]
                await self._check_replay(websocket)
            else:
                await self._send(websocket, "session.update", session={**OPT_IN, "instructions": "0", "tools": [TOOL]})
                await self._until(websocket, "session.updated")
                self._conversation = conversation
            for _ in range(self._chance.randint(1, 4)):
                await self._act(websocket)
            await self._read(websocket, self._chance.choice((0, 1, 2, 3, 5, 8, 13, 21, 34)))
        except BaseException:
            websocket.transport.abort()
            raise
        return websocket

    async def _check_replay(self, websocket: ClientConnection) -> None:
        await self._send(websocket, "session.update", session=OPT_IN)
        await self._send(websocket, "conversation.item.retrieve", item_id="nothing")
        replayed: list[Event] = []
        while (event := await self._next(websocket))["type"] != "error":
            if event["type"] == "conversation.item.created":
                replayed.append(event["item"])
        found = {item["id"]: item for item in replayed}
        copy = self._copy
        expected = [item for item in copy.items if item["id"] in found or item["id"] not in copy.deleting]
        told = {item["id"] for item in expected}
        assert [item["id"] for item in replayed if item["id"] in told] == [item["id"] for item in expected]
        for item in expected:
            self._check_item(item, found[item["id"]])
        answered = {item["call_id"] for item in replayed if item["type"] == "function_call_output"}
        calls = [item["call_id"] for item in replayed if item["type"] == "function_call"]
        self.checked["pending calls"] += sum(call_id not in answered for call_id in calls)
        self._copy = Copy(items=replayed, instructions=copy.instructions)

    def _check_item(self, known: Event, found: Event) -> None:
        if known["status"] != "in_progress":
            assert found == known
            self.checked[known["type"]] += 1
            return
        # dropped in the middle: of written words, all that were told; of spoken ones, those that could be heard
        assert found["status"] in ("completed", "incomplete"), found
        grown = self._copy.grown.get(known["id"], "")
        if known["type"] == "message":
            said = "".join(part.get("text") or part.get("transcript") or "" for part in found["content"])
            assert grown.startswith(said) if known["id"] in self._copy.spoken else said.startswith(grown), (grown, said)
            self.checked["cut messages"] += 1

    async def _act(self, websocket: ClientConnection) -> None:
        self._number += 1
        match self._chance.choice(
            ("write", "write", "answer", "answer", "speak", "call", "output", "delete", "change")
        ):
            case "write":
                content = [{"type": "input_text", "text": f"message number {self._number} with some more words in it"}]
                item = {"type": "message", "role": "user", "content": content}
                await self._send(websocket, "conversation.item.create", item=item)
            case "answer":
                await self._send(websocket, "response.create", response={"output_modalities": ["text"]})
            case "speak":
                await self._send(websocket, "response.create")
            case "call":
                asked = {"output_modalities": ["text"], "tool_choice": "required"}
                await self._send(websocket, "response.create", response=asked)
            case "output":
                for call in [item for item in self._copy.items if item["type"] == "function_call"][-1:]:
                    output = {"type": "function_call_output", "call_id": call["call_id"], "output": str(self._number)}
                    await self._send(websocket, "conversation.item.create", item=output)
            case "delete":
                if len(self._copy.items) > 6:
                    item_id = self._chance.choice(self._copy.items)["id"]
                    self._copy.deleting.add(item_id)
                    await self._send(websocket, "conversation.item.delete", item_id=item_id)
            case "change":
                self._copy.instructions.append(str(self._number))
                await self._send(websocket, "session.update", session={"instructions": str(self._number)})
        await self._read(websocket, self._chance.choice((0, 0, 1, 2, 4, 8)))

    async def _send(self, websocket: ClientConnection, kind: str, **fields: Any) -> None:
        await websocket.send(json.dumps({"type": kind, **fields}))

    async def _read(self, websocket: ClientConnection, count: int) -> None:
        """Up to so many events; fewer if the server has nothing more to tell."""
        for _ in range(count):
            try:
                async with asyncio.timeout(0.1):
                    self._copy.take(json.loads(await websocket.recv()))
            except TimeoutError:
                return

    async def _next(self, websocket: ClientConnection) -> Event:
        async with asyncio.timeout(PATIENCE_SECONDS):
            event: Event = json.loads(await websocket.recv())
        return event

    async def _until(self, websocket: ClientConnection, kind: str) -> Event:
        while (event := await self._next(websocket))["type"] != kind:
            assert event["type"] != "error", event
        return event


async def drop(websocket: ClientConnection) -> None:
    """Without a word of farewell."""
    websocket.transport.abort()
    with suppress(ConnectionClosed):
        await websocket.wait_closed()
