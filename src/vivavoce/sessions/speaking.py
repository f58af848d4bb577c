"""The voice of one call: a reply's words in, paced audio out.

The other straight road of the audio plane: language model → pieces of text → voice → frames, each step a task of the
reply, each queue bounded. Only what becomes of the reply is told to the conversation. Owned by a session; a reply's
tasks end with the reply.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import assert_never

import msgspec

from vivavoce.conversation.events import (
    Event,
    PieceEnded,
    PieceQueued,
    PieceStarted,
    PlaybackAcknowledged,
    ReplyFailed,
    ReplyGenerated,
    ReplySpoken,
    ReplyTextGenerated,
    ReplyToolCalled,
    VoiceBegan,
)
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import CallId, ReplyId
from vivavoce.conversation.orders import CancelReply, SpeakingOrder, StartReply, WarmPrompt
from vivavoce.conversation.replies import Usage
from vivavoce.conversation.settings import Modality, Tool
from vivavoce.engines.ports import (
    VOICE_RATE_HZ,
    AffinityKey,
    ChatMessage,
    EngineError,
    FunctionTool,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    Samples,
    SpeechRequest,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.engines.spoken_text import SentenceStream, SpokenForm
from vivavoce.engines.voices import FIRST_PIECE_WORDS
from vivavoce.media.pacing import Playout
from vivavoce.media.resampling import StreamResampler
from vivavoce.media.wire_formats import WireFormat
from vivavoce.sessions.cleaning import Cleaning
from vivavoce.sessions.foresight import Foresight
from vivavoce.sessions.ports import CallTap, Engines, Outlet, Spawn
from vivavoce.sessions.pronunciations import Pronunciations
from vivavoce.sessions.track import FRAME_SAMPLES, Track

QUEUED_CHUNKS = 8
"""Chunks of audio that may wait to be sent; more and the voice waits."""


@dataclass(frozen=True, slots=True)
class _PieceBegun:
    text: str


class _PieceOver:
    """No more audio for this piece."""


_Voiced = _PieceBegun | Samples | _PieceOver | None


class Speaking:
    """Owned by one session."""

    def __init__(
        self,
        engines: Engines,
        affinity: AffinityKey,
        output_format: WireFormat,
        outlet: Outlet,
        submit: Callable[[Event], None],
        spawn: Spawn,
        cleaning: Cleaning,
        foresight: Foresight,
        tap: CallTap | None = None,
    ) -> None:
        self._cleaning = cleaning
        self._tap = tap
        self._foresight = foresight
        self._engines = engines
        self._affinity = affinity
        self._outlet = outlet
        self._submit = submit
        self._spawn = spawn
        self._playout = Playout()
        self._tracks: dict[ReplyId, Track] = {}
        self._warming: asyncio.Task[None] | None = None
        self.output_format = output_format

    # --- orders -----------------------------------------------------------------------------------------------------

    def perform(self, order: SpeakingOrder) -> None:
        """Do what concerns the voice. Nothing, for a reply that has ended meanwhile."""
        match order:
            case WarmPrompt():
                self.warm(order)
            case StartReply():
                self.start(order)
            case CancelReply(reply_id=reply_id):
                self.cancel(reply_id)
            case _:
                if (track := self._tracks.get(order.reply_id)) is not None:
                    track.perform(order)

    def start(self, order: StartReply) -> None:
        """Begin a reply. One beside the conversation is paced by itself: its sound is not the caller's to wait for."""
        if order.beside:
            track = Track(order, Playout(), self._affinity_of(order))
        else:
            track = Track(order, self._playout, self._affinity)
        self._tracks[order.reply_id] = track
        track.task = self._spawn(self._run(track), f"reply {order.reply_id}")

    def acknowledge(self, fact: PlaybackAcknowledged) -> PlaybackAcknowledged:
        """What the client says of its player, as far as it can be true."""
        track = self._tracks.get(fact.reply_id)
        if track is None:
            return fact
        return replace(fact, played_ms=track.acknowledge(fact.played_ms, asyncio.get_running_loop().time()))

    def cancel(self, reply_id: ReplyId) -> None:
        track = self._tracks.get(reply_id)
        if track is None:
            return
        track.stop()
        self._let_go(reply_id)
        if track.is_open and not track.order.beside:
            now = asyncio.get_running_loop().time()
            self._playout.flush(now)
            self._cleaning.discarded(now)
            if self._tap is not None:
                self._tap.silence_agent(now)

    def warm(self, order: WarmPrompt) -> None:
        """Let the language model read the prompt's prefix before it is needed."""
        if self._warming is not None:
            self._warming.cancel()
        request = _request(self._affinity, *self._foresight.told(order.prompt, order.tools))
        self._warming = self._spawn(self._warm(request), "warm prompt")

    def played_ms(self, reply_id: ReplyId) -> int:
        """How much of a reply's audio the caller has heard by now."""
        track = self._tracks.get(reply_id)
        return 0 if track is None else track.played_ms(asyncio.get_running_loop().time())

    def end(self) -> None:
        """The call is over."""
        self._engines.language_model.release(self._affinity)

    # --- the road ---------------------------------------------------------------------------------------------------

    async def _run(self, track: Track) -> None:
        try:
            await self._deliver(track)
        except* EngineError as errors:
            self._submit(ReplyFailed(track.reply_id, str(errors.exceptions[0])))
        finally:
            self._let_go(track.reply_id)

    async def _deliver(self, track: Track) -> None:
        order = track.order
        if order.modality is Modality.TEXT:
            async with aclosing(self._write(track)) as words:
                async for _ in words:
                    pass
            return
        voiced: asyncio.Queue[_Voiced] = asyncio.Queue(QUEUED_CHUNKS)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._cut(track), name=f"words of {order.reply_id}")
            tasks.create_task(self._voice(track, voiced), name=f"voice of {order.reply_id}")
            tasks.create_task(self._send(track, voiced), name=f"audio of {order.reply_id}")

    async def _write(self, track: Track) -> AsyncGenerator[str]:
        """The reply's words as they come; tells the conversation of everything the model does."""
        order = track.order
        if order.script is not None:
            self._submit(ReplyTextGenerated(order.reply_id, order.script))
            yield order.script
            self._submit(ReplyGenerated(order.reply_id, cut_at_limit=False, usage=Usage()))
            return
        if (foreseen := await self._foresight.call_for(order)) is not None:
            call_id = CallId(f"call_{secrets.token_hex(8)}")
            self._submit(ReplyToolCalled(order.reply_id, call_id, foreseen.name, foreseen.arguments, by_server=True))
            self._submit(ReplyGenerated(order.reply_id, cut_at_limit=False, usage=Usage()))
            return
        told = self._foresight.told(order.prompt, order.tools, order.tool_choice)
        request = _request(track.affinity, *told)
        request = replace(
            request,
            tool_choice=order.tool_choice,
            maximum_output_tokens=order.maximum_output_tokens,
            parallel_tool_calls=order.parallel_tool_calls,
            keeps_all_messages=order.keeps_all_messages,
        )
        if order.temperature is not None:
            request = replace(request, temperature=order.temperature)
        elif order.prompt and order.prompt[-1].role == "tool":
            request = replace(request, temperature=0.0)  # what a tool brought is told as it is
        if (patience := track.patience_seconds) is not None:
            request = replace(request, due_at=asyncio.get_running_loop().time() + patience)
        if order.modality is not Modality.TEXT:
            request = replace(request, wanted_at=track.words_wanted_at)
        async with aclosing(self._engines.language_model.generate(request)) as parts:
            async for part in parts:
                self._submit(_fact(order.reply_id, part))
                if isinstance(part, TextGenerated):
                    yield part.text

    async def _cut(self, track: Track) -> None:
        order = track.order
        cutter = SentenceStream(first_piece_words=FIRST_PIECE_WORDS)

        async def queue(cut: list[str]) -> None:
            for piece in cut:
                self._submit(PieceQueued(order.reply_id, piece.strip()))
                await track.queue(piece)

        async with aclosing(self._write(track)) as words:
            async for text in words:
                await queue(cutter.push(text))
        await queue(cutter.flush())
        await track.pieces.put(None)

    async def _voice(self, track: Track, voiced: asyncio.Queue[_Voiced]) -> None:
        order = track.order
        form, pronunciations = SpokenForm(), Pronunciations(order.pronunciations)
        first = True
        while (piece := await track.pieces.get()) is not None:
            spoken = form.of(pronunciations.spoken(piece))
            if not spoken:
                track.voiced_whole(piece)
                continue
            request = SpeechRequest(spoken, order.voice, order.speed, due_at=track.runs_dry_at)
            begun = False
            async with aclosing(self._engines.text_to_speech.synthesize(request)) as chunks:
                async for chunk in chunks:
                    if first:
                        first = False
                        self._submit(VoiceBegan(order.reply_id))
                    if not begun:
                        begun = True
                        await voiced.put(_PieceBegun(piece.strip()))
                    track.voiced(chunk)
                    await voiced.put(chunk)
            track.voiced_whole(piece)
            if begun:
                await voiced.put(_PieceOver())
        await voiced.put(None)

    async def _send(self, track: Track, voiced: asyncio.Queue[_Voiced]) -> None:
        reply_id, encoder = track.reply_id, self.output_format.open_encoder()
        resampler = StreamResampler(VOICE_RATE_HZ, self.output_format.rate_hz)
        while True:
            if voiced.empty():
                track.nothing_to_send()
            match await voiced.get():
                case None:
                    break
                case _PieceBegun(text=text):
                    await track.gate()
                    self._submit(PieceStarted(reply_id, text, track.sent_ms))
                case _PieceOver():
                    self._submit(PieceEnded(reply_id, track.sent_ms))
                case samples:
                    for start in range(0, len(samples), FRAME_SAMPLES):
                        frame = await track.frame(samples[start : start + FRAME_SAMPLES])
                        if not track.order.beside:
                            self._played(frame)
                        self._emit(reply_id, encoder.encode(resampler.push(frame)))
        await track.gate()
        self._emit(reply_id, encoder.encode(resampler.flush()) + encoder.flush())
        self._submit(ReplySpoken(reply_id, track.sent_ms))

    def _played(self, frame: Samples) -> None:
        """This frame (n,) has just gone out; the caller's player begins with it when it has played all before it."""
        now = asyncio.get_running_loop().time()
        self._cleaning.played(frame, now)
        if self._tap is not None:
            self._tap.say(frame, now + self._playout.buffered_seconds(now) - len(frame) / VOICE_RATE_HZ)

    def _emit(self, reply_id: ReplyId, audio: list[bytes]) -> None:
        for piece in audio:
            self._outlet.send_audio(reply_id, piece)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _warm(self, request: GenerationRequest) -> None:
        try:
            await self._engines.language_model.prefill(request)
        except EngineError:
            return  # the reply that needs the model will say what is wrong

    def _let_go(self, reply_id: ReplyId) -> None:
        """A reply is over; one beside the conversation had a cache of its own."""
        track = self._tracks.pop(reply_id, None)
        if track is not None and track.order.beside:
            self._engines.language_model.release(track.affinity)

    def _affinity_of(self, order: StartReply) -> AffinityKey:
        """A reply beside the conversation reads another prompt: the conversation's cache is not to be spoilt by it."""
        return AffinityKey(f"{self._affinity} {order.reply_id}")


def _request(affinity: AffinityKey, prompt: tuple[PromptMessage, ...], tools: tuple[Tool, ...]) -> GenerationRequest:
    return GenerationRequest(
        messages=tuple(_chat_message(message) for message in prompt),
        affinity=affinity,
        tools=tuple(FunctionTool(tool.name, tool.description, msgspec.json.decode(tool.parameters)) for tool in tools),
    )


def _chat_message(message: PromptMessage) -> ChatMessage:
    calls = tuple(ToolCall(call.call_id, call.name, call.arguments) for call in message.calls)
    return ChatMessage(message.role, message.text, calls, message.call_id)


def _fact(reply_id: ReplyId, part: GenerationPart) -> Event:
    match part:
        case TextGenerated(text=text):
            return ReplyTextGenerated(reply_id, text)
        case ToolCallGenerated(call=call):
            return ReplyToolCalled(reply_id, CallId(call.call_id), call.name, call.arguments)
        case GenerationEnded(reason=reason, usage=usage):
            used = Usage(usage.input_tokens, usage.cached_input_tokens, usage.output_tokens)
            return ReplyGenerated(reply_id, reason == "length", used)
        case _:
            assert_never(part)
