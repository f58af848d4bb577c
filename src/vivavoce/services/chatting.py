"""Answers in writing: one completion that keeps nothing, or a turn in the thread of a session.

One `ChatService`, owned by the composition root. It holds which sessions are being answered just now and which of them
have a prompt in the language model's cache; both are bounded, and both die with it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace

from vivavoce.agents import checks
from vivavoce.agents.definition import DEFAULT_AGENT
from vivavoce.agents.identifiers import FOREIGN_PREFIXES, Kind, parse
from vivavoce.agents.tools import functions_of
from vivavoce.conversation import tool_words
from vivavoce.conversation.ending import MAX_TURNS
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    EngineError,
    GenerationPart,
    GenerationRequest,
    LanguageModel,
    TextGenerated,
)
from vivavoce.engines.serving.worker import EngineBusyError
from vivavoce.services.agents_tools import call_context, hosted_tools
from vivavoce.services.callers import Caller
from vivavoce.services.completing import (
    CompletionPart,
    CompletionWish,
    completion_request,
    cut,
    functions_offered,
    instructions,
    runs_hosted_tools,
)
from vivavoce.services.errors import ConflictError, NotReadyError, UpstreamFailedError
from vivavoce.services.sessions import MESSAGE_LENGTH_MAXIMUM, SessionService
from vivavoce.services.thread_prompts import told, turns_in, window_of
from vivavoce.services.tool_rounds import Rounds, in_rounds
from vivavoce.services.written_tools import Asked, WrittenCall, WrittenTools, as_messages, consents_in
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import AgentRecord, MessageRecord, NewMessage, PageRequest, SessionRecord
from vivavoce.store.rows import PAGE_LENGTH_MAXIMUM
from vivavoce.store.store import Store
from vivavoce.tools.declared import CallContext, Declaration, SourceFactory

SERVER_MODEL = "vivavoce"
"""What the server's own language model is called; every name that is no agent's means it."""

LAST_ANSWER = "The conversation ends after this answer: answer briefly, then say goodbye."
"""Behind everything else in the prompt, so that the model need not read the words before it again."""

TEXT_PATIENCE_SECONDS = 2.0
"""How much longer than a caller's reply one in writing may wait for the language model: nobody hears a silence."""

WARM_SESSIONS_MAXIMUM = 256
WARM_SECONDS = 300.0
"""How long a session that nobody writes in keeps its place in the language model's cache."""

_AGENT_PREFIXES = tuple(f"{prefix}_" for prefix in (Kind.AGENT.value, *FOREIGN_PREFIXES[Kind.AGENT]))


@dataclass(frozen=True, slots=True)
class QuestionKept:
    """The user's message is in the thread; the answer follows, and will be kept under `answer_id`."""

    message: MessageRecord
    answer_id: str


@dataclass(frozen=True, slots=True)
class AnswerKept:
    """The answer is whole and in the thread. `session_ended`: it was the last one that the agent may give."""

    question: MessageRecord
    message: MessageRecord
    session_ended: bool


AnswerPart = QuestionKept | TextGenerated | AnswerKept


