"""Records as the ACP API shows them. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.agents.resources import PhoneNumber
from vivavoce.api.acp import shapes
from vivavoce.api.dependencies import pagination_token
from vivavoce.store.records import AgentRecord, MessageRecord, Page, PageRequest, SessionRecord, ThreadRecord
from vivavoce.store.resources import Resource

BROKERED = "xai_brokered"
"""The `provider` of a session whose call xAI holds: this server hears nothing of it but what clients append."""

_Status: TypeAlias = Literal["initializing", "active", "completed", "failed", "cancelled"]
_STATUSES: dict[SessionStatus, _Status] = {
    SessionStatus.INITIALIZING: "initializing",
    SessionStatus.ACTIVE: "active",
    SessionStatus.COMPLETED: "completed",
    SessionStatus.FAILED: "failed",
    SessionStatus.CANCELLED: "cancelled",
    SessionStatus.EXPIRED: "completed",
}


def voice_session(session: SessionRecord) -> shapes.VoiceSession:
    details = session.details
    metadata = dict(details.metadata)
    if session.status is SessionStatus.EXPIRED:
        metadata["end_reason"] = session.end_reason or "expired"
    return shapes.VoiceSession(
        id=session.session_id,
        agent_id=session.agent_id,
        thread_id=session.thread_id,
        binding_id=details.binding_id,
        provider="xai",
        channel="phone" if session.channel == "phone" else "web",
        status=_STATUSES[session.status],
        xai_call_id=details.call_id,
        xai_session_id=None if details.provider == BROKERED else session.session_id,
        from_number=details.from_number,
        to_number=details.to_number,
        started_at=session.started_at,
        ended_at=session.ended_at,
        duration_seconds=session.duration_seconds,
        metadata=metadata,
    )


def thread(record: ThreadRecord) -> shapes.Thread:
    return shapes.Thread(
        id=record.thread_id,
        environment_id=record.environment_id,
        agent_id=record.agent_id,
        title=record.title,
        status=record.status,
        message_count=record.message_count,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def thread_with_messages(record: ThreadRecord, said: Sequence[MessageRecord]) -> shapes.ThreadWithMessages:
    """`said`: the oldest first."""
    return shapes.ThreadWithMessages(**dict(thread(record)), messages=[_message(each) for each in said])


def _message(record: MessageRecord) -> shapes.ThreadMessage:
    said = record.message
    return shapes.ThreadMessage(
        id=record.message_id,
        role=said.role,
        content=said.content,
        session_id=said.session_id,
        interrupted=said.interrupted,
        created_at=record.created_at,
    )


def voice_agent(
    record: AgentRecord, number: Resource[PhoneNumber] | None, recent: Sequence[SessionRecord]
) -> shapes.VoiceAgent:
    return shapes.VoiceAgent(
        agent=_agent(record),
        voice=_voice(record),
        phone_number=None if number is None else _phone_number(number),
        recent_sessions=[voice_session(session) for session in recent],
    )


def pagination(request: PageRequest, page: Page[Any]) -> shapes.AcpPagination:
    return shapes.AcpPagination(
        total=page.total or 0,
        limit=request.limit,
        offset=request.offset,
        pagination_token=pagination_token(page.next_seq),
    )


def _agent(record: AgentRecord) -> shapes.AcpAgent:
    definition = record.definition
    return shapes.AcpAgent(
        id=record.agent_id,
        name=definition.name,
        description=definition.description,
        instructions=replace(definition, voice_instructions="").whole_instructions,
        model=definition.model,
        status=record.status,
        version=record.version,
        metadata=dict(definition.metadata),
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _voice(record: AgentRecord) -> shapes.AgentVoice:
    definition = record.definition
    turns = definition.turn_detection
    return shapes.AgentVoice(
        mode=definition.channels,
        enabled=definition.channels != "off",
        provider=definition.voice_provider,
        model=definition.voice_model,
        voice_id=definition.voice,
        instructions=definition.voice_instructions,
        language_hint=definition.language,
        turn_detection=shapes.TurnDetectionObject(
            type="semantic_vad" if turns.kind == "semantic" else turns.kind,
            threshold=turns.threshold,
            prefix_padding_ms=turns.prefix_padding_ms,
            silence_duration_ms=turns.silence_duration_ms,
            eagerness=turns.eagerness,
            create_response=turns.create_response,
            interrupt_response=turns.interrupt_response,
        ),
        pronunciation_replacements=dict(definition.pronunciations),
    )


def _phone_number(number: Resource[PhoneNumber]) -> shapes.AcpPhoneNumberObject:
    body = number.body
    return shapes.AcpPhoneNumberObject(
        id=number.resource_id,
        status=body.status,
        origin="byo_trunk" if body.origin == "byo_trunk" else "xai_provisioned",
        phone_number=body.number,
        name=body.name,
        sip_uri=body.sip_uri,
        provider=body.provider,
        metadata=dict(body.metadata),
        created_at=number.created_at,
        updated_at=number.updated_at,
    )
