"""Threads: what was said, in one session after another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from vivavoce.agents import checks
from vivavoce.agents.checks import check_metadata
from vivavoce.agents.identifiers import Kind
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Deleted, Listed, given, identifier, listed
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.services.sessions import MESSAGE_LENGTH_MAXIMUM, TITLE_LENGTH_MAXIMUM
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import MessageRecord, NewMessage, ThreadRecord
from vivavoce.store.threads import NewThread

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Threads"])

ThreadId = Annotated[str, Path(description="The thread's id, in any rendering.")]


class ThreadObject(BaseModel):
    """A thread."""

    id: str = Field(description="`thr_…`.")
    agent_id: str | None = Field(description="The agent of the session that began it.")
    environment_id: str | None = Field(description="Where its agent's tools run.")
    title: str | None = Field(description="What people call it.")
    status: str = Field(description="`active` or `archived`.")
    message_count: int = Field(description="How many messages it has.")
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was begun.")
    updated_at: datetime = Field(description="When something was last said or changed.")


class NewThreadBody(BaseModel):
    """A thread to begin."""

    agent_id: str | None = Field(default=None, description="An agent that it belongs to.")
    title: str | None = Field(default=None, max_length=TITLE_LENGTH_MAXIMUM, description="What people call it.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="The client's own words about it.")


class ThreadChanges(BaseModel):
    """What to change; what is not given stays."""

    title: str | None = Field(default=None, max_length=TITLE_LENGTH_MAXIMUM, description="A new title, or null.")
    status: Literal["active", "archived"] = Field(default="active", description="`archived` puts it away.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Replaces the former.")


class ToolCallObject(BaseModel):
    """A tool that the agent called, or that a message answers: the message's content is what came of it."""

    call_id: str = Field(description="Ties a call to its answer.")
    name: str = Field(description="The tool.")
    arguments: str = Field(description="JSON, as the model wrote it.")
    kind: str = Field(
        description="`function` is run by the client; the server runs `webhook`, `mcp`, `file_search`, `web_search`, "
        "`x_search` and `system`."
    )
    label: str = Field(description="The label of its MCP server; empty for all else.")
    failure: str | None = Field(
        description="Of an answer: why nothing came of the call, such as `timed_out` or `refused`; null: it worked, or "
        "the client ran it."
    )
    duration_ms: int | None = Field(description="Of an answer: how long the server's call took, in milliseconds.")
    asked_by: str = Field(
        description="`agent`, `server` if it searched in its place, or `client` if the client put the call into the "
        "conversation."
    )


class MessageObject(BaseModel):
    """Something that was said."""

    id: str = Field(description="`msg_…`.")
    thread_id: str = Field(description="The thread that it is part of.")
    session_id: str | None = Field(description="The session in which it was said.")
    role: Literal["user", "assistant", "system", "tool"] = Field(description="Who said it.")
    content: str = Field(description="The words; of the agent's, those that were heard.")
    generated_text: str | None = Field(
        description="All that was generated of an answer of which not all was heard; null where `content` is all of it."
    )
    tool_call: ToolCallObject | None = Field(description="The call of a tool that this is, or answers.")
    start_ms: int | None = Field(description="Where it began in the caller's audio, in milliseconds.")
    end_ms: int | None = Field(description="Where it ended in the caller's audio, in milliseconds.")
    interrupted: bool = Field(description="Whether the caller broke in on it.")
    created_at: datetime = Field(description="When it was kept.")


class NewMessageBody(BaseModel):
    """Something to add to a thread."""

    role: Literal["user", "assistant", "system"] = Field(default="user", description="Who said it.")
    content: str = Field(min_length=1, max_length=MESSAGE_LENGTH_MAXIMUM, description="The words.")
    client_id: str | None = Field(
        default=None, min_length=1, max_length=255, description="The same one again is the same message."
    )


@router.get("/v1/threads", summary="List threads")
async def list_threads(
    platform: PlatformOf,
    caller: Reader,
    page: PageOf,
    agent_id: Annotated[str | None, Query(description="Only threads of this agent.")] = None,
) -> Listed[ThreadObject]:
    wanted = None if agent_id is None else (await platform.agents.get(caller, agent_id, even_deleted=True)).agent_id
    return listed(await platform.store.threads.list(caller.organisation_id, page, agent_id=wanted), thread_object)


