"""smart-turn v3.2 on onnxruntime: hears from intonation whether a pause ends the caller's turn.

The engine is owned by the composition root and closed when the process ends; it keeps nothing of a caller.
Model: smart-turn-v3.2-cpu.onnx (BSD-2-Clause), github.com/pipecat-ai/smart-turn. It takes the log-mel spectrogram of
the last 8 s, the pause at the right end, silence before.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from vivavoce.engines.ports import HEARING_RATE_HZ, EngineError, Samples
from vivavoce.engines.serving.onnx import open_onnx_session
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.turn.log_mel import log_mel, normalized
from vivavoce.telemetry.load import WaitLog

HEARD_SAMPLES = 8 * HEARING_RATE_HZ


class SmartTurnDetector:
    """`TurnDetector` by smart-turn. Loads the model (8.7 MB) on construction, in the calling thread.

    One judgement takes about 30 ms of one core; more callers than the worker can serve wait in line. They are not
    judged in batches: on onnxruntime's CPU two take twice as long as one (30, 58, 117, 250 ms for 1, 2, 4, 8), so the
    first of a batch would wait for the last and nobody would gain.
    """

    def __init__(self, model: Path, *, threads: int = 1, waits: WaitLog | None = None) -> None:
        if not model.is_file():
            raise EngineError(f"the turn detection model is not at {model}: run `vivavoce models pull smart-turn-v3.2`")
        self._session = open_onnx_session(model, threads=threads)
        self._worker = EngineWorker("turn", waits=waits)

    async def end_of_turn_probability(self, audio: Samples) -> float:
        """Probability in [0, 1] that the turn is over; of (n,) samples at 16 kHz the last 8 s count."""
        return await self._worker.run(self._judge, audio[-HEARD_SAMPLES:].copy())

    async def close(self) -> None:
        await asyncio.to_thread(self._worker.close)

    def _judge(self, audio: Samples) -> float:
        heard = np.zeros(HEARD_SAMPLES, dtype=np.float32)
        heard[HEARD_SAMPLES - audio.size :] = audio
        (probability,) = self._session.run(None, {"input_features": log_mel(normalized(heard))[None]})
        return float(probability[0, 0])
