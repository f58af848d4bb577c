"""What clients of xAI's Voice Agent API do on `/v1/realtime`, over a real socket on loopback."""

from __future__ import annotations

import json
from typing import Any

from tests.transports.endpoint_serving import (
    Doorkeeper,
    as_base64,
    calling,
    endpoint_serving,
    frame,
    kinds,
    send,
    speech,
    type_text,
    until,
)

AGENT: dict[str, Any] = {
    "instructions": "You are a friendly order support agent for Acme Corp.",
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "lookup_order",
                "description": "Look up the status of a customer order",
                "parameters": {
                    "type": "object",
                    "properties": {"order_id": {"type": "string"}},
                    "required": ["order_id"],
                },
            },
        },
        {"type": "web_search"},
    ],
    "voice": {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300},
}


async def test_the_configuration_of_an_agent_is_passed_to_a_session() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as ws:
        # the client does not wait for the server's first events
        await ws.send(
            json.dumps(
                {
                    "type": "session.update",
                    "session": {
                        "voice": AGENT["voice"]["voice_id"],
                        "instructions": AGENT["instructions"],
                        "tools": AGENT["tools"],
                        "turn_detection": {
                            "type": "server_vad",
                            "threshold": AGENT["voice"].get("vad_threshold", 0.5),
                            "silence_duration_ms": AGENT["voice"].get("vad_silence_duration_ms", 300),
                        },
                    },
                }
            )
        )
        updated = (await until(ws, "session.updated"))[-1]
        assert isinstance(updated, dict)
        session = updated["session"]
        assert (session["voice"], session["instructions"]) == ("eve", AGENT["instructions"])
        assert session["tools"] == AGENT["tools"]
        assert session["turn_detection"]["silence_duration_ms"] == 300
        await send(ws, "input_audio_buffer.append", audio=as_base64(speech()))
        answer = await until(ws, "response.done")
        assert {"input_audio_buffer.speech_started", "response.output_audio.delta"} <= set(kinds(answer))
        request = served.model.requests[-1]
        assert [tool.name for tool in request.tools] == ["lookup_order"]
        assert AGENT["instructions"] in request.messages[0].text


async def test_typed_words_are_answered_with_a_transcript_that_streams() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as ws:
        await send(ws, "session.update", session={"voice": "ara", "instructions": "Be brief."})
        await type_text(ws, "What time is it?")
        answer = await until(ws, "response.done")
        stem = "response.output_audio_transcript"
        said = [each for each in answer if isinstance(each, dict) and each["type"].startswith(stem)]
        assert "".join(each["delta"] for each in said if each["type"] == f"{stem}.delta") == "It is noon."
        assert said[-1]["transcript"] == "It is noon."


async def test_a_text_client_reads_the_older_name_of_written_words() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as ws:
        await send(ws, "session.update", session={"voice": "ara", "modalities": ["text"]})
        await type_text(ws, "What time is it?")
        answer = await until(ws, "response.done")
        deltas = [each["delta"] for each in answer if isinstance(each, dict) and each["type"] == "response.text.delta"]
        assert "".join(deltas) == "It is noon."


async def test_a_wrong_field_is_told_as_it_was_spelled_and_the_session_goes_on() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as ws:
        await until(ws, "conversation.created")
        await send(ws, "session.update", session={"turn_detection": {"type": "server_vad", "threshold": "loud"}})
        told = await frame(ws)
        assert isinstance(told, dict)
        assert (told["type"], told["error"]["param"]) == ("error", "session.turn_detection.threshold")
        await type_text(ws, "What time is it?")
        await until(ws, "response.done")
