"""Opens ONNX models the way every engine here needs them: few threads that sleep when idle.

ONNX Runtime's idle threads spin by default; on a small machine they take the cores that the language model needs
(turn detection slows from 15 to 55 ms beside llama.cpp on two cores).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_onnx_session(model: Path | bytes, *, threads: int = 1) -> InferenceSession:
    """Load a model (a path, or the bytes of one) for the CPU. Raises onnxruntime's own errors for a broken file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
