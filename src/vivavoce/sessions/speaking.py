"""The voice of one call: a reply's words in, paced audio out.

The other straight road of the audio plane: language model → pieces of text → voice → frames, each step a task of the
reply, each queue bounded. Only what becomes of the reply is told to the conversation. Owned by a session; a reply's
tasks end with the reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import assert_never

import msgspec

from vivavoce.conversation.events import (
    Event,
    PieceEnded,
    PieceQueued,
    PieceStarted,
    ReplyFailed,
    ReplyGenerated,
    ReplySpoken,
    ReplyTextGenerated,
    ReplyToolCalled,
)
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import CallId, ReplyId
from vivavoce.conversation.orders import StartReply, WarmPrompt
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
from vivavoce.engines.voices import first_piece_words
from vivavoce.media.formats import AudioFormat
from vivavoce.media.pacing import Playout
from vivavoce.media.resampling import StreamResampler
from vivavoce.sessions.ports import Engines, Outlet
from vivavoce.sessions.transcribing import Spawn

LEAD_SECONDS = 0.2
"""Audio that may be on its way to the caller or waiting in the player."""

FRAME_SAMPLES = VOICE_RATE_HZ // 50
"""20 ms."""

QUEUED_PIECES = 256
"""Pieces of text that may wait for the voice; more and the language model waits."""

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
        output_format: AudioFormat,
        outlet: Outlet,
        submit: Callable[[Event], None],
        spawn: Spawn,
    ) -> None:
        self._engines = engines
        self._affinity = affinity
        self._outlet = outlet
        self._submit = submit
        self._spawn = spawn
        self._playout = Playout(LEAD_SECONDS)
        self._reply: tuple[ReplyId, asyncio.Task[None]] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._sent_seconds = 0.0
        self.output_format = output_format

    # --- orders -----------------------------------------------------------------------------------------------------

    def start(self, order: StartReply) -> None:
        self._sent_seconds = 0.0
        self._reply = (order.reply_id, self._spawn(self._run(order), f"reply {order.reply_id}"))

    def cancel(self, reply_id: ReplyId) -> None:
        if self._reply is not None and self._reply[0] == reply_id:
            self._reply[1].cancel()
            self._reply = None
            self._playout.flush(asyncio.get_running_loop().time())

    def warm(self, order: WarmPrompt) -> None:
        """Let the language model read the prompt's prefix before it is needed."""
        if self._warming is not None:
            self._warming.cancel()
        request = self._request(order.prompt, order.tools, "auto", None)
        self._warming = self._spawn(self._warm(request), "warm prompt")

    def played_ms(self, reply_id: ReplyId) -> int:
        """How much of a reply's audio the caller has heard by now."""
        if self._reply is None or self._reply[0] != reply_id:
            return 0
        buffered = self._playout.buffered_seconds(asyncio.get_running_loop().time())
        return max(0, int((self._sent_seconds - buffered) * 1000))

    def end(self) -> None:
        """The call is over."""
        self._engines.language_model.release(self._affinity)

    # --- the road ---------------------------------------------------------------------------------------------------

    async def _run(self, order: StartReply) -> None:
        try:
            if order.modality is Modality.TEXT:
                async for _ in self._write(order):
                    pass
                return
            pieces: asyncio.Queue[str | None] = asyncio.Queue(QUEUED_PIECES)
            voiced: asyncio.Queue[_Voiced] = asyncio.Queue(QUEUED_CHUNKS)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._cut(order, pieces), name=f"words of {order.reply_id}")
                tasks.create_task(self._voice(order, pieces, voiced), name=f"voice of {order.reply_id}")
                tasks.create_task(self._send(order.reply_id, voiced), name=f"audio of {order.reply_id}")
        except* EngineError as errors:
            self._submit(ReplyFailed(order.reply_id, str(errors.exceptions[0])))

    async def _write(self, order: StartReply) -> AsyncGenerator[str]:
        """The reply's words as they come; tells the conversation of everything the model does."""
        if order.script is not None:
            self._submit(ReplyTextGenerated(order.reply_id, order.script))
            yield order.script
            self._submit(ReplyGenerated(order.reply_id, cut_at_limit=False, usage=Usage()))
            return
        request = self._request(order.prompt, order.tools, order.tool_choice, order.maximum_output_tokens)
        async with aclosing(self._engines.language_model.generate(request)) as parts:
            async for part in parts:
                self._submit(_fact(order.reply_id, part))
                if isinstance(part, TextGenerated):
                    yield part.text

    async def _cut(self, order: StartReply, pieces: asyncio.Queue[str | None]) -> None:
        cutter = SentenceStream(first_piece_words=self._first_piece_words(order.voice))

        async def queue(cut: list[str]) -> None:
            for piece in cut:
                self._submit(PieceQueued(order.reply_id, piece.strip()))
                await pieces.put(piece)

        async with aclosing(self._write(order)) as words:
            async for text in words:
                await queue(cutter.push(text))
        await queue(cutter.flush())
        await pieces.put(None)

    async def _voice(
        self, order: StartReply, pieces: asyncio.Queue[str | None], voiced: asyncio.Queue[_Voiced]
    ) -> None:
        form = SpokenForm()
        while (piece := await pieces.get()) is not None:
            spoken = form.of(piece)
            if not spoken:
                continue
            request = SpeechRequest(spoken, order.voice, order.speed)
            begun = False
            async with aclosing(self._engines.text_to_speech.synthesize(request)) as chunks:
                async for chunk in chunks:
                    if not begun:
                        begun = True
                        await voiced.put(_PieceBegun(piece.strip()))
                    await voiced.put(chunk)
            if begun:
                await voiced.put(_PieceOver())
        await voiced.put(None)

    async def _send(self, reply_id: ReplyId, voiced: asyncio.Queue[_Voiced]) -> None:
        output_format = self.output_format
        resampler = StreamResampler(VOICE_RATE_HZ, output_format.rate_hz)
        while (part := await voiced.get()) is not None:
            match part:
                case _PieceBegun(text=text):
                    self._submit(PieceStarted(reply_id, text, self._sent_ms))
                case _PieceOver():
                    self._submit(PieceEnded(reply_id, self._sent_ms))
                case samples:
                    for start in range(0, len(samples), FRAME_SAMPLES):
                        frame = samples[start : start + FRAME_SAMPLES]
                        await self._pace(len(frame) / VOICE_RATE_HZ)
                        self._emit(reply_id, output_format.encode(resampler.push(frame)))
        self._emit(reply_id, output_format.encode(resampler.flush()))
        self._submit(ReplySpoken(reply_id, self._sent_ms))

    async def _pace(self, duration_seconds: float) -> None:
        clock = asyncio.get_running_loop()
        if wait := self._playout.wait_seconds(clock.time()):
            await asyncio.sleep(wait)
        self._playout.send(clock.time(), duration_seconds)
        self._sent_seconds += duration_seconds

    def _emit(self, reply_id: ReplyId, audio: bytes) -> None:
        if audio:
            self._outlet.send_audio(reply_id, audio)

    @property
    def _sent_ms(self) -> int:
        return round(self._sent_seconds * 1000)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _first_piece_words(self, voice_name: str) -> int | None:
        """Short for a slow voice; its own choice for a voice that is not there, which `synthesize` will refuse."""
        voices = {voice.name: voice for voice in self._engines.text_to_speech.voices}
        return first_piece_words(voices[voice_name]) if voice_name in voices else None

    async def _warm(self, request: GenerationRequest) -> None:
        try:
            await self._engines.language_model.prefill(request)
        except EngineError:
            return  # the reply that needs the model will say what is wrong

    def _request(
        self, prompt: tuple[PromptMessage, ...], tools: tuple[Tool, ...], tool_choice: str, limit: int | None
    ) -> GenerationRequest:
        return GenerationRequest(
            messages=tuple(_chat_message(message) for message in prompt),
            affinity=self._affinity,
            tools=tuple(
                FunctionTool(tool.name, tool.description, msgspec.json.decode(tool.parameters)) for tool in tools
            ),
            tool_choice=tool_choice,
            maximum_output_tokens=limit,
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
