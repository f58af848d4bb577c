"""The llama.cpp server engine inside this process: loads a GGUF file, answers chat requests, keeps prompt caches.

Everything that knows the xllamacpp package is here. Owned by the adapter beside it; `close` frees the weights. All
methods block and belong on worker threads.

Two things about the library decide how it is set up (measured on two cores, see the decision record 0006):
- its threads meet at barriers several hundred times a token. OpenMP's waiting threads spin by default; once anything
  else wants the cores, decoding falls from 40 tokens a second to one. Threads that sleep at once reach 21 a second on
  an idle machine, threads that spin for some microseconds first 33. libgomp reads both settings when it is loaded, so
  they have to be made before the first import.
- it always opens an HTTP endpoint. It gets a socket file in a private folder instead of a port, and that is how prompt
  caches are saved and restored.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from vivavoce.engines.ports import EngineError

if TYPE_CHECKING:
    from xllamacpp import Server

BATCH_TOKENS = 64
"""Prompt tokens evaluated in one step. A step cannot be interrupted: 64 tokens of a 1.5B model are 0.75 s on two cores,
and that is what a cancelled prompt still costs and how long other callers' tokens wait. 512 would be 2 % faster."""

PATIENCE = 5
"""Niceness of the engine's threads: beside a thread of the ears they get a quarter of a core."""

_SILENT = -1
_FOLDER_PREFIX = "vivavoce-llm-"
_CONTROL_TIMEOUT_SECONDS = 30.0
_SOCKET_NAME = "engine.sock"
_SOCKET_FOLDER_CHARACTERS = 107 - len(_SOCKET_NAME) - 1
"""A socket's path has at most 107 characters on Linux (unix(7))."""


class ChunkDelta(msgspec.Struct):
    content: str | None = None


class ChunkChoice(msgspec.Struct):
    delta: ChunkDelta = msgspec.field(default_factory=ChunkDelta)
    finish_reason: str | None = None


class PromptProgress(msgspec.Struct):
    """How far the evaluation of the prompt is, in tokens. `cache` were known before."""

    total: int = 0
    cache: int = 0
    processed: int = 0


class CachedTokens(msgspec.Struct):
    cached_tokens: int = 0


class ChunkUsage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: CachedTokens = msgspec.field(default_factory=CachedTokens)


class ChunkError(msgspec.Struct):
    message: str = ""
    type: str = ""
    n_prompt_tokens: int = 0
    n_ctx: int = 0


class Chunk(msgspec.Struct):
    """One event of a chat answer, in the shape of OpenAI's stream with llama.cpp's additions."""

    choices: list[ChunkChoice] = []
    prompt_progress: PromptProgress | None = None
    usage: ChunkUsage | None = None
    error: ChunkError | None = None


_decode_chunk = msgspec.json.Decoder(Chunk).decode


class LlamaServer:
    """One loaded model with `slots` prompt caches of `context_tokens` each. Raises `EngineError` if it cannot load."""

    def __init__(self, model: Path, *, slots: int, context_tokens: int, threads: int | None) -> None:
        if not model.is_file():
            raise EngineError(f"there is no language model at {model}; run `vivavoce models pull` to fetch one")
        self._folder = _private_folder()
        self._closing = threading.Lock()
        try:
            load = partial(_load, model, self._folder, slots, context_tokens, threads or usable_cores())
            self._server: Server | None = _on_a_patient_thread(load)
        except (RuntimeError, ValueError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EngineError(
                f"{model} could not be loaded as a language model ({error}); run `vivavoce models verify`, "
                f"and check that enough memory is free for a file of {model.stat().st_size >> 20} MiB"
            ) from error
        self._control = httpx.Client(
            base_url="http://engine",
            transport=httpx.HTTPTransport(uds=str(self._folder / _SOCKET_NAME)),
            timeout=_CONTROL_TIMEOUT_SECONDS,
        )

    def chat(self, body: Mapping[str, Any], hear: Callable[[Chunk], bool]) -> None:
        """Answer one chat request; `hear` gets every chunk on this thread and ends the answer by returning True.

        Raises `EngineError` for a request that the engine refuses, but gives a prompt that is too long to `hear` as a
        chunk with `error`.
        """
        server = self._server
        if server is None:
            raise EngineError("the language model is closed; start the server again")
        failures: list[str] = []

        def on_chunk(raw: bytes) -> bool:
            chunk = _decode_chunk(raw)
            if chunk.error is not None and chunk.error.type != "exceed_context_size_error":
                failures.append(chunk.error.message)
                return True
            return hear(chunk)

        try:
            server.handle_chat_completions(msgspec.json.encode(body), on_chunk)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"the language model refused the request: {error}") from error
        if failures:
            raise EngineError(f"the language model failed: {failures[0]}; see if the machine is short of memory")

    def save_slot(self, slot: int, name: str) -> int:
        """Write a slot's prompt cache to the file `name`; its size in bytes, 0 when it could not be written."""
        return int(self._slot_action(slot, "save", name).get("n_written", 0))

    def restore_slot(self, slot: int, name: str) -> bool:
        """Fill a slot's prompt cache from the file `name`."""
        return int(self._slot_action(slot, "restore", name).get("n_restored", 0)) > 0

    def forget_file(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / name).unlink()

    def close(self) -> None:
        """Free the model. Every `chat` must have returned. A second call does nothing."""
        with self._closing:
            self._control.close()
            self._server = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _slot_action(self, slot: int, action: str, name: str) -> dict[str, Any]:
        try:
            response = self._control.post(f"/slots/{slot}", params={"action": action}, json={"filename": name})
            answer = response.json()
        except (httpx.HTTPError, ValueError):
            # A cache that could not be kept costs time, not the reply.
            return {}
        return answer if isinstance(answer, dict) else {}


