"""Sessions of Opus: how they are asked for and echoed, and which messages are taken for sound."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from vivavoce.conversation import notices
from vivavoce.conversation.events import ItemCreateRequested
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.dialects.realtime.codec import AudioReceived, CallConfigured, ItemWithSound, RealtimeCodec
from vivavoce.dialects.wire import WireAudio, WireError

PACKET = bytes([1 << 3, 7, 7])
"""20 ms of speech, from outside. Not an even number of bytes: nothing may take it for PCM."""

NO_PACKET = bytes([1 << 3 | 3, 0, 7])
OPUS = {"type": "audio/opus"}


def codec_of(asked: Asked = Asked(), **options: Any) -> RealtimeCodec:  # noqa: B008 - a frozen value
    return RealtimeCodec(
        session_id="sess_1",
        conversation_id="conv_1",
        model="vivavoce",
        settings=Settings(),
        resolve_voice=lambda name: name,
        asked=asked,
        **options,
    )


@pytest.fixture
def codec() -> RealtimeCodec:
    return codec_of(session={"audio": {"input": {"format": OPUS}, "output": {"format": OPUS}}})


def event(kind: str, **fields: Any) -> client_events.ClientEvent:
    return client_events.decode(json.dumps({"type": kind, "event_id": "e1", **fields}))


def append(audio: bytes) -> client_events.ClientEvent:
    return event("input_audio_buffer.append", audio=base64.b64encode(audio).decode())


def update(codec: RealtimeCodec, session: dict[str, Any]) -> CallConfigured:
    configured = codec.receive(event("session.update", session=session))
    assert isinstance(configured, CallConfigured)
    return configured


def echoed(codec: RealtimeCodec) -> dict[str, Any]:
    frames = codec.send(notices.SessionUpdated(codec.configuration.command.settings))
    session: dict[str, Any] = json.loads(frames[0])["session"]
    return session


# --- asking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize(
    ("written", "rate_hz"),
    [
        pytest.param(OPUS, 24_000, id="without a rate it is 24 kHz"),
        pytest.param({**OPUS, "rate": 24_000}, 24_000, id="with xAI's rate"),
        pytest.param({**OPUS, "rate": 48_000}, 48_000, id="with another rate that Opus has"),
    ],
)
def test_either_side_may_ask_for_opus_and_is_told_so(written: dict[str, Any], rate_hz: int, side: str) -> None:
    codec = codec_of()
    configured = update(codec, {"audio": {side: {"format": written}}})
    formats = {"input": configured.input_audio, "output": configured.output_audio}
    assert formats.pop(side) == WireAudio("opus", rate_hz)
    assert list(formats.values()) == [WireAudio("pcm16", 24_000)]
    assert echoed(codec)["audio"][side]["format"] == written


@pytest.mark.parametrize(
    ("written", "param"),
    [
        pytest.param({**OPUS, "rate": 44_100}, "session.audio.input.format.rate", id="a rate that Opus does not have"),
        pytest.param({**OPUS, "rate": "fast"}, "session.audio.input.format.rate", id="a rate that is a word"),
    ],
)
def test_a_format_that_is_none_is_refused_and_the_one_before_stays(written: dict[str, Any], param: str) -> None:
    codec = codec_of()
    with pytest.raises(WireError) as refused:
        update(codec, {"audio": {"input": {"format": written}}})
    assert (refused.value.code, refused.value.param) == ("invalid_value", param)
    assert codec.configuration.input_audio == WireAudio("pcm16", 24_000)


def test_a_session_that_did_not_ask_hears_nothing_of_opus() -> None:
    codec = codec_of()
    assert "opus" not in json.dumps(echoed(codec))


def test_the_beta_asks_and_is_told_by_a_name() -> None:
    codec = codec_of(Asked(beta=True))
    assert update(codec, {"output_audio_format": "opus"}).output_audio == WireAudio("opus", 24_000)
    assert echoed(codec)["output_audio_format"] == "opus"
    assert echoed(codec)["input_audio_format"] == "pcm16"


def test_a_session_that_is_kept_for_later_keeps_its_formats(codec: RealtimeCodec) -> None:
    update(codec, {"resumption": {"enabled": True}, "audio": {"output": {"format": {**OPUS, "rate": 48_000}}}})
    again = codec_of(session=codec.resumption)
    assert again.configuration.input_audio == WireAudio("opus", 24_000)
    assert again.configuration.output_audio == WireAudio("opus", 48_000)


# --- sound ----------------------------------------------------------------------------------------------------------


def test_a_packet_is_taken_whole_in_an_event_and_in_a_binary_frame(codec: RealtimeCodec) -> None:
    assert codec.receive(append(PACKET)) == AudioReceived(PACKET)
    assert codec.receive_binary(PACKET) == AudioReceived(PACKET)


@pytest.mark.parametrize("audio", [b"", NO_PACKET], ids=["nothing", "a packet of no frames"])
@pytest.mark.parametrize(
    ("send", "event_id"),
    [
        pytest.param(lambda codec, audio: codec.receive(append(audio)), "e1", id="in an event, which is named"),
        pytest.param(lambda codec, audio: codec.receive_binary(audio), None, id="in a binary frame"),
    ],
)
def test_what_is_no_packet_is_refused(
    codec: RealtimeCodec, send: Callable[[RealtimeCodec, bytes], object], event_id: str | None, audio: bytes
) -> None:
    with pytest.raises(WireError, match=r"send one Opus packet|is empty") as refused:
        send(codec, audio)
    assert (refused.value.code, refused.value.param, refused.value.event_id) == ("invalid_value", "audio", event_id)
    assert codec.receive(append(PACKET)) == AudioReceived(PACKET)


def test_from_the_next_message_on_sound_is_of_the_new_format(codec: RealtimeCodec) -> None:
    update(codec, {"audio": {"input": {"format": {"type": "audio/pcmu"}}}})
    assert codec.receive(append(NO_PACKET)) == AudioReceived(NO_PACKET)
    update(codec, {"audio": {"input": {"format": OPUS}}})
    with pytest.raises(WireError):
        codec.receive(append(NO_PACKET))


def test_the_sound_of_an_item_is_pcm(codec: RealtimeCodec) -> None:
    def create(audio: bytes) -> client_events.ClientEvent:
        content = [{"type": "input_audio", "audio": base64.b64encode(audio).decode()}]
        return event("conversation.item.create", item={"type": "message", "role": "user", "content": content})

    taken = codec.receive(create(NO_PACKET + b"\x00"))
    assert isinstance(taken, ItemWithSound)
    assert (taken.audio, type(taken.command)) == (NO_PACKET + b"\x00", ItemCreateRequested)
    with pytest.raises(WireError, match="16-bit samples"):
        codec.receive(create(NO_PACKET))
