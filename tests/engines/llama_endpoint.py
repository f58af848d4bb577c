"""llama.cpp's own OpenAI-compatible HTTP endpoint, in a process of its own, for the tests of the HTTP language model.

Run as a program it serves the model named by its argument, prints its base URL and ends when its input ends.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def llama_endpoint(model: Path) -> Iterator[str]:
    """The base URL of a server of this model."""
    program = [sys.executable, __file__, str(model)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        assert base_url.startswith("http"), "the llama.cpp server did not start"
        yield base_url
        process.communicate()


def _serve(model: str) -> None:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx, params.n_parallel, params.n_batch = 8192, 4, 64
    params.cache_ram_mib, params.verbosity = 0, -1
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)  # noqa: T201 - the parent process reads it
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
