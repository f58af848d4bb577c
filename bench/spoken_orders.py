"""The order desk of the xAI guide, called aloud: `lookup_order` is run by the client, and its result is told aloud.

    python -m bench.spoken_orders [--profile standard|small] [--voice NAME]

The caller asks about an order and says its number; right is a lookup of 12345 and an answer that tells what it brought.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from bench.corpus import CLIPS, Clip, clips
from bench.server import KEY, measured_server
from bench.spoken_quiz import spoken
from vivavoce.client.realtime import RealtimeClient
from vivavoce.engines.ports import VOICE_RATE_HZ, Samples
from vivavoce.media.pcm import pcm16_from_samples

INSTRUCTIONS = "You are a friendly order support agent for Acme Corp. Look up orders when asked."
LOOKUP: dict[str, Any] = {
    "type": "function",
    "name": "lookup_order",
    "description": "Look up the status of an order.",
    "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}
ORDER_ID = "12345"
STATUS = {"status": "shipped", "arrives": "Tuesday"}
TOLD = ("shipped", "tuesday")
SAID = ("Hello, I would like to know the status of my order.", "My order number is one two three four five.")
BREATH_SECONDS = 2.0
FRAME_SECONDS = 0.1
QUIET_SECONDS = 2.0
TURN_SECONDS = 60.0
_DIGITS = {word: str(number) for number, word in enumerate("zero one two three four five six seven eight nine".split())}


@dataclass(slots=True)
class Held:
    """What a call gave. `sounds`: the agent's sound, turn by turn; `said`: its words."""

    order_ids: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    sounds: list[bytes] = field(default_factory=list)

    @property
    def right(self) -> bool:
        told = self.said[-1].casefold() if self.said else ""
        return ORDER_ID in self.order_ids and any(word in told for word in TOLD)


def digits_of(order_id: str) -> str:
    """A number as it may be written when it was spoken: `12345`, `1 2 3 4 5`, `one two three four five`."""
    words = re.findall(r"\d|[a-z]+", order_id.casefold())
    return "".join(_DIGITS.get(word, word if word.isdigit() else "") for word in words)


async def hold(
    url: str, key: str, tools: Sequence[dict[str, Any]], said: Sequence[Samples], voice: str | None = None
) -> Held:
    """One call: say each (n,) at 24 kHz, wait for its answer; `lookup_order` of the client's is answered at once."""
    held = Held()
    async with RealtimeClient.connect(url, key) as call:
        output = {} if voice is None else {"output": {"voice": voice}}
        audio = {"input": {"transcription": {"model": "default"}}, **output}
        own = {"tool_calls": True}
        await call.update_session({"instructions": INSTRUCTIONS, "tools": list(tools), "audio": audio, "vivavoce": own})
        await asyncio.sleep(BREATH_SECONDS)
        for samples in said:
            await _speak(call, samples)
            async with asyncio.timeout(TURN_SECONDS):
                await _answer(call, held)
    return held


async def _speak(call: RealtimeClient, samples: Samples) -> None:
    audio = pcm16_from_samples(np.concatenate([samples, np.zeros(round(QUIET_SECONDS * VOICE_RATE_HZ), np.float32)]))
    step = round(FRAME_SECONDS * VOICE_RATE_HZ) * 2
    for start in range(0, len(audio), step):
        await call.append_audio(audio[start : start + step])
        await asyncio.sleep(FRAME_SECONDS)


async def _answer(call: RealtimeClient, held: Held) -> None:
    """Until a reply has ended in words that is not about to be followed by another."""
    sound, running = bytearray(), 0
    async for event in call:
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                held.heard.append(event["transcript"])
            case "response.output_audio.delta":
                sound += base64.b64decode(event["delta"])
            case "vivavoce.tool_call.started":
                running += 1
                held.order_ids.append(digits_of(event["arguments"]))
            case "vivavoce.tool_call.ended":
                running -= 1
            case "response.done" if event["response"]["status"] == "completed":
                outputs = event["response"]["output"]
                called = [each for each in outputs if each["type"] == "function_call"]
                for each in called:
                    held.order_ids.append(digits_of(each["arguments"]))
                    await call.create_function_output(each["call_id"], json.dumps(STATUS))
                if called:
                    await call.create_response()
                words = " ".join(part.get("transcript", "") for each in outputs for part in each.get("content", ()))
                if words.strip() and not called and not running:
                    held.said.append(words.strip())
                    held.sounds.append(bytes(sound))
                    return
            case "error":
                raise SystemExit(f"the server refused: {event['error']}")
            case _:
                pass


def callers(http: httpx.Client) -> dict[str, list[Samples]]:
    """The recorded caller, where the recordings are, and one of the server's own voices."""
    found = {"rex": [spoken(http, text, "rex").samples for text in SAID]}
    if CLIPS.is_dir():
        recorded: dict[str, Clip] = {clip.name: clip for clip in clips()}
        found["recorded"] = [recorded[name].samples for name in ("order_status", "check_order_12345")]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--voice", default="eve")
    chosen = parser.parse_args()
    right = []
    with (
        measured_server("--profile", chosen.profile) as server,
        httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {KEY}"}, timeout=120) as http,
    ):
        for name, said in callers(http).items():
            tools = [LOOKUP, {"type": "web_search"}]
            held = asyncio.run(hold(server.url, KEY, tools, said, chosen.voice))
            right.append(held.right)
            print(f"{'right' if held.right else 'WRONG'} {name}: heard {held.heard}, looked up {held.order_ids}")
            print("".join(f"      {words}\n" for words in held.said), end="", flush=True)
    raise SystemExit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
