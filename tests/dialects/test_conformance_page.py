"""The conformance table of the reference page against both vendors' events and the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent

from tests.dialects.test_realtime_output import TOLD
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.client_events import CLIENT_EVENT_TYPES
from vivavoce.dialects.realtime.codec import RealtimeCodec
from vivavoce.dialects.realtime.server_events import SENT_TO_ALL, SENT_WHEN_ASKED, SERVER_EVENT_TYPES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "realtime.md").read_text()


def types_of(union: Any) -> set[str]:
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields["type"].annotation)[0] for member in members}


OPENAI_CLIENT, OPENAI_SERVER = types_of(RealtimeClientEvent), types_of(RealtimeServerEvent)
XAI_CLIENT = OPENAI_CLIENT - {"conversation.item.retrieve", "output_audio_buffer.clear"}
XAI_SERVER = (
    OPENAI_SERVER
    - {
        "conversation.item.done",
        "conversation.item.retrieved",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.failed",
        "conversation.item.input_audio_transcription.segment",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "output_audio_buffer.cleared",
        "rate_limits.updated",
    }
) | {
    "conversation.item.input_audio_transcription.updated",
    "response.text.delta",
    "response.text.done",
    "ping",
}
"""What xAI's documents list, and what third parties saw it send besides."""

BETA_CLIENT = {"transcription_session.update"}


def rows(heading: str) -> dict[str, tuple[bool, bool, str]]:
    """Event → whether OpenAI has it, whether xAI has it, what it is here."""
    section = PAGE.split(f"\n{heading}\n")[1].split("\n##")[0]
    found = re.findall(r"^\| `([^`]+)` \| (yes|–) \| (yes|–) \| ([^|]+) \|$", section, re.MULTILINE)
    return {kind: (openai == "yes", xai == "yes", here.strip()) for kind, openai, xai, here in found}


def test_the_table_has_every_client_event_of_both_vendors_and_what_the_code_does_with_it() -> None:
    written = rows("### Events of clients")
    assert written.keys() == OPENAI_CLIENT | XAI_CLIENT | BETA_CLIENT
    for kind, (openai, xai, here) in written.items():
        assert (openai, xai) == (kind in OPENAI_CLIENT, kind in XAI_CLIENT), kind
        assert here in ("supported", "refused"), kind
        assert kind in CLIENT_EVENT_TYPES, kind


def test_the_table_has_every_server_event_of_both_vendors_and_whether_it_is_sent() -> None:
    written = rows("### Events of the server")
    assert written.keys() == OPENAI_SERVER | XAI_SERVER
    for kind, (openai, xai, here) in written.items():
        assert (openai, xai) == (kind in OPENAI_SERVER, kind in XAI_SERVER), kind
        status = "supported" if kind in SENT_TO_ALL else "only when asked" if kind in SENT_WHEN_ASKED else "no"
        assert here.partition(":")[0] == status, kind


def test_what_the_table_leaves_out_is_this_servers_own() -> None:
    own = {"session.ended", "vivavoce.turn.timings", "vivavoce.overlap.ignored"}
    own |= {"vivavoce.tool_call.started", "vivavoce.tool_call.ended"}
    assert set(SERVER_EVENT_TYPES) - OPENAI_SERVER - XAI_SERVER == own
    assert set(CLIENT_EVENT_TYPES) - OPENAI_CLIENT - XAI_CLIENT - BETA_CLIENT == {"vivavoce.output_audio.played"}


@pytest.mark.parametrize(("notice", "kinds"), TOLD.values(), ids=TOLD.keys())
def test_a_client_that_asked_for_nothing_gets_no_event_of_another_dialect(notice: Notice, kinds: list[str]) -> None:
    codec = RealtimeCodec(
        session_id="s", conversation_id="c", model="m", settings=Settings(), resolve_voice=lambda name: name
    )
    sent = {re.findall(r'"type":"([^"]+)"', frame)[0] for frame in codec.send(notice)}
    assert sent <= set(SENT_TO_ALL)
