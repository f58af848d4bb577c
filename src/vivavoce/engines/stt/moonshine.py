"""Moonshine tiny on onnxruntime: English speech-to-text, a whole sentence in some 50 ms of one core.

The engine is owned by the composition root and closed when the process ends; a stream is owned by a turn.
Model: Moonshine tiny-en, quantised (MIT), github.com/moonshine-ai/moonshine; Jeffries et al. 2024, "Moonshine: Speech
Recognition for Live Transcription and Voice Commands". It takes raw 16 kHz audio of any length. It cannot be told words
to expect: `TranscriptionHints.keyterms` are ignored.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    EngineError,
    Samples,
    TranscriptionHints,
    TranscriptionStream,
)
from vivavoce.engines.serving.onnx import open_onnx_session
from vivavoce.engines.stt.growing_buffer import (
    GrowingBuffer,
    RefusedUtterance,
    SegmentText,
    TranscriptionDesk,
    TranscriptionStoppedError,
    primary_language,
)
from vivavoce.engines.stt.segments import loop_at_end
from vivavoce.telemetry.load import WaitLog

LANGUAGE = "en"
FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")

_BEGIN, _END = 1, 2
_FIRST_SPECIAL_TOKEN = b"<<ST_0>>"

# Longer transcripts than people can speak are inventions (the model's own reference code has the same limit).
_TOKENS_PER_SECOND = 6.5
_TOKENS_AT_LEAST = 4

# Silence after the last word makes the model surer of it: word errors fall by about a fifth on cut-out utterances.
_SILENCE_AFTER = np.zeros(int(0.3 * HEARING_RATE_HZ), dtype=np.float32)

# Judging a draft's tokens together instead of one by one changes the quantised model's logits by up to 0.5.
_DRAFT_MARGIN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Cache:
    """Keys and values of one transcription. `decoder` grows with each token, `encoder` is made by the first step."""

    decoder: dict[str, NDArray[np.float32]]
    encoder: dict[str, NDArray[np.float32]]


class MoonshineModel:
    """The two graphs and the vocabulary. Thread-safe: what a transcription needs lives in its own call."""

    def __init__(self, directory: Path, *, threads: int) -> None:
        missing = [name for name in FILES if not (directory / name).is_file()]
        if missing:
            raise EngineError(
                f"{', '.join(missing)} not found in {directory}: run `vivavoce models pull moonshine-tiny-en`"
            )
        encoder, decoder, tokenizer = (directory / name for name in FILES)
        self._vocabulary = read_vocabulary(tokenizer.read_bytes())
        self._encoder = open_onnx_session(encoder, threads=threads)
        self._decoder = open_onnx_session(decoder, threads=threads)
        self._cache_shapes = {
            argument.name: (argument.shape[1], argument.shape[3])
            for argument in self._decoder.get_inputs()
            if argument.name.startswith("past_key_values.")
        }
        names = [output.name for output in self._decoder.get_outputs()]
        self._growing_outputs = ["logits", *(name for name in names if ".decoder." in name)]
        self._fixed_outputs = [name for name in names if ".encoder." in name]

    def transcribe(
        self,
        audio: Samples,
        hints: TranscriptionHints,  # noqa: ARG002 - one language, and no way to tell it words
        earlier: SegmentText | None,
        stop: threading.Event,
    ) -> SegmentText:
        padded = np.concatenate([audio, _SILENCE_AFTER])[None]
        mask = np.ones_like(padded, dtype=np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": padded, "attention_mask": mask})
        limit = int(padded.size / HEARING_RATE_HZ * _TOKENS_PER_SECOND) + _TOKENS_AT_LEAST
        draft = earlier.tokens[:limit] if earlier else ()
        sound = {"encoder_hidden_states": hidden, "encoder_attention_mask": mask}
        tokens = self._decode(sound, draft, limit, stop)
        return SegmentText(words_of(self._vocabulary, tokens), LANGUAGE, tuple(tokens))

    def _decode(
        self, sound: dict[str, NDArray[np.generic]], draft: tuple[int, ...], limit: int, stop: threading.Event
    ) -> list[int]:
        """Greedy decoding that begins with as much of `draft` as the model, judging it in one step, agrees with."""
        logits, cache = self._begin(sound, draft)
        agreed = agreement(logits, draft)
        tokens = list(draft[:agreed])
        token = int(logits[agreed].argmax())
        decoder_cache = {name: values[:, :, : agreed + 1] for name, values in cache.decoder.items()}
        while token != _END and len(tokens) < limit:
            if stop.is_set():
                raise TranscriptionStoppedError
            tokens.append(token)
            if repeated := loop_at_end(tokens):
                return tokens[:-repeated]
            step = {"input_ids": np.array([[token]], dtype=np.int64), "use_cache_branch": np.array([True])}
            step_logits, *grown = self._decoder.run(
                self._growing_outputs, {**sound, **step, **decoder_cache, **cache.encoder}
            )
            decoder_cache = _as_inputs(self._growing_outputs[1:], grown)
            token = int(step_logits[0, -1].argmax())
        return tokens

    def _begin(
        self, sound: dict[str, NDArray[np.generic]], draft: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], _Cache]:
        """Logits after the begin mark and after each token of the draft, shape (1 + draft, vocabulary)."""
        frames = sound["encoder_hidden_states"].shape[1]
        empty = {
            name: np.zeros((1, heads, 0 if ".decoder." in name else frames, size), dtype=np.float32)
            for name, (heads, size) in self._cache_shapes.items()
        }
        prompt = {
            "input_ids": np.array([[_BEGIN, *draft]], dtype=np.int64),
            "use_cache_branch": np.array([False]),
        }
        outputs = self._growing_outputs + self._fixed_outputs
        logits, *values = self._decoder.run(outputs, {**sound, **prompt, **empty})
        growing = len(self._growing_outputs) - 1
        return logits[0], _Cache(
            decoder=_as_inputs(self._growing_outputs[1:], values[:growing]),
            encoder=_as_inputs(self._fixed_outputs, values[growing:]),
        )


def _as_inputs(names: Sequence[str], values: Sequence[NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """What the decoder gives as `present.…` it takes back as `past_key_values.…`."""
    return {name.replace("present.", "past_key_values.", 1): value for name, value in zip(names, values, strict=True)}


def agreement(logits: NDArray[np.float32], draft: Sequence[int]) -> int:
    """How many tokens of the draft the model would have chosen too, or nearly so."""
    for position, token in enumerate(draft):
        if logits[position, token] < logits[position].max() - _DRAFT_MARGIN:
            return position
    return len(draft)


def read_vocabulary(data: bytes) -> list[bytes]:
    """The tokens' bytes out of Moonshine's tokenizer.bin: a length (one byte, or two from 128 up) before each token.

    Marks that are not text (unknown, begin, end, and the special ones at the end) become empty.
    """
    tokens: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length & 0x80:
            length = (length & 0x7F) + data[at] * 128
            at += 1
        tokens.append(data[at : at + length])
        at += length
    special = tokens.index(_FIRST_SPECIAL_TOKEN) if _FIRST_SPECIAL_TOKEN in tokens else len(tokens)
    return [b"" if number <= _END or number >= special else token for number, token in enumerate(tokens)]


def words_of(vocabulary: Sequence[bytes], tokens: Sequence[int]) -> str:
    """The tokens' text; '' when it has no letter and no digit (for noise the model writes musical notes)."""
    text = b"".join(vocabulary[token] for token in tokens).decode("utf-8", "ignore").replace("\u2581", " ").strip()
    return text if any(character.isalnum() for character in text) else ""


class MoonshineSpeechToText:
    """`SpeechToText` by Moonshine tiny. Loads the model (44 MB) on construction, in the calling thread.

    `workers` transcriptions run at once, each on `threads` threads.
    """

    def __init__(self, directory: Path, *, threads: int = 1, workers: int = 1, waits: WaitLog | None = None) -> None:
        model = MoonshineModel(directory, threads=threads)
        self._desk = TranscriptionDesk("stt", model, default_language=LANGUAGE, workers=workers, waits=waits)

    @property
    def languages(self) -> frozenset[str]:
        return frozenset({LANGUAGE})

    def open_stream(self, hints: TranscriptionHints) -> TranscriptionStream:
        """Begin an utterance. Its looks raise `EngineError` when a language other than English is hinted at."""
        if primary_language(hints) not in {None, LANGUAGE}:
            return RefusedUtterance(
                f"Moonshine understands English, not {hints.language!r}: choose faster-whisper for other languages"
            )
        return GrowingBuffer(self._desk, TranscriptionHints(LANGUAGE, hints.keyterms))

    async def close(self) -> None:
        await self._desk.close()
