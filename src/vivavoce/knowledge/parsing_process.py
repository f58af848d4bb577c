"""The process that reads one document and ends: started by `reading.py`, bound by its limits, with nothing to lose.

It gets one line of JSON (and a text to cut, where there is one) on its input and answers on its output: a line of JSON,
then the text, then a line of JSON a passage. Whatever a hostile file makes of its libraries ends with it: it has no
secrets, writes no files and connects nowhere.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.parsing.kinds import Kind, kind_of
from vivavoce.knowledge.passages import Chunk, ChunkConfiguration, DocumentError, DocumentText

_READERS: dict[Kind, tuple[str, str]] = {
    "pdf": ("portable", "read"),
    "docx": ("word", "read"),
    "html": ("hypertext", "read"),
    "markdown": ("plain", "read_markdown"),
    "text": ("plain", "read_text"),
    "csv": ("records", "read_csv"),
    "json": ("records", "read_json"),
}
"""Modules of `knowledge.parsing`; only the one that is needed is loaded."""

_ALARM_AFTER_SECONDS = 10


def main() -> None:
    """Answer the one request of this process."""
    # what a library prints must not end up in the answer
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    request = json.loads(sys.stdin.buffer.readline())
    limits = ReadingLimits(**request["limits"])
    _bind(limits)
    try:
        document, chunks = _done(request, limits)
        _write(answer, document, chunks)
    except DocumentError as error:
        _refuse(answer, error)
    except MemoryError:
        _refuse(answer, too_much_memory(limits))
    except RecursionError:
        _refuse(answer, DocumentError("damaged", "the document is nested too deeply; simplify it"))


def too_much_memory(limits: ReadingLimits) -> DocumentError:
    return DocumentError(
        "too_much_memory", f"reading it takes more than {limits.memory_bytes / 1e6:,.0f} MB of memory; split it"
    )


def read_document(path: Path, media_type: str | None, name: str, limits: ReadingLimits) -> DocumentText:
    """The text of the file. Raises `DocumentError`. For the parsing process: nothing here bounds time or memory."""
    if (size := path.stat().st_size) > limits.file_bytes:
        raise DocumentError(
            "too_large", f"it has {size / 1e6:,.0f} MB and {limits.file_bytes / 1e6:,.0f} MB are the most; split it"
        )
    module, function = _READERS[kind_of(path, media_type, name)]
    read: Callable[[Path, str, ReadingLimits], DocumentText] = getattr(
        importlib.import_module(f"vivavoce.knowledge.parsing.{module}"), function
    )
    document = read(path, name, limits)
    if not document.text.strip():
        raise DocumentError("no_text", "the document holds no text")
    if len(document.text) > limits.text_characters:
        raise DocumentError("too_large", f"it has more than {limits.text_characters:,} characters of text; split it")
    return document


def _done(request: dict[str, Any], limits: ReadingLimits) -> tuple[DocumentText, list[Chunk]]:
    name = request["name"]
    if request["path"] is not None:
        document = read_document(Path(request["path"]), request["media_type"], name, limits)
    else:
        text = sys.stdin.buffer.read().decode("utf-8")
        document = DocumentText(text, tuple(request["pages"]), request["media_type"], request["title"])
    if request["chunking"] is None:
        return document, []
    chunking = importlib.import_module("vivavoce.knowledge.chunking")
    chunks: list[Chunk] = chunking.chunked(document, name, ChunkConfiguration(**request["chunking"]))
    return document, chunks


def _bind(limits: ReadingLimits) -> None:
    """The kernel ends the process that takes more. Nobody has to watch it, should the server be gone."""
    os.nice(limits.niceness)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    # beyond the second one it would be killed without a word; the first one says why
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + _ALARM_AFTER_SECONDS)


def _write(answer: BinaryIO, document: DocumentText, chunks: list[Chunk]) -> None:
    text = document.text.encode("utf-8")
    head = {
        "bytes": len(text),
        "pages": document.pages,
        "media_type": document.media_type,
        "title": document.title,
        "chunks": len(chunks),
    }
    answer.write(json.dumps(head).encode() + b"\n" + text)
    for chunk in chunks:
        before = len(chunk.text) - (chunk.end - chunk.start)
        row = [chunk.start, chunk.end, chunk.page, chunk.heading, chunk.text[:before]]
        answer.write(json.dumps(row).encode() + b"\n")
    answer.close()


def _refuse(answer: BinaryIO, error: DocumentError) -> None:
    answer.write(json.dumps({"error": [error.code, error.message]}).encode() + b"\n")
    answer.close()
