"""Generated client events against a live session without a socket: valid ones, mutated ones, in any order.

Used by the bounded test and by `bench/fuzzed_events.py`, which runs as many as asked. Owns nothing beyond a run.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import random
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import Any, cast, get_args

from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocket

from vivavoce.app.call_settings import PRODUCT_SETTINGS
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.engines.ports import ToolCall
from vivavoce.engines.scripted.ears import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.sessions.ports import Engines
from vivavoce.transports.admission import CallPlan
from vivavoce.transports.connection import AudioFraming, Connection
from vivavoce.transports.uvicorn_protocol import MESSAGES, Taker


def models_of(union: Any) -> dict[str, type[BaseModel]]:
    """OpenAI's own type for every event of a union, by the event's type."""
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in members}


GA, BETA = models_of(RealtimeServerEvent), models_of(BetaServerEvent)
OWN_EVENTS = frozenset({"session.ended", "vivavoce.turn.timings", "vivavoce.overlap.ignored"})
XAI_EVENTS = frozenset(
    {
        "ping",
        "response.text.delta",
        "response.text.done",
        "conversation.item.input_audio_transcription.updated",
    }
)
BETA_OWN_EVENTS = frozenset({"transcription_session.created", "transcription_session.updated"})
WHAT_CLIENTS_ASK_FOR = frozenset({"rate", "tools", "reasoning", "model"})
"""Fields of the session that OpenAI's types limit to less than a client may ask for here."""

SILENCE, SPEECH = bytes(9600), random.Random(1).randbytes(9600)
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 70, 1e308, "", "root", "x" * 300, "\ud83d", "{{x}}", [], {}, [[]], {"type": None}, ["audio"]
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """What a run saw. `complaints` are events that a strict client would reject, with why."""

    sent: int = 0
    received: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


