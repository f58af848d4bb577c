"""Who may come in and which call they get: keys and tokens, sessions and agents behind the transport's port.

Owned by the server; stateless but for the rooms it joins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from vivavoce.agents.conduct import Recording
from vivavoce.agents.identifiers import Kind, new_identifier, parse, with_prefix
from vivavoce.api.auth import Authenticator, offered
from vivavoce.api.errors import ApiError, AuthenticationError, problem_of
from vivavoce.api.problems import Problem
from vivavoce.api.rate_limits import RateLimiter
from vivavoce.app.call_settings import PLAIN_MODEL, call_settings, items_of, plain_settings, with_consent
from vivavoce.app.held_call import HeldCall, refusal
from vivavoce.app.resumption import FoundConversation, KeptCall, KeptConversation, Resumptions
from vivavoce.app.stored_prompts import StoredPrompts
from vivavoce.conversation.items import Message, Role
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.codec import VoiceResolver
from vivavoce.dialects.realtime.prompts import PromptName, StoredPrompt
from vivavoce.dialects.realtime.server_events import RateLimit
from vivavoce.dialects.wire import WireError
from vivavoce.services.agents_tools import call_context, hosted_tools
from vivavoce.services.callers import Caller
from vivavoce.services.client_secrets import InvalidClientSecretError, SecretGrant, looks_like_client_secret
from vivavoce.services.errors import ServiceError
from vivavoce.services.platform import Platform
from vivavoce.services.recordings.service import LiveRecording, RecordingService
from vivavoce.services.sessions import SessionWish, over
from vivavoce.services.transcripts import TranscriptWriter
from vivavoce.sessions.directory import NoPlaceError, SessionDirectory
from vivavoce.sessions.journal import Journal
from vivavoce.store.errors import StoreError, UnknownRecordError
from vivavoce.store.records import AgentRecord, MessageRecord, OrganisationId, PageRequest, SessionRecord, ThreadRecord
from vivavoce.tools.declared import CallContext, CallToolbox, SourceFactory
from vivavoce.transports.admission import (
    REPLACED,
    CallPlan,
    CallRequest,
    SidebandPlan,
    no_place,
    no_such_call,
)

_log = logging.getLogger(__name__)

HISTORY_MESSAGES_MAXIMUM = 200
ID_PREFIX_CHARACTERS = 12
"""A session may be held more than once; what is said in it must not get the same ids again."""

CALL_PREFIXES = ("rtc", "call")
CALL_LIFETIME_SECONDS = 20 * 24 * 3600.0
"""A call that brought a key of its own has no session that could expire under it: it ends with its connection."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The session that a caller comes into. `ends_with_call`: it was made for this connection alone. `grant`: what the
    client secret brings that opened it. `found`: the conversation that the caller comes back to. `caller`: who came.
    """

    session: SessionRecord
    agent: AgentRecord | None
    thread: ThreadRecord
    ends_with_call: bool
    caller: Caller
    grant: SecretGrant | None = None
    found: FoundConversation | None = None


class PlatformDoorkeeper:
    """Admits by API key, identity token or session token. Calls without a session of their own are given one."""

    def __init__(
        self,
        platform: Platform,
        authenticator: Authenticator,
        writer: TranscriptWriter,
        directory: SessionDirectory,
        journals: Path | None,
        resumptions: Resumptions,
        resolve_voice: VoiceResolver,
        limiter: RateLimiter,
        factories: Mapping[str, SourceFactory],
    ) -> None:
        self._platform = platform
        self._authenticator = authenticator
        self._writer = writer
        self._directory = directory
        self._journals = journals
        self._resumptions = resumptions
        self._resolve_voice = resolve_voice
        self._limiter = limiter
        self._factories = factories
        self._prompts = StoredPrompts(platform.agents)

    async def admit(self, request: CallRequest) -> CallPlan:
        brought = offered(request.headers, request.subprotocols, request.query.get("token"))
        try:
            place = await self._place(brought.secret, request)
            return await self._plan(place, request, brought.subprotocol)
        except UnknownRecordError as error:
            raise refusal(replace(problem_of(error), param=f"{error.kind}_id")) from error
        except OSError as error:
            _log.error("an earlier conversation cannot be read: %s", error)
            raise refusal(problem_of(error)) from error
        except (ApiError, ServiceError, StoreError, ValueError) as error:
            raise refusal(problem_of(error)) from error

    async def admit_sideband(self, request: CallRequest) -> SidebandPlan:
        call_id = request.query.get("call_id", "")
        brought = offered(request.headers, request.subprotocols, request.query.get("token"))
        try:
            caller = await self._caller(brought.secret)
            session = await self._platform.sessions.get(caller, _session_id_of(call_id))
        except UnknownRecordError as error:
            raise no_such_call(call_id) from error
        except (ApiError, StoreError) as error:
            raise refusal(problem_of(error)) from error
        return SidebandPlan(session.session_id, call_id, brought.subprotocol)

    async def _caller(self, secret: str | None) -> Caller:
        """Whose key this is, if it may hold calls; tokens and secrets that open one call alone are refused."""
        caller = await self._authenticator.caller(secret)
        if "realtime" not in caller.scopes:
            message = "This key may not hold calls: it lacks the scope 'realtime'. Use a key that has it."
            raise ApiError(Problem(403, "insufficient_scope", message))
        return caller

    async def _place(self, secret: str | None, request: CallRequest) -> _Place:
        token = self._authenticator.session_token(secret)
        if token is not None:
            caller = Caller(OrganisationId(token.organisation_id), ("realtime",))
            if request.session_id is not None and parse(Kind.SESSION, request.session_id) != token.session_id:
                raise AuthenticationError("This token opens another session than the one in the address.")
            return await self._existing(caller, token.session_id, request)
        if secret is not None and looks_like_client_secret(secret):
            return await self._granted(secret, request)
        caller = await self._caller(secret)
        if request.session_id is not None:
            return await self._existing(caller, request.session_id, request)
        self._check_place()
        found = await self._come_back(caller, request)
        wish = SessionWish(
            "realtime",
            found.kept.agent_id if found is not None else request.query.get("agent_id") or None,
            thread=found.kept.thread_id if found is not None else request.query.get("thread_id") or None,
            lifetime_seconds=CALL_LIFETIME_SECONDS,
        )
        opened = await self._platform.open_session(caller, wish)
        return _Place(opened.session, opened.agent, opened.thread, ends_with_call=True, caller=caller, found=found)

    async def _granted(self, secret: str, request: CallRequest) -> _Place:
        """A call that a client secret opens: with the agent that the secret names, and in a thread of its own."""
        try:
            grant = await self._platform.client_secrets.grant(secret)
        except InvalidClientSecretError as error:
            raise AuthenticationError(str(error)) from error
        if request.session_id is not None:
            raise AuthenticationError(
                "A client secret opens new calls at /v1/realtime; this needs the session's token."
            )
        asked_agent = request.query.get("agent_id")
        if asked_agent and (grant.agent_id is None or parse(Kind.AGENT, asked_agent) != grant.agent_id):
            raise _not_granted("agent_id", "another agent")
        if request.query.get("thread_id"):
            raise _not_granted("thread_id", "an earlier thread")
        self._check_place()
        found = await self._come_back(grant.caller, request, grant)
        left = await self._platform.client_secrets.call_seconds_left(grant)
        if left == 0:
            message = "The calls of this client secret have lasted as long as they may. Make another one."
            raise ApiError(Problem(403, "duration_used_up", message))
        wish = SessionWish(
            "realtime",
            grant.agent_id,
            thread=None if found is None else found.kept.thread_id,
            lifetime_seconds=left or CALL_LIFETIME_SECONDS,
        )
        opened = await self._platform.open_session(grant.caller, wish)
        await self._platform.client_secrets.count_call(grant, opened.session.session_id)
        return _Place(
            opened.session,
            opened.agent,
            opened.thread,
            ends_with_call=True,
            caller=grant.caller,
            grant=grant,
            found=found,
        )

    async def _come_back(
        self, caller: Caller, request: CallRequest, grant: SecretGrant | None = None
    ) -> FoundConversation | None:
        """The conversation that the caller names, once nobody holds it any more; None if the caller names none."""
        named = request.query.get("conversation_id")
        if not named:
            return None
        thread_id = parse(Kind.THREAD, named)
        found = await self._found(caller, thread_id)
        if found is None:
            message = (
                "There is no conversation with this id to come back to: its session did not ask for `resumption`, or "
                "nothing happened in it for half an hour. Connect without conversation_id."
            )
            raise ApiError(Problem(404, "conversation_not_found", message, param="conversation_id"))
        if grant is not None and grant.agent_id != found.kept.agent_id:
            raise _not_granted("conversation_id", "another agent")
        living = [each for each in found.kept.sessions if self._directory.get(each) is not None]
        for session_id in living:
            if (session := self._directory.get(session_id)) is not None:
                session.end(REPLACED)
                await self._directory.gone(session_id)
        return await self._found(caller, thread_id) if living else found

    async def _found(self, caller: Caller, thread_id: str | int | None) -> FoundConversation | None:
        if not isinstance(thread_id, str):
            return None
        return await asyncio.to_thread(self._resumptions.find, caller.organisation_id, thread_id)

    def _check_place(self) -> None:
        """A call that cannot be held is not given a session that nobody would end."""
        try:
            self._directory.check_place()
        except NoPlaceError as error:
            raise no_place(error) from error

    async def _existing(self, caller: Caller, session_id: str, request: CallRequest) -> _Place:
        sessions = self._platform.sessions
        session = await sessions.get(caller, session_id)
        if session.status.is_over:
            raise over(session)
        if not request.comes_back and self._directory.get(session.session_id) is None:
            self._check_place()
        agent = None
        if session.agent_id is not None:
            agent = await self._platform.agents.get(caller, session.agent_id)
        thread = await sessions.thread_of(session)
        found = await self._come_back(caller, request)
        if found is not None and found.kept.thread_id != thread.thread_id:
            message = "This conversation is not the one of this session."
            raise ApiError(Problem(404, "conversation_not_found", message, param="conversation_id"))
        return _Place(session, agent, thread, ends_with_call=False, caller=caller, found=found)

    async def _plan(self, place: _Place, request: CallRequest, subprotocol: str | None) -> CallPlan:
        session, found = place.session, place.found
        said = await self._said(place.thread)
        recorder = self._writer.recorder(session, place.thread, self._platform.now())
        now_ms = int(self._platform.now().timestamp() * 1000)
        model = request.query.get("model") or _own_model(place)
        journal = await self._journal(place)
        keeping = KeptCall(self._resumptions, _kept(place, model), journal)
        id_prefix = new_identifier(Kind.CONVERSATION, now_ms)[-ID_PREFIX_CHARACTERS:]
        recording = _recording(place, self._platform.recordings)

        held = HeldCall(
            self._platform.sessions, session, recorder, keeping, found, recording, ends_with_call=place.ends_with_call
        )
        plan = CallPlan(
            session.session_id,
            with_prefix(place.thread.thread_id, Kind.CONVERSATION),
            model,
            self._settings(place, said),
            subprotocol=subprotocol,
            journal=journal,
            history=items_of(said),
            session=None if place.grant is None else place.grant.session,
            id_prefix=id_prefix,
            recorder=recorder,
            tap=None if recording is None else recording.tap,
            prompt_of=partial(self._prompt, place.caller),
            rate_limits=partial(self._limits, place.caller),
            toolbox=self._toolbox(place),
            agents_tools=() if place.agent is None else hosted_tools(place.agent.definition),
            on_resumable=keeping.change,
            on_begin=held.begin,
            on_end=held.end,
        )
        return plan if found is None else _gone_on(plan, found, self._turns_left(place, found))

    async def _prompt(self, caller: Caller, name: PromptName) -> StoredPrompt:
        try:
            return await self._prompts(caller, name)
        except StoreError as error:
            _log.error("a prompt cannot be looked up: %s", error)
            message = "the prompt cannot be looked up now; try again in a moment"
            raise WireError("prompt_unavailable", message, param="prompt.id", kind="server_error") from error

    def _limits(self, caller: Caller) -> tuple[RateLimit, ...]:
        """What the key may still ask of the HTTP routes; nothing is counted for who came without one."""
        if caller.key_id is None and caller.subject is None:
            return ()
        now = self._limiter.look(caller.name)
        return (RateLimit("requests", now.limit, now.remaining, round(now.reset_seconds, 3)),)

    def _turns_left(self, place: _Place, found: FoundConversation) -> int | None:
        if place.agent is None or place.agent.definition.max_turns is None:
            return None
        return max(1, place.agent.definition.max_turns - _used(found))

    def _settings(self, place: _Place, said: Sequence[MessageRecord]) -> Settings:
        if place.agent is None:
            return plain_settings()
        settings = call_settings(place.agent.definition, self._resolve_voice)
        here = [record for record in said if record.message.session_id == place.session.session_id]
        if place.session.details.initial_message is not None:
            settings = replace(settings, greeting=place.session.details.initial_message)
        if here:  # the caller comes back into a session: it was greeted, and some of its turns are used up
            used = sum(record.message.role == "user" for record in here)
            left = None if settings.max_turns is None else max(1, settings.max_turns - used)
            return replace(settings, greeting=None, max_turns=left)
        return with_consent(settings, _asked_recording(place)) if self._platform.recordings.is_on else settings

    def _toolbox(self, place: _Place) -> CallToolbox:
        session, agent = place.session, place.agent
        if agent is None:
            return CallToolbox(self._factories, CallContext(session.session_id, session.organisation_id))
        context = call_context(session.session_id, agent)
        return CallToolbox(self._factories, context, hosted_tools(agent.definition))

    async def _said(self, thread: ThreadRecord) -> Sequence[MessageRecord]:
        if thread.message_count == 0:
            return ()
        newest = PageRequest(limit=HISTORY_MESSAGES_MAXIMUM)
        threads = self._platform.store.threads
        page = await threads.messages(thread.organisation_id, newest, thread_id=thread.thread_id)
        return tuple(reversed(page.items))

    async def _journal(self, place: _Place) -> Journal | None:
        session_id = place.session.session_id
        if place.found is not None:
            await asyncio.to_thread(self._resumptions.mend, session_id)
            return Journal(self._resumptions.journal_path(session_id), tells_after_writing=True)
        return Journal(self._journals / f"{session_id}.jsonl") if self._journals is not None else None


def _asked_recording(place: _Place) -> Recording | None:
    """How the agent wants this call recorded; None: it does not."""
    asked = None if place.agent is None else place.agent.definition.recording
    return asked if asked is not None and asked.enabled else None


def _recording(place: _Place, recordings: RecordingService) -> LiveRecording | None:
    """The recording of this call; None: there is to be none."""
    asked = _asked_recording(place)
    return None if asked is None else recordings.plan(place.session, asked.format)


def _session_id_of(call_id: str) -> str:
    """OpenAI and xAI write ids of calls as `rtc_…` and `call_…`; with us a call is a session."""
    prefix, _, rest = call_id.strip().rpartition("_")
    return with_prefix(rest, Kind.SESSION) if prefix.lower() in CALL_PREFIXES else call_id


def _own_model(place: _Place) -> str:
    """What the session object calls its model where the address names none."""
    if place.found is not None:
        return place.found.kept.model
    if place.grant is not None and place.grant.model is not None:
        return place.grant.model
    return PLAIN_MODEL if place.agent is None else place.agent.agent_id


def _kept(place: _Place, model: str) -> KeptConversation:
    """What is kept of this call if its client asks to be able to come back."""
    session = place.session
    sessions = [session.session_id] if place.found is None else [session.session_id, place.found.session_id]
    return KeptConversation(
        session.organisation_id,
        session.thread_id,
        session.agent_id,
        model,
        tuple(dict.fromkeys(sessions)),
        {} if place.found is None else place.found.kept.session,
    )


def _gone_on(plan: CallPlan, found: FoundConversation, turns_left: int | None) -> CallPlan:
    """The same call as the one that goes on with a conversation: nobody is greeted again.

    Its tools are those of the agent as it is now, or else those in the session object.
    """
    resumed, now = found.resumed, plan.settings
    own = replace(resumed.settings, tools=now.tools, tool_sources=now.tool_sources)
    return replace(
        plan,
        settings=replace(own, greeting=None, consent=None, max_turns=turns_left),
        history=resumed.past,
        session=_under_way(found),
        replay=resumed.items,
        resumed=resumed.items,
    )


def _under_way(found: FoundConversation) -> dict[str, Any]:
    """The session object that is kept, without what holds for the beginning: its greeting, and turns used up since."""
    session, own = found.kept.session, found.kept.session.get("vivavoce")
    if not isinstance(own, dict):
        return session
    own = {name: value for name, value in own.items() if name != "greeting"}
    if isinstance(limit := own.get("max_turns"), int):
        own["max_turns"] = max(1, limit - _used(found))
    return {**session, "vivavoce": own}


def _used(found: FoundConversation) -> int:
    return sum(isinstance(item, Message) and item.role is Role.USER for item in found.resumed.items)


def _not_granted(param: str, what: str) -> ApiError:
    message = f"This client secret does not open calls with {what}; name the agent when you make the secret."
    return ApiError(Problem(403, "not_granted", message, param=param))
