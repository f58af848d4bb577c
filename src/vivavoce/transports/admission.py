"""What the composition root decides for a connection: who comes in, which call they get, what happens around it.

The port between the sockets and the rest of the product; the values are frozen and live as long as their call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vivavoce.conversation.items import Item
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.prompts import PromptName, StoredPrompt
from vivavoce.dialects.realtime.server_events import RateLimits
from vivavoce.sessions.directory import NoPlaceError
from vivavoce.sessions.journal import Journal
from vivavoce.sessions.ports import CallTap, Recorder
from vivavoce.tools.declared import CallToolbox, Declaration


class Refusal(Exception):  # noqa: N818 - not an error of ours, but our answer
    """The caller is not let in: the HTTP answer instead of the upgrade."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = headers or {}


PromptOf = Callable[[PromptName], Awaitable[StoredPrompt]]
"""See `CallPlan.prompt_of`."""

OnResumable = Callable[[Mapping[str, Any] | None], Journal | None]
"""See `CallPlan.on_resumable`."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What a caller asks with. `headers` has lower-case names; `session_id` is that of the path, if it has one.

    `comes_back`: the session's former connection has just given way to this one, so that the caller has a place.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    subprotocols: Sequence[str]
    session_id: str | None
    comes_back: bool = False


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What a new call begins with, and whom to tell of it.

    `session` is a session object as clients write it, applied before the first event. `resumed` are the items of an
    earlier connection that the conversation goes on with; `replay` the same, told to a client that opts in to
    resumption. `id_prefix` keeps the ids of what is said apart from those of earlier connections. `on_resumable` is
    called when the client asks to be able to come back, with the session object to come back to, and again whenever
    that changes, before the client is told; with None when it asks no more; what it returns is the journal to begin
    now; it may raise `OSError`. `prompt_of` looks up a stored prompt that the client names; it may raise `WireError`.
    `rate_limits` is asked with every reply. `toolbox` runs what the agent and the client declare of tools, and closes
    with the call; `agents_tools` are the agent's declarations. `tap` takes in the sound of both sides. `subprotocol` is
    the one to select. `history` is what was said in earlier calls.
    `on_begin` is awaited when the call has its place and before the upgrade; it may raise `Refusal`. `on_end` is
    awaited exactly once for every `on_begin` that did not refuse, whatever happens, with the reason: None when the
    client hung up, `BROKE` for a defect, otherwise the session's `end_reason`, which may be `REPLACED`.
    """

    session_id: str
    conversation_id: str
    model: str
    settings: Settings
    subprotocol: str | None = None
    journal: Journal | None = None
    history: tuple[Item, ...] = ()
    session: Mapping[str, Any] | None = None
    replay: tuple[Item, ...] = ()
    resumed: tuple[Item, ...] = ()
    id_prefix: str | None = None
    on_resumable: OnResumable | None = None
    recorder: Recorder | None = None
    tap: CallTap | None = None
    prompt_of: PromptOf | None = None
    rate_limits: RateLimits | None = None
    toolbox: CallToolbox | None = None
    agents_tools: tuple[Declaration, ...] = ()
    on_begin: Callable[[], Awaitable[None]] | None = None
    on_end: Callable[[str | None], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class SidebandPlan:
    """Which live call a sideband joins. `call_id`: as the client wrote it; `subprotocol` is the one to select."""

    session_id: str
    call_id: str
    subprotocol: str | None = None


BROKE = "broke"
"""The end reason of a call that a defect of ours ended."""

REPLACED = "replaced"
"""The end reason of a call whose session got another connection."""


class Doorkeeper(Protocol):
    """Decides who may come in and which call they get."""

    async def admit(self, request: CallRequest) -> CallPlan:
        """The call for a request. Raises `Refusal`.

        Asked again if the plan's session still had a connection, when that one has ended.
        """
        ...

    async def admit_sideband(self, request: CallRequest) -> SidebandPlan:
        """The call that the `call_id` of a request's query names, whether or not it is live. Raises `Refusal`."""
        ...


def refused(status: int, error: Mapping[str, str | None]) -> Refusal:
    """A refusal in the realtime protocol's shape; what `error` leaves out is as for a request that must change."""
    complete = {"type": "invalid_request_error", "code": None, "message": None, "param": None, "event_id": None}
    return Refusal(status, {"error": {**complete, **error}})


def no_place(error: NoPlaceError) -> Refusal:
    """The refusal of a call that there is no place for; it says when to come back."""
    headers = {"Retry-After": str(error.retry_after_seconds)}
    if error.shutting_down:
        told = {"type": "server_error", "code": "shutting_down", "message": str(error)}
        return Refusal(503, refused(503, told).body, headers)
    told = {"type": "rate_limit_error", "code": "at_capacity", "message": str(error)}
    return Refusal(429, refused(429, told).body, headers)


def no_such_call(call_id: str) -> Refusal:
    """The same for a call that never was, that has ended, or that is another organisation's."""
    message = (
        f"No call '{call_id[:100]}' is live on this server. Take the id of `session.created` while that call's own "
        "connection is open."
    )
    return refused(404, {"code": "call_not_found", "message": message, "param": "call_id"})