def _on_a_patient_thread(load: Callable[[], Server]) -> Server:
    """Load on a thread of lower priority, which all threads of the engine inherit.

    The engine works for seconds; the ears and the voice need a core for milliseconds, and the caller waits for them.
    """
    loaded: Future[Server] = Future()

    def run() -> None:
        with contextlib.suppress(AttributeError, OSError):  # where the system knows no priorities of threads
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PATIENCE)
        try:
            loaded.set_result(load())
        except (RuntimeError, ValueError) as error:
            loaded.set_exception(error)

    thread = threading.Thread(target=run, name="engine-language-model-loading")
    thread.start()
    thread.join()
    return loaded.result()


def usable_cores() -> int:
    """Physical cores that this process may use: CPU affinity and a container's quota count.

    Two hyperthreads of one core count as two only where there is nothing else.
    """
    logical = os.sched_getaffinity(0)
    siblings = {_siblings(Path(f"/sys/devices/system/cpu/cpu{number}/topology")) or str(number) for number in logical}
    cores = min(max(2, len(siblings)), len(logical))
    return max(1, min(cores, _quota_cores(Path("/sys/fs/cgroup/cpu.max")) or cores))


def _siblings(topology: Path) -> str:
    """Names the physical core of a logical one; '' where the kernel does not tell."""
    try:
        return (topology / "thread_siblings_list").read_text().strip()
    except OSError:
        return ""


def _quota_cores(cpu_max: Path) -> int | None:
    """Whole cores of a control group's quota ("200000 100000" is 2), None where there is none."""
    try:
        quota, period = cpu_max.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def _private_folder() -> Path:
    """A folder that only this user can enter; those that a killed process left behind are removed first."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{_FOLDER_PREFIX}*"):
        process = left.name.removeprefix(_FOLDER_PREFIX).partition("-")[0]
        if process.isdigit() and not Path(f"/proc/{process}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
    if len(os.fsencode(folder)) <= _SOCKET_FOLDER_CHARACTERS:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-", dir="/tmp"))


def _load(model: Path, folder: Path, slots: int, context_tokens: int, threads: int) -> Server:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    # Read into memory, not mapped: the engine repacks most weights, and mapped ones would stay resident a second time.
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.fit_params = False
    params.cache_ram_mib = 0
    params.enable_reasoning = 0
    params.verbosity = _SILENT
    # Copies come out of the properties, so each has to be put back to count.
    for name in ("cpuparams", "cpuparams_batch"):
        cpu = getattr(params, name)
        cpu.n_threads = threads
        setattr(params, name, cpu)
    params.hostnames = [str(folder / _SOCKET_NAME)]
    params.n_threads_http = 1
    params.endpoint_slots = True
    params.slot_save_path = f"{folder}{os.sep}"
    # Comment lines in the stream, which the binding does not expect, would come while a long prompt is evaluated.
    params.sse_ping_interval = -1
    return xllamacpp.Server(params)