class Wire:
    """Stands in for the socket: what the client sends is offered or queued, what the server sends is looked at."""

    def __init__(self, asked: Asked, found: Found) -> None:
        self.asked = asked
        self.scope = {"extensions": {MESSAGES: {"offer_to": self._offer_to}}}
        self._taker: Taker | None = None
        self._reader_waits = False
        self.item_ids: deque[str] = deque(["item_nobody"], maxlen=24)
        self.reply_ids: deque[str] = deque(["resp_nobody"], maxlen=8)
        self.call_ids: deque[str] = deque(["call_nobody"], maxlen=8)
        self.answered = asyncio.Event()
        self.close_code: int | None = None
        self.said_goodbye = False
        self._found = found
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue(16)

    async def send(self, frame: str | bytes) -> None:
        is_text = isinstance(frame, str)
        payload = frame.encode() if isinstance(frame, str) else frame
        taker = self._taker if self._reader_waits and self._incoming.empty() else None
        if taker is not None and (not is_text or payload.isascii()) and taker(payload, is_text):
            await asyncio.sleep(0)  # a socket's messages come one after the other too
            return
        await self._incoming.put({"type": "websocket.receive", "text" if is_text else "bytes": frame})

    async def hang_up(self) -> None:
        await self._incoming.put({"type": "websocket.disconnect"})

    # what a connection asks of its socket

    async def accept(self, _subprotocol: str | None) -> None:
        """There is nobody to tell."""

    def _offer_to(self, taker: Taker) -> None:
        self._taker = taker

    async def receive(self) -> dict[str, Any]:
        self._reader_waits = True
        try:
            return await self._incoming.get()
        finally:
            self._reader_waits = False

    async def send_bytes(self, data: bytes) -> None:
        self._found.received["sound"] += bool(data)

    async def send_text(self, data: str) -> None:
        event = json.loads(data)
        kind = event["type"]
        self._found.received[kind] += 1
        if kind == "error":
            self._found.errors[event["error"]["code"]] += 1
            if event["error"]["event_id"] == "last":
                self.answered.set()
        if isinstance(item := event.get("item"), dict):
            self.item_ids.append(item["id"])
            if item["type"] == "function_call":
                self.call_ids.append(item["call_id"])
        if kind == "session.ended":
            self.said_goodbye = True
        if kind == "response.created":
            self.reply_ids.append(event["response"]["id"])
        self._check(event)

    async def close(self, code: int, _reason: str) -> None:
        self.close_code = code

    def _check(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind in OWN_EVENTS or (self.asked.beta and kind in BETA_OWN_EVENTS):
            return
        if kind in XAI_EVENTS and not self.asked.beta:
            return  # whether they were asked for is tested where the dialects are
        model = (BETA if self.asked.beta else GA).get(kind)
        if model is None:
            self._found.complaints.append(f"there is no event {kind}")
            return
        try:
            model.model_validate(event, strict=True)
        except ValidationError as error:
            # a union complains of every member: of those that are of another type, too
            wrong = [each["loc"] for each in error.errors() if not WHAT_CLIENTS_ASK_FOR.intersection(each["loc"])]
            others = {loc[:2] for loc in wrong if loc[-1] == "type" and len(loc) == 3}
            if wrong := [loc for loc in wrong if loc[:2] not in others]:
                self._found.complaints.append(f"{json.dumps(event)[:1500]}: {wrong[:5]}")


class Client:
    """Writes events: mostly as a client would, sometimes as none should."""

    def __init__(self, draw: random.Random, wire: Wire) -> None:
        self._draw = draw
        self._wire = wire

    def frame(self) -> str | bytes:
        draw = self._draw
        chance = draw.random()
        if chance < 0.03:
            return draw.randbytes(draw.choice([0, 1, 3, 640, 960]))
        if chance < 0.05:
            return draw.choice(["", "{", "[]", "null", "7", '"x"', "{}", '{"type":', '{"type": 7}', "\x00"])
        event = self._event()
        if draw.random() < 0.25:
            for _ in range(draw.choice([1, 1, 2, 4])):
                self._mutate(event)
        return json.dumps(event)

    def _event(self) -> dict[str, Any]:
        draw = self._draw
        kind = draw.choice(KINDS)
        if kind == "transcription_session.update" and not self._wire.asked.transcription:
            kind = "session.update"  # or nearly every session would soon answer nothing any more
        event: dict[str, Any] = {"type": kind}
        if draw.random() < 0.3:
            event["event_id"] = f"mine_{draw.randrange(100)}"
        item_id = draw.choice(self._wire.item_ids)
        match kind:
            case "session.update" | "transcription_session.update":
                event["session"] = self._session()
            case "input_audio_buffer.append":
                sound = draw.choice([SILENCE, SPEECH, SPEECH[:960], SPEECH[:3]])
                event["audio"] = base64.b64encode(sound).decode()
            case "conversation.item.create":
                event["item"] = self._item()
                if draw.random() < 0.5:
                    event["previous_item_id"] = draw.choice([item_id, "root", None])
            case "conversation.item.delete" | "conversation.item.retrieve":
                event["item_id"] = item_id
            case "conversation.item.truncate":
                event |= {"item_id": item_id, "content_index": 0, "audio_end_ms": draw.choice([0, 200, 10**9])}
            case "response.create":
                if draw.random() < 0.8:
                    event["response"] = self._response()
            case "response.cancel" if draw.random() < 0.5:
                event["response_id"] = draw.choice(self._wire.reply_ids)
            case "vivavoce.output_audio.played":
                event |= {"response_id": draw.choice(self._wire.reply_ids), "played_ms": draw.choice([0, 40, 10**9])}
            case _:
                pass
        return event

    def _item(self) -> dict[str, Any]:
        draw = self._draw
        role = draw.choice(["user", "user", "assistant", "system"])
        part = draw.choice(
            [
                {"type": "input_text", "text": "What time is it?"},
                {"type": "text", "text": "It is noon."},
                {"type": "output_text", "text": "Call the clock."},
                {"type": "input_audio", "transcript": "Hello?"},
                {"type": "input_audio", "audio": base64.b64encode(SPEECH).decode()},
                {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
            ]
        )
        item: dict[str, Any] = draw.choice(
            [
                {"type": "message", "role": role, "content": [part]},
                {"type": "message", "role": role, "content": [part, part]},
                {"type": "function_call", "call_id": draw.choice(self._wire.call_ids), "name": "clock"},
                {"type": "function_call_output", "call_id": draw.choice(self._wire.call_ids), "output": "noon"},
                {"type": "item_reference", "id": draw.choice(self._wire.item_ids)},
                {
                    "type": "force_message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "One moment, please."}],
                    "interruptible": draw.random() < 0.5,
                },
            ]
        )
        if draw.random() < 0.3:
            item["id"] = draw.choice([f"mine_{draw.randrange(50)}", draw.choice(self._wire.item_ids)])
        return dict(item)

    def _response(self) -> dict[str, Any]:
        draw = self._draw
        whole: dict[str, Any] = {
            "instructions": draw.choice(["Be brief.", "", None]),
            "output_modalities": draw.choice([["text"], ["audio"], ["text", "audio"]]),
            "modalities": draw.choice([["text"], ["text", "audio"]]),
            "conversation": draw.choice(["auto", "none", "none"]),
            "input": [self._item() for _ in range(draw.randrange(3))],
            "metadata": draw.choice([{"k": "v"}, None, {}]),
            "tools": [{"type": "function", "name": "clock", "parameters": {}}],
            "tool_choice": draw.choice(["auto", "none", {"type": "function", "name": "clock"}]),
            "max_output_tokens": draw.choice([1, 5, "inf"]),
            "audio": {"output": {"voice": draw.choice(["eve", "nobody"])}},
        }
        return {key: value for key, value in whole.items() if draw.random() < 0.25}

    def _session(self) -> dict[str, Any]:
        draw = self._draw
        turns: list[Any] = [
            None,
            {"type": "server_vad", "idle_timeout_ms": draw.choice([None, 5000])},
            {"type": "semantic_vad", "eagerness": "high"},
            {"threshold": 0.4},
        ]
        transcription = draw.choice([None, {"model": "whisper-1", "language": "en"}, {"model": "grok-transcribe"}])
        whole: dict[str, Any] = {
            "type": draw.choice([*["realtime"] * 19, "transcription"]),
            "instructions": draw.choice(["Be brief.", "", None, "Hello {{name}}."]),
            "output_modalities": draw.choice([["text"], ["audio"]]),
            "tools": draw.choice([[], None, [{"type": "function", "name": "clock", "parameters": {"type": "object"}}]]),
            "tool_choice": draw.choice(["auto", "required", {"type": "function", "name": "clock"}]),
            "max_output_tokens": draw.choice([None, 3, "inf"]),
            "truncation": draw.choice(["auto", "disabled", {"type": "retention_ratio", "retention_ratio": 0.5}]),
            "tracing": draw.choice(["auto", None, {"workflow_name": "w"}]),
            "prompt": draw.choice([None, {"id": "p", "variables": {"name": "Ada"}}]),
            "include": draw.choice([None, ["item.input_audio_transcription.logprobs"]]),
            "turn_detection": draw.choice(turns),
            "voice": draw.choice(["eve", "ara", "nobody"]),
            "replace": draw.choice([None, {"SQL": "sequel"}]),
            "resumption": {"enabled": draw.random() < 0.5},
            "input_audio_format": draw.choice(["pcm16", "g711_ulaw"]),
            "audio": {
                "input": {
                    "turn_detection": draw.choice(turns),
                    "transcription": transcription,
                    "noise_reduction": draw.choice([None, {"type": "near_field"}]),
                },
                "output": {"speed": draw.choice([0.7, 1.0, 1.5]), "transport": draw.choice(["json", "binary"])},
            },
            "vivavoce": self._extension(),
        }
        return {key: value for key, value in whole.items() if draw.random() < 0.2}

    def _extension(self) -> dict[str, Any]:
        draw = self._draw
        whole: dict[str, Any] = {
            "timings": True,
            "overlaps": True,
            "output_audio_buffer": draw.random() < 0.5,
            "interruption": draw.choice(["confirmed", "confirmed", "at_once"]),
            "speculation": draw.choice([None, {}, {"tries_per_turn": 2, "wasted_tokens_per_turn": 40}]),
            "endpointing": draw.choice([{}, {"shortest_pause_ms": 0, "longest_pause_ms": draw.choice([None, 900])}]),
            "caller_silence": draw.choice([None, {"after_ms": 1000, "reengagements": 10}, {"after_ms": 600_000}]),
            "fillers": draw.choice([{}, {"late_reply_ms": 10, "late_tool_ms": 1000}, {"late_reply_ms": 0}]),
        }
        return {key: value for key, value in whole.items() if draw.random() < 0.4}

    def _mutate(self, event: dict[str, Any]) -> None:
        draw = self._draw
        places: list[tuple[Any, Any]] = []

        def walk(value: Any) -> None:
            keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            for key in keys:
                places.append((value, key))
                walk(value[key])

        walk(event)
        if not places:
            return
        inside, key = draw.choice(places)
        match draw.randrange(4):
            case 0:
                del inside[key]
            case 1:
                inside[key] = copy.deepcopy(draw.choice(JUNK))
            case 2 if isinstance(inside, dict):
                inside[f"unknown_{draw.randrange(9)}"] = copy.deepcopy(draw.choice(JUNK))
            case _:
                inside[key] = (
                    draw.choice(places)[0]
                    if draw.random() < 0.1 and key != "type"
                    else copy.deepcopy(draw.choice(JUNK))
                )
        try:
            json.dumps(event)
        except ValueError:  # the event has come to contain itself
            inside[key] = None


KINDS = (
    *["input_audio_buffer.append"] * 6,
    *["session.update"] * 3,
    *["conversation.item.create"] * 5,
    *["response.create"] * 4,
    *["conversation.item.truncate"] * 2,
    *["conversation.item.delete"] * 2,
    "conversation.item.retrieve",
    "response.cancel",
    "response.cancel",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "output_audio_buffer.clear",
    *["vivavoce.output_audio.played"] * 3,
    "transcription_session.update",
    "response.explode",
)
DIALECTS = (Asked(), Asked(), Asked(beta=True), Asked(xai=True), Asked(strict=True), Asked(transcription=True))


def scripted() -> Engines:
    clock = ToolCall("call_1", "clock", "{}")
    return Engines(
        ScriptedVoiceActivity(),
        ScriptedTurnDetector(),
        ScriptedSpeechToText(["what time is it", "uh-huh", "wait"]),
        ScriptedLanguageModel(["It is noon. Time to eat.", [clock], ["Wait.", clock, clock], "Goodbye."]),
        ScriptedTextToSpeech(),
    )


async def fuzz(seed: int, events: int, found: Found) -> None:
    """One session and so many events; raises `AssertionError` where it crashes or hangs."""
    draw = random.Random(seed)
    asked = draw.choice(DIALECTS)
    wire = Wire(asked, found)
    settings = replace(draw.choice([Settings(), PRODUCT_SETTINGS]), instructions="Be brief.")
    plan = CallPlan(f"sess_{seed}", f"conv_{seed}", "gpt-realtime", settings)
    connection = Connection(
        cast(WebSocket, wire), plan, scripted(), {"eve": "eve", "ara": "ara"}.get, AudioFraming.JSON, asked
    )
    client = Client(draw, wire)
    async with asyncio.timeout(events * 10 + 600), asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(connection.hold())
        for _ in range(events):
            await wire.send(client.frame())
            found.sent += 1
            await asyncio.sleep(draw.choice([0, 0, 0, 0.02, 0.5]))
            if wire.said_goodbye:
                return  # the caller was silent for too long
            assert not holding.done(), f"seed {seed}: the session ended by itself with {wire.close_code}"
        last = {"type": "conversation.item.retrieve", "item_id": "item_that_is_not", "event_id": "last"}
        await wire.send(json.dumps(last))
        await wire.answered.wait()
        await wire.hang_up()
    assert wire.close_code in (None, 1000), f"seed {seed}: closed with {wire.close_code}"
