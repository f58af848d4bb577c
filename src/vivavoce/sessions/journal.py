"""The journal of a call: every fact with its time and the orders that followed, one JSON line each.

Line 1 holds the settings and the id prefix the call began with; so `replay` can run the conversation again. A session
that is held again after its connection broke writes on in the same file, with such a line of its own.
Values are {"$": "ClassName", field: …}; enums as their values, tuples as lists. Owned by a session; written by
a thread, at most a second behind; the file holds what was said, so only its owner may read it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
import types
import typing
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from vivavoce.conversation import events, history, items, notices, orders, replies, settings, tool_policy
from vivavoce.conversation.events import Event
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.orders import Order
from vivavoce.conversation.settings import Settings

VERSION = 1
FLUSH_EVERY_SECONDS = 1.0


class JournalError(Exception):
    """The file is not a journal that this version can read."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay left the recorded call. `line` counts from 1; the orders are as the journal writes them."""

    line: int
    event: dict[str, Any]
    recorded: list[Any]
    replayed: list[Any]


class Journal:
    """Writes one call. A full disk ends the journal, not the call.

    `tells_after_writing`: what the client is told is in the file before it is told, so that the call can be resumed
    even if the process dies. It may be set while the call lives. Nothing is forced to the disk itself: the file
    survives the process, not a power cut.
    """

    def __init__(self, path: Path, *, tells_after_writing: bool = False) -> None:
        self._path = path
        self._lines: deque[bytes] = deque()
        self._mended = False
        self._writing = threading.Lock()
        self.tells_after_writing = tells_after_writing
        self.failure: OSError | None = None

    def begin(self, initial: Settings, id_prefix: str) -> None:
        self._append({"journal": VERSION, "id_prefix": id_prefix, "settings": to_plain(initial)})

    def write(self, now: float, event: Event, ordered: Sequence[Order]) -> None:
        self._append({"at": now, "event": to_plain(event), "orders": [to_plain(order) for order in ordered]})
        if self.tells_after_writing and any(isinstance(order, orders.Tell) for order in ordered):
            self.flush_now()

    async def run(self) -> None:
        """Write behind, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_SECONDS)
            await asyncio.to_thread(self._flush)

    def flush_now(self) -> None:
        """Everything written so far is in the file when this returns. A few lines: short enough for the event loop."""
        self._flush()

    async def flushed(self) -> None:
        """The same, in a thread."""
        await asyncio.to_thread(self._flush)

    def close(self) -> None:
        """Write what is left."""
        self._flush()

    def _append(self, record: dict[str, Any]) -> None:
        if self.failure is None:
            self._lines.append(msgspec.json.encode(record))

    def _flush(self) -> None:
        with self._writing:  # lines that a thread has taken must not be overtaken
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if lines and self.failure is None:
                self._write_out(lines)

    def _write_out(self, lines: list[bytes]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._mended:
                self._mended = True
                _cut_torn_line(self._path)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(b"\n".join(lines) + b"\n")
        except OSError as failure:
            self.failure = failure


def _cut_torn_line(path: Path) -> None:
    """A process that died while it wrote left half a line, whose orders were not performed: write on before it."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def replay(path: Path) -> Difference | None:
    """Run the conversation again on a journal; the first difference, or None. Raises `JournalError`."""
    conversation: Conversation | None = None
    for line, record in _read(path):
        if conversation is None or "journal" in record:
            conversation = _begun(path, record)
            continue
        event: Event = from_plain(record["event"], Event)
        replayed = [to_plain(order) for order in conversation.handle(event, record["at"])]
        recorded = _completed(record["orders"])
        if replayed != recorded:
            return Difference(line, record["event"], recorded, replayed)
    return None


def _begun(path: Path, head: dict[str, Any]) -> Conversation:
    if head.get("journal") != VERSION:
        raise JournalError(f"{path} is no journal of version {VERSION}; replay it with the release that wrote it")
    return Conversation(from_plain(head["settings"], Settings), head["id_prefix"])


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise JournalError(f"cannot read {path}: {error.strerror}") from error
    if not lines:
        raise JournalError(f"{path} is empty; a journal has at least its first line")
    for number, line in enumerate(lines, 1):
        try:
            record = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise JournalError(f"{path}, line {number}: {error}") from error
        if not isinstance(record, dict) or not ({"journal", "event"} & record.keys()):
            raise JournalError(f"{path}, line {number}: not a line of a journal")
        yield number, record


def to_plain(value: Any) -> Any:
    """A frozen value of the conversation as JSON can hold it."""
    kind: Any = type(value)
    if kind in _PLAIN:  # most values are
        return value
    if isinstance(value, Enum):
        return value.value
    if (names := _field_names(kind)) is not None:
        plain = {name: to_plain(getattr(value, name)) for name in names}
        return {"$": kind.__name__, **plain}
    if isinstance(value, tuple | list):
        return [to_plain(element) for element in value]
    return value


@cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    """Those of a dataclass that count: what is not compared says again what stands before. None for anything else."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind) if field.compare)


def from_plain(plain: Any, wanted: Any) -> Any:
    """The value of type `wanted` that `to_plain` wrote. Raises `JournalError` for what it cannot have written."""
    if isinstance(wanted, typing.NewType):
        return from_plain(plain, wanted.__supertype__)
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        if plain is None:
            return None
        if isinstance(plain, dict):
            return _revived(plain)
        return from_plain(plain, next(choice for choice in arguments if choice is not type(None)))
    if origin is tuple:
        kinds = [arguments[0]] * len(plain) if arguments[-1] is Ellipsis else arguments
        return tuple(from_plain(element, kind) for element, kind in zip(plain, kinds, strict=True))
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(plain)
    if isinstance(plain, dict):
        return _revived(plain)
    return plain


def _revived(plain: dict[str, Any]) -> Any:
    kind = _KINDS.get(plain.get("$", ""))
    if kind is None:
        raise JournalError(f"'{plain.get('$')}' is nothing that a journal can hold")
    hints = typing.get_type_hints(kind)
    try:
        return kind(**{name: from_plain(value, hints[name]) for name, value in plain.items() if name != "$"})
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"a '{kind.__name__}' that this version does not know: {error}") from error


def _completed(plain: Any) -> Any:
    """The same with the defaults of fields that did not exist when it was written."""
    if isinstance(plain, list):
        return [_completed(element) for element in plain]
    if not isinstance(plain, dict):
        return plain
    kind = _KINDS.get(plain.get("$", ""))
    counting = [field for field in dataclasses.fields(kind) if field.compare] if kind is not None else []
    missing = [field for field in counting if field.name not in plain]
    defaults = {field.name: to_plain(field.default) for field in missing if field.default is not dataclasses.MISSING}
    return {name: _completed(value) for name, value in plain.items()} | defaults


_PLAIN = frozenset({str, int, float, bool, type(None)})

_KINDS: dict[str, type[Any]] = {
    name: kind
    for module in (events, history, items, notices, orders, replies, settings, tool_policy)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}
