"""What the realtime protocol costs: microseconds for one `append` of 20 ms in, and one `output_audio.delta` out.

One thread, no socket, no event loop: the codec alone, as every session runs it fifty times a second each way.

    python -m bench.realtime_codec [--rounds 20000]
"""

from __future__ import annotations

import argparse
import base64
import json
import time
from collections.abc import Callable

from bench.figures import percentile
from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import ItemStatus, Message, Part, PartKind, Role
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.codec import RealtimeCodec

FRAME = bytes(range(256)) * 3 + bytes(192)
"""20 ms of 16-bit samples at 24 kHz: 960 bytes."""

REPLY = ReplyId("resp_0123456789ab_000001")
BATCH = 20
"""Calls a measurement, so that reading the clock does not count."""


def codec_of(asked: Asked) -> RealtimeCodec:
    codec = RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=Settings(),
        resolve_voice=lambda name: name,
        asked=asked,
    )
    begun = Message(
        ItemId("item_0123456789ab_000001"),
        Role.ASSISTANT,
        (Part(PartKind.OUTPUT_AUDIO, ""),),
        ItemStatus.IN_PROGRESS,
    )
    codec.send(notices.ReplyMessageAdded(REPLY, 0, begun, begun.parts[0], None))
    return codec


def microseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """The time of one call, in each of the rounds."""
    found: list[float] = []
    for _ in range(rounds // BATCH):
        begun = time.perf_counter_ns()
        for _ in range(BATCH):
            work()
        found.append((time.perf_counter_ns() - begun) / BATCH / 1000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20_000)
    rounds = parser.parse_args().rounds
    append = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(FRAME).decode()})
    codec, beta = codec_of(NOTHING_ASKED), codec_of(Asked(beta=True))
    work: dict[str, Callable[[], object]] = {
        "append in": lambda: codec.receive(client_events.decode(append)),
        "binary frame in": lambda: codec.receive_binary(FRAME),
        "output_audio.delta out": lambda: codec.send_audio(REPLY, FRAME),
        "audio.delta out (beta)": lambda: beta.send_audio(REPLY, FRAME),
    }
    for name, each in work.items():
        found = microseconds(each, rounds)
        print(f"{name:24} median {percentile(found, 50):5.2f} µs   p95 {percentile(found, 95):5.2f} µs")


if __name__ == "__main__":
    main()
