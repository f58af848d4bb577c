"""Reads documents in processes of their own, so that none can hurt the server or the calls that it holds.

One `DocumentReader` a server, owned by whoever ingests; it holds nothing between documents. The server itself never
opens the file and loads no library that does.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.passages import Chunk, ChunkConfiguration, DocumentError, DocumentText

_SOURCE = Path(__file__).resolve().parents[2]
_ENTRY = "import sys; sys.path.insert(0, sys.argv[1]); from vivavoce.knowledge.parsing_process import main; main()"
# Isolated (-I): no user site, no PYTHON* variables, not the working directory. No variable of the server's goes along.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}
_PIECE_BYTES = 1 << 18
_BYTES_A_CHARACTER = 4
_ANSWER_ROOM = 2
"""The answer holds the text once, and a line for each passage."""

_OUT_OF_MEMORY = {signal.SIGABRT, signal.SIGKILL, signal.SIGTRAP, signal.SIGILL}
"""What ends a process whose libraries get no memory: they give up rather than tell."""

_OUT_OF_TIME = {signal.SIGXCPU, signal.SIGALRM}


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document's text and its passages in order."""

    document: DocumentText
    chunks: tuple[Chunk, ...]


class DocumentReader:
    """Files to text and passages, at most `processes` at once; others wait in line.

    Cancelling ends the process. Every method raises `DocumentError` and nothing else for what a document is or does.
    """

    def __init__(self, limits: ReadingLimits | None = None, *, processes: int = 1) -> None:
        self._limits = limits or ReadingLimits()
        self._turns = asyncio.Semaphore(processes)

    async def read(self, path: Path, media_type: str | None, name: str) -> DocumentText:
        """The text of a file. `media_type` and `name` are what its sender says; the content decides."""
        return (await self._ask(_request(path, media_type, name, None))).document

    async def read_and_chunk(
        self, path: Path, media_type: str | None, name: str, configuration: ChunkConfiguration
    ) -> ReadDocument:
        """The text of a file, and its passages; in one process."""
        return await self._ask(_request(path, media_type, name, configuration))

    async def chunk(self, document: DocumentText, name: str, configuration: ChunkConfiguration) -> tuple[Chunk, ...]:
        """The passages of a text that was read or written before."""
        request = _request(None, document.media_type, name, configuration)
        request |= {"pages": document.pages, "title": document.title}
        return (await self._ask(request, document.text)).chunks

    async def _ask(self, request: dict[str, Any], text: str = "") -> ReadDocument:
        request["limits"] = asdict(self._limits)
        async with self._turns:
            try:
                async with asyncio.timeout(self._limits.wall_seconds):
                    status, answer = await self._answer(request, text)
            except TimeoutError:
                raise self._took_too_long() from None
        if not status:
            return await asyncio.to_thread(_read_answer, answer)
        if -status in _OUT_OF_TIME:
            raise self._took_too_long()
        if -status in _OUT_OF_MEMORY:
            megabytes = self._limits.memory_bytes / 1e6
            raise DocumentError(
                "too_much_memory", f"reading it takes more than {megabytes:,.0f} MB of memory; split it"
            )
        raise DocumentError("damaged", "the document is damaged: reading it failed; save or export it again")

    async def _answer(self, request: dict[str, Any], text: str) -> tuple[int, bytearray]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _ENTRY, str(_SOURCE)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        try:
            await _send(process, json.dumps(request), text)
            answer = await _received(process, self._limits.text_characters * _BYTES_A_CHARACTER * _ANSWER_ROOM)
            return await process.wait(), answer
        finally:
            await _end(process)

    def _took_too_long(self) -> DocumentError:
        return DocumentError(
            "took_too_long", f"reading it takes longer than {self._limits.wall_seconds:,.0f} s; split or simplify it"
        )


def _request(
    path: Path | None, media_type: str | None, name: str, chunking: ChunkConfiguration | None
) -> dict[str, Any]:
    return {
        "path": None if path is None else str(path.absolute()),
        "media_type": media_type,
        "name": name,
        "chunking": None if chunking is None else asdict(chunking),
    }


async def _send(process: asyncio.subprocess.Process, request: str, text: str) -> None:
    assert process.stdin is not None
    # a process that has ended says why in its status
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(f"{request}\n".encode())
        for start in range(0, len(text), _PIECE_BYTES):
            process.stdin.write(text[start : start + _PIECE_BYTES].encode("utf-8", "replace"))
            await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _received(process: asyncio.subprocess.Process, most_bytes: int) -> bytearray:
    assert process.stdout is not None
    answer = bytearray()
    while piece := await process.stdout.read(_PIECE_BYTES):
        answer += piece
        if len(answer) > most_bytes:
            raise DocumentError("too_large", "it holds more text than can be kept; split it")
    return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of it is left: no process, no pipe."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ProcessLookupError):
        process.kill()
    process.stdin.close()
    while await process.stdout.read(_PIECE_BYTES):
        pass
    await process.wait()


def _read_answer(answer: bytearray) -> ReadDocument:
    """On a thread: it may be long."""
    head_end = answer.index(b"\n") + 1
    head = json.loads(answer[:head_end])
    if "error" in head:
        raise DocumentError(*head["error"])
    text_end = head_end + head["bytes"]
    text = answer[head_end:text_end].decode("utf-8")
    document = DocumentText(text, tuple(head["pages"]), head["media_type"], head["title"])
    return ReadDocument(document, _chunks_of(text, answer[text_end:].splitlines()))


def _chunks_of(text: str, rows: Sequence[bytearray]) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    for row in rows:
        start, end, page, heading, before = json.loads(row)
        chunks.append(Chunk(len(chunks), before + text[start:end], tuple(heading), page, start, end))
    return tuple(chunks)
