"""What must be true of a talk on the wire, whichever client held it. Each claim fails with the frames of the talk."""

from __future__ import annotations

import base64
import json
from typing import Any

import pydantic
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.compliance.counterpart import Encounter
from tests.compliance.talking_server import HEARD, STORY, Wire

_STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)

AUDIO_BYTES_A_SECOND = 48_000


def no_errors(wire: Wire) -> None:
    """The server refused nothing."""
    errors = wire.told("error")
    assert not errors, f"{errors}\n{wire.story()[-12_000:]}"


def strictly_openai(wire: Wire) -> None:
    """Every event of the server is one that a client with strict types takes."""
    for by, frame in wire.frames:
        if by == "server":
            try:
                _STRICT.validate_python(frame)
            except pydantic.ValidationError as error:
                raise AssertionError(f"{json.dumps(frame)[:2000]}\n{error}") from error


def spoke(encounter: Encounter) -> None:
    """The caller was heard, and the reply was said aloud to its end."""
    wire = encounter.wire
    assert wire.told("input_audio_buffer.speech_started"), wire.story()
    assert wire.told("input_audio_buffer.committed"), wire.story()
    statuses = [done["response"]["status"] for done in wire.told("response.done")]
    assert statuses[-1] == "completed", wire.story()
    assert f"You said: {HEARD}" in said_aloud(wire)
    assert audio_bytes(wire) > AUDIO_BYTES_A_SECOND


def wrote(encounter: Encounter, question: str) -> None:
    """A question in writing was answered in writing, without a sound."""
    wire = encounter.wire
    texts = [done["text"] for done in wire.told("response.output_text.done")]
    assert texts == [f"You said: {question}"], wire.story()
    assert not wire.told("response.output_audio.delta")


def called_the_function(encounter: Encounter, result: str) -> None:
    """The function was called once, its result came back, and the reply was made from it."""
    wire = encounter.wire
    [call] = wire.told("response.function_call_arguments.done")
    assert (call["name"], json.loads(call["arguments"])) == ("weather", {"city": "Bern"}), wire.story()
    outputs = [
        event["item"]
        for event in wire.sent("conversation.item.create")
        if event["item"]["type"] == "function_call_output"
    ]
    assert [output["call_id"] for output in outputs] == [call["call_id"]], wire.story()
    assert result in outputs[0]["output"]
    assert encounter.requests[-1].messages[-1].role == "tool"
    assert result in (said_aloud(wire) or written(wire)), wire.story()


def was_interrupted(encounter: Encounter) -> None:
    """The story ended cancelled, the next reply came, and the model was told only what was heard of the story."""
    wire = encounter.wire
    responses = [done["response"] for done in wire.told("response.done")]
    assert [response["status"] for response in responses[-2:]] == ["cancelled", "completed"], wire.story()
    assert responses[-2]["status_details"]["reason"] in {"turn_detected", "client_cancelled"}
    assert f"You said: {HEARD}" in said_aloud(wire)
    heard = [message.text for message in encounter.requests[-1].messages if message.role == "assistant"]
    assert all(len(text) < len(STORY) / 2 for text in heard), heard
    for text in heard:
        assert STORY.startswith(text.rstrip(" …-—.")), text


def said_aloud(wire: Wire) -> str:
    """All transcripts of what the agent said."""
    return " ".join(done["transcript"] for done in wire.told("response.output_audio_transcript.done"))


def written(wire: Wire) -> str:
    """All that the agent wrote."""
    return " ".join(done["text"] for done in wire.told("response.output_text.done"))


def audio_bytes(wire: Wire) -> int:
    """How much sound went to the client."""
    return sum(len(base64.b64decode(delta["delta"])) for delta in wire.told("response.output_audio.delta"))
