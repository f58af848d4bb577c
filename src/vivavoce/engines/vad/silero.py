"""Silero VAD v6 on onnxruntime: one loaded model, the windows of all callers in one batch per tick.

The engine is owned by the composition root and closed when the process ends; a stream is owned by a call.
Model: silero_vad.onnx (MIT), github.com/snakers4/silero-vad. It takes 64 samples of context and the window of 512 at
16 kHz, and a recurrent state of shape (2, batch, 128).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VAD_WINDOW_SAMPLES,
    EngineError,
    Samples,
    VoiceActivityStream,
)
from vivavoce.engines.serving.batch_worker import BatchWorker
from vivavoce.engines.serving.onnx import open_onnx_session

CONTEXT_SAMPLES = 64
STATE_SIZE = 128

CLEARLY_QUIET = 0.1
FORGET_AFTER_QUIET_WINDOWS = 31
"""The recurrent state is forgotten after each second that is clearly quiet: it drifts in noise.

Measured with 20 s of noise (engine, horn, dog, telephone, white) or silence before each of 18 utterances: without it 25
of 504 are missed altogether and one window in ten is lost; with it none and one in eighty.
"""


MANY_STREAMS = 12
INTERVAL_SECONDS = 0.005
"""With many callers, windows wait so long at most for those of others: alone a window costs 150 µs, in company 40."""


@dataclass(slots=True, eq=False)
class _Memory:
    """What the model remembers of one stream. Written by the worker thread alone."""

    state: NDArray[np.float32] = field(default_factory=lambda: np.zeros((2, STATE_SIZE), dtype=np.float32))
    context: Samples = field(default_factory=lambda: np.zeros(CONTEXT_SAMPLES, dtype=np.float32))
    quiet_windows: int = 0

    def learn(self, state: NDArray[np.float32], window: Samples, probability: float) -> None:
        self.context = window[-CONTEXT_SAMPLES:].copy()
        self.quiet_windows = self.quiet_windows + 1 if probability < CLEARLY_QUIET else 0
        if self.quiet_windows >= FORGET_AFTER_QUIET_WINDOWS:
            self.quiet_windows = 0
            self.state = np.zeros_like(state)
        else:
            self.state = state


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """`context`: what comes before the window, for a glance of which nothing is remembered."""

    memory: _Memory
    window: Samples
    context: Samples | None = None


class SileroVoiceActivity:
    """`VoiceActivity` by Silero. Loads the model (2.3 MB) on construction, in the calling thread."""

    def __init__(self, model: Path, *, maximum_batch: int = 64) -> None:
        if not model.is_file():
            raise EngineError(f"the voice-activity model is not at {model}: run `vivavoce models pull silero-vad`")
        self._session = open_onnx_session(model)
        self._rate = np.array(HEARING_RATE_HZ, dtype=np.int64)
        self._streams: set[_SileroStream] = set()
        self._worker: BatchWorker[_Job, float] = BatchWorker(
            "vad",
            self._run_batch,
            maximum_batch=maximum_batch,
            interval_seconds=lambda: INTERVAL_SECONDS if len(self._streams) >= MANY_STREAMS else 0.0,
        )

    def open_stream(self) -> VoiceActivityStream:
        stream = _SileroStream(self._worker, self._streams.discard)
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        await self._worker.close()

    def _run_batch(self, jobs: list[_Job]) -> list[float]:
        inputs = np.empty((len(jobs), CONTEXT_SAMPLES + VAD_WINDOW_SAMPLES), dtype=np.float32)
        state = np.empty((2, len(jobs), STATE_SIZE), dtype=np.float32)
        for row, job in enumerate(jobs):
            inputs[row, :CONTEXT_SAMPLES] = job.memory.context if job.context is None else job.context
            inputs[row, CONTEXT_SAMPLES:] = job.window
            state[:, row] = job.memory.state
        output, next_state = self._session.run(None, {"input": inputs, "state": state, "sr": self._rate})
        probabilities = [float(probability) for probability in output[:, 0]]
        for row, (job, probability) in enumerate(zip(jobs, probabilities, strict=True)):
            if job.context is None:
                job.memory.learn(next_state[:, row].copy(), job.window, probability)
        return probabilities


class _SileroStream:
    """The voice activity of one caller. A window whose call was cancelled was heard or was not; the stream goes on."""

    def __init__(self, worker: BatchWorker[_Job, float], closed: Callable[[_SileroStream], None]) -> None:
        self._worker = worker
        self._tell_closed = closed
        self._memory = _Memory()
        self._closed = False

    async def speech_probability(self, window: Samples) -> float:
        return await self._judged(window, None)

    async def glance(self, newest: Samples) -> float:
        before = newest[:-VAD_WINDOW_SAMPLES][-CONTEXT_SAMPLES:]
        context = np.zeros(CONTEXT_SAMPLES, np.float32)
        context[CONTEXT_SAMPLES - before.size :] = before
        return await self._judged(newest[-VAD_WINDOW_SAMPLES:], context)

    def reset(self) -> None:
        """Windows that are still on their way write to the old memory, which nobody reads again."""
        self._memory = _Memory()

    def close(self) -> None:
        self._closed = True
        self._tell_closed(self)

    async def _judged(self, window: Samples, context: Samples | None) -> float:
        if window.shape != (VAD_WINDOW_SAMPLES,):
            raise ValueError(f"a voice-activity window has {VAD_WINDOW_SAMPLES} samples, not {window.shape}")
        if self._closed:
            raise EngineError("this voice-activity stream is closed; open another one")
        return await self._worker.run(self, _Job(self._memory, window, context))