class ChatService:
    """`language_model` gives None until it is loaded. `agent_of` finds an agent or raises `UnknownRecordError`.

    `factories`: what runs the tools of agents, by the type of their declarations.
    """

    def __init__(
        self,
        language_model: Callable[[], LanguageModel | None],
        store: Store,
        sessions: SessionService,
        agent_of: Callable[[Caller, str], Awaitable[AgentRecord]],
        *,
        factories: Mapping[str, SourceFactory] | None = None,
        model_names: Sequence[str] = (SERVER_MODEL,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._language_model = language_model
        self._store = store
        self._sessions = sessions
        self._agent_of = agent_of
        self._factories = factories or {}
        self._clock = clock
        self._answering: set[str] = set()
        self._warm: OrderedDict[str, tuple[AffinityKey, float]] = OrderedDict()
        self.model_names = tuple(model_names)

    # --- completions that keep nothing ------------------------------------------------------------------------------

    async def complete(self, caller: Caller, wish: CompletionWish) -> AsyncGenerator[CompletionPart]:
        """Stream the completion; `aclose()` or cancellation stops it at once.

        An agent's instructions come before the client's messages, its functions where the client brought no tools.
        What the server runs of its tools is run here; the client is told only of functions. Raises
        `UnknownRecordError`, `InvalidFieldError`, `ConflictError`, `NotReadyError`, `UpstreamFailedError`, all but the
        last before the first part.
        """
        agent = await self._agent_meant(caller, wish.model)
        affinity = AffinityKey(f"completion {secrets.token_hex(8)}")
        declared = () if agent is None or not runs_hosted_tools(wish) else hosted_tools(agent.definition)
        try:
            async with self._tools(affinity, agent, declared) as tools:
                request = completion_request(wish, agent, affinity, tools.functions, _unavailable(tools.failures))
                functions = frozenset(each.name for each in functions_offered(wish, agent))
                rounds = in_rounds(Rounds(self._generated, tools, functions), request)
                async with aclosing(cut(rounds, wish.stop)) as parts:
                    async for part in parts:
                        yield part
        finally:
            self._release(affinity)

    # --- turns in a session -----------------------------------------------------------------------------------------

    async def answer(
        self,
        caller: Caller,
        session: SessionRecord,
        agent: AgentRecord | None,
        content: str,
        *,
        client_id: str | None = None,
    ) -> tuple[MessageRecord, MessageRecord]:
        """The user's message and the agent's answer, both kept in the thread. Raises as `answer_stream` does."""
        kept: AnswerKept | None = None
        async with aclosing(self.answer_stream(caller, session, agent, content, client_id=client_id)) as parts:
            async for part in parts:
                if isinstance(part, AnswerKept):
                    kept = part
        assert kept is not None, "an answer that ends without an error is kept"
        return kept.question, kept.message

    async def answer_stream(
        self,
        caller: Caller,
        session: SessionRecord,
        agent: AgentRecord | None,
        content: str,
        *,
        client_id: str | None = None,
    ) -> AsyncGenerator[AnswerPart]:
        """Keep the user's message, stream the answer, keep it. A message with a `client_id` is answered once only.

        Where the client goes or the model fails, the message stays and nothing of the answer is kept; the same
        `client_id` again gets an answer then. The answer to turn number `max_turns` of the agent says goodbye and ends
        the session. Raises `InvalidFieldError`, `ConflictError` when the session is over or another answer is being
        written, `UnknownRecordError`, `NotReadyError`, `UpstreamFailedError`.
        """
        if session.organisation_id != caller.organisation_id:
            raise UnknownRecordError("session", session.session_id)
        with self._only_answer(session):
            self._loaded()
            checks.text("content", content, MESSAGE_LENGTH_MAXIMUM)
            session = await self._sessions.begin(session)
            new = NewMessage("user", content, client_id=client_id)
            question, newly = await self._sessions.append(session, new)
            if not newly and (former := await self._former_answer(session, question)) is not None:
                yield AnswerKept(question, former, session_ended=False)
                return
            answer_id = self._store.threads.new_message_id()
            yield QuestionKept(question, answer_id)
            last = await self._is_last_turn(session, agent)
            said: list[str] = []
            async with aclosing(self._written(session, agent, question, answer_id, last=last)) as parts:
                async for part in parts:
                    if isinstance(part, TextGenerated) and part.text:
                        said.append(part.text)
                        yield part
            message = await self._keep_answer(session, answer_id, "".join(said))
            if last:
                await self._sessions.end(session, MAX_TURNS)
                self.forget(session.session_id)
            yield AnswerKept(question, message, session_ended=last)

    def forget(self, session_id: str) -> None:
        """The session is over: its place in the language model's cache may go to another. Unknown ones are ignored."""
        if (known := self._warm.pop(session_id, None)) is not None:
            self._release(known[0])

    def forget_idle(self) -> None:
        """Forget the sessions that nobody has written in for `WARM_SECONDS`. To be called now and then."""
        long_ago = self._clock() - WARM_SECONDS
        for session_id, (_, used_at) in list(self._warm.items()):
            if used_at <= long_ago and session_id not in self._answering:
                self.forget(session_id)

    # --- within -----------------------------------------------------------------------------------------------------

    async def _agent_meant(self, caller: Caller, model: str) -> AgentRecord | None:
        """The agent that the name of a model means, None where it means none."""
        name = model.strip()
        meant = name == DEFAULT_AGENT or name.lower().startswith(_AGENT_PREFIXES) or parse(Kind.AGENT, name) is not None
        if not meant:
            return None
        agent = await self._agent_of(caller, name)
        if agent.status == "paused":
            message = f"The agent {agent.definition.name!r} is paused; activate it first."
            raise ConflictError("agent_paused", message)
        return agent

    @contextmanager
    def _only_answer(self, session: SessionRecord) -> Iterator[None]:
        if session.session_id in self._answering:
            message = "The agent is still writing its answer to the message before; wait for it, then write again."
            raise ConflictError("answer_in_progress", message)
        self._answering.add(session.session_id)
        try:
            yield
        finally:
            self._answering.discard(session.session_id)

    async def _former_answer(self, session: SessionRecord, question: MessageRecord) -> MessageRecord | None:
        """What was answered to a message that the client sends again."""
        request = PageRequest(limit=100, after_seq=question.seq, newest_first=False)
        for later in (await self._sessions.messages(session, request)).items:
            if later.message.role == "user":
                return None
            if later.message.role == "assistant" and later.message.content:
                return later
        return None

    async def _is_last_turn(self, session: SessionRecord, agent: AgentRecord | None) -> bool:
        limit = None if agent is None else agent.definition.max_turns
        if limit is None:
            return False
        total = (await self._sessions.messages(session, PageRequest(limit=1, with_total=True))).total or 0
        if total < limit:
            return False
        roles: list[str] = []
        position: int | None = 0
        while position is not None:
            request = PageRequest(limit=PAGE_LENGTH_MAXIMUM, after_seq=position, newest_first=False)
            page = await self._sessions.messages(session, request)
            roles.extend(each.message.role for each in page.items)
            position = page.next_seq
        return turns_in(roles) >= limit

    async def _written(
        self, session: SessionRecord, agent: AgentRecord | None, question: MessageRecord, answer_id: str, *, last: bool
    ) -> AsyncGenerator[GenerationPart]:
        """The answer as it is written. What its tools bring is in the thread before the words that follow from it."""
        past, affinity = await self._past(session, question)
        declared = () if agent is None else hosted_tools(agent.definition)
        stem = f"call_{answer_id.rpartition('_')[2][-12:].lower()}"

        async def keep(ended: WrittenCall) -> None:
            for new in as_messages(ended):
                await self._keep(session, replace(new, session_id=session.session_id))

        async with self._tools(session.session_id, agent, declared, consents=consents_in(past), may_ask=True) as tools:
            functions = () if agent is None else functions_of(agent.definition.tools)
            missing = [*tools.failures, *((each.name, "only in a spoken call") for each in functions)]
            messages = [*instructions(agent), *_unavailable(missing), *told(past)]
            if last:
                messages.append(ChatMessage("system", LAST_ANSWER))
            request = GenerationRequest(tuple(messages), affinity, tools.functions)
            rounds = Rounds(self._generated, tools, on_ended=keep, call_ids=lambda number: f"{stem}_{number + 1}")
            async with aclosing(in_rounds(rounds, request)) as parts:
                async for part in parts:
                    yield part

    async def _past(self, session: SessionRecord, question: MessageRecord) -> tuple[list[NewMessage], AffinityKey]:
        """What was said up to the question, and what tools brought for it when it was asked before."""
        thread = await self._sessions.thread_of(session)
        window, count = window_of(thread.message_count)
        page = await self._store.threads.messages(
            session.organisation_id,
            PageRequest(limit=count, after_seq=question.seq + 1),
            thread_id=session.thread_id,
        )
        past = [each.message for each in reversed(page.items)]
        later = PageRequest(limit=100, after_seq=question.seq, newest_first=False)
        for each in (await self._sessions.messages(session, later)).items:
            if each.message.role == "user":
                break
            if each.message.tool_call is not None:
                past.append(each.message)
        # A window that has moved on is a new conversation to the model, which remembers what it left out of the old.
        return past, self._affinity(session, window)

    def _tools(
        self,
        session_id: str,
        agent: AgentRecord | None,
        declared: Sequence[Declaration],
        *,
        consents: frozenset[Asked] = frozenset(),
        may_ask: bool = False,
    ) -> WrittenTools:
        context = CallContext(session_id, "") if agent is None else call_context(session_id, agent)
        return WrittenTools(self._factories, context, declared, consents=consents, may_ask=may_ask)

    def _affinity(self, session: SessionRecord, window: int) -> AffinityKey:
        affinity = AffinityKey(f"{session.session_id} {window}")
        known = self._warm.pop(session.session_id, None)
        if known is not None and known[0] != affinity:
            self._release(known[0])
        self._warm[session.session_id] = affinity, self._clock()
        self.forget_idle()
        while len(self._warm) > WARM_SESSIONS_MAXIMUM:
            self.forget(next(iter(self._warm)))
        return affinity

    async def _keep_answer(self, session: SessionRecord, message_id: str, content: str) -> MessageRecord:
        if not content.strip():
            raise UpstreamFailedError("empty_answer", "The language model had nothing to say; write it in other words.")
        new = NewMessage("assistant", content.strip(), session_id=session.session_id, message_id=message_id)
        return await self._keep(session, new)

    async def _keep(self, session: SessionRecord, new: NewMessage) -> MessageRecord:
        message, _ = await self._store.threads.append(await self._sessions.thread_of(session), new)
        await self._store.sessions.touch([session.session_id])
        await self._sessions.announce_message(message)
        return message

    async def _generated(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        due_at = asyncio.get_running_loop().time() + TEXT_PATIENCE_SECONDS
        try:
            async with aclosing(self._loaded().generate(replace(request, due_at=due_at))) as parts:
                async for part in parts:
                    yield part
        except EngineBusyError as error:
            raise NotReadyError("model_busy", f"The language model has too much to do: {_said(error)}.") from error
        except EngineError as error:
            raise UpstreamFailedError(
                "model_failed", f"The language model could not answer: {_said(error)}."
            ) from error

    def _loaded(self) -> LanguageModel:
        model = self._language_model()
        if model is None:
            raise NotReadyError("not_ready", "The language model is still loading; try again in a moment.")
        return model

    def _release(self, affinity: AffinityKey) -> None:
        if (model := self._language_model()) is not None:
            model.release(affinity)


def _unavailable(failures: Sequence[tuple[str, str]]) -> list[ChatMessage]:
    """What the agent is to know of its tools that cannot be called here, and why not."""
    return [ChatMessage("system", tool_words.unavailable(list(failures)))] if failures else []


def _said(error: EngineError) -> str:
    return str(error).rstrip(". ")