@router.post("/v1/threads", status_code=201, summary="Begin a thread")
async def create_thread(platform: PlatformOf, caller: Writer, body: NewThreadBody) -> ThreadObject:
    check_metadata(body.metadata)
    if body.title is not None:
        checks.storable("title", body.title)
    agent_id = None if body.agent_id is None else (await platform.agents.get(caller, body.agent_id)).agent_id
    new = NewThread(caller.organisation_id, agent_id, None, body.title, body.metadata)
    return thread_object(await platform.store.threads.add(new))


@router.get("/v1/threads/{thread_id}", summary="Get a thread")
async def get_thread(platform: PlatformOf, caller: Reader, thread_id: ThreadId) -> ThreadObject:
    return thread_object(await _thread(platform, caller, thread_id))


@router.patch("/v1/threads/{thread_id}", summary="Change a thread")
async def change_thread(platform: PlatformOf, caller: Writer, thread_id: ThreadId, body: ThreadChanges) -> ThreadObject:
    check_metadata(body.metadata)
    if body.title is not None:
        checks.storable("title", body.title)
    named = identifier(Kind.THREAD, thread_id, "thread")
    changes = given(body, "title", "status", "metadata")
    return thread_object(await platform.store.threads.change(caller.organisation_id, named, changes))


@router.delete("/v1/threads/{thread_id}", summary="Delete a thread")
async def delete_thread(platform: PlatformOf, caller: Writer, thread_id: ThreadId) -> Deleted:
    thread = await _thread(platform, caller, thread_id)
    await platform.store.threads.delete(caller.organisation_id, thread.seq)
    return Deleted(id=thread.thread_id)


@router.get("/v1/threads/{thread_id}/messages", summary="Read a thread")
async def list_messages(
    platform: PlatformOf, caller: Reader, page: PageOf, thread_id: ThreadId
) -> Listed[MessageObject]:
    thread = await _thread(platform, caller, thread_id)
    threads = platform.store.threads
    messages = await threads.messages(caller.organisation_id, page, thread_id=thread.thread_id)
    return listed(messages, message_object)


@router.post("/v1/threads/{thread_id}/messages", status_code=201, summary="Add a message to a thread")
async def add_message(platform: PlatformOf, caller: Writer, thread_id: ThreadId, body: NewMessageBody) -> MessageObject:
    checks.text("content", body.content, MESSAGE_LENGTH_MAXIMUM)
    if body.client_id is not None:
        checks.storable("client_id", body.client_id)
    thread = await _thread(platform, caller, thread_id)
    new = NewMessage(body.role, body.content, client_id=body.client_id)
    message, newly = await platform.store.threads.append(thread, new)
    if newly:
        await platform.sessions.announce_message(message)
    return message_object(message)


def thread_object(thread: ThreadRecord) -> ThreadObject:
    return ThreadObject(
        id=thread.thread_id,
        agent_id=thread.agent_id,
        environment_id=thread.environment_id,
        title=thread.title,
        status=thread.status,
        message_count=thread.message_count,
        metadata=dict(thread.metadata),
        created_at=thread.created_at,
        updated_at=thread.updated_at,
    )


def message_object(record: MessageRecord) -> MessageObject:
    said = record.message
    told = said.tool_call
    call = None if told is None else tool_call_object(told)
    return MessageObject(
        id=record.message_id,
        thread_id=record.thread_id,
        session_id=said.session_id,
        role=said.role,
        content=said.content,
        generated_text=said.generated_text,
        tool_call=call,
        start_ms=said.start_ms,
        end_ms=said.end_ms,
        interrupted=said.interrupted,
        created_at=record.created_at,
    )


def tool_call_object(told: Mapping[str, Any]) -> ToolCallObject:
    """Calls that were kept before servers ran any have the first three fields alone."""
    return ToolCallObject(
        call_id=str(told.get("call_id", "")),
        name=str(told.get("name", "")),
        arguments=str(told.get("arguments", "")),
        kind=str(told.get("kind", "function")),
        label=str(told.get("label", "")),
        failure=told.get("failure"),
        duration_ms=told.get("duration_ms"),
        asked_by=str(told.get("asked_by", "agent")),
    )


async def _thread(platform: Platform, caller: Caller, thread_id: str) -> ThreadRecord:
    named = identifier(Kind.THREAD, thread_id, "thread")
    found = await platform.store.threads.get(caller.organisation_id, named)
    if found is None:
        raise UnknownRecordError("thread", thread_id)
    return found
