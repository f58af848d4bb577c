"""Conversations that their clients may come back to: what is kept of them beside the journal, and how they are found.

One small file for each, named after its thread: which sessions held it, and the session object that its last
connection had, sealed by the vault, as what lets its tools in elsewhere is in it. The items are in the sessions'
journals. A file is replaced as a whole, so a process that dies leaves the former one. Files survive the process; after
half an hour without anything happening they are forgotten.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from vivavoce.sessions.journal import Journal, JournalError
from vivavoce.sessions.resuming import Resumed, resumed_from
from vivavoce.store.errors import VaultError
from vivavoce.store.vault import Vault

KEPT_SECONDS = 30 * 60
"""How long a client may stay away (xAI, "Resumption")."""

_FOLDER = "resumption"
_PURPOSE = "resumption"
_BEGUN = b'"$":"CallerJoined"'
_log = logging.getLogger(__name__)


class KeptConversation(msgspec.Struct, frozen=True):
    """What is kept of a conversation. `sessions`: who held it, the last first; `session`: the session object."""

    organisation_id: str
    thread_id: str
    agent_id: str | None
    model: str
    sessions: tuple[str, ...]
    session: dict[str, Any]


class _File(msgspec.Struct, frozen=True):
    """What stands on the disk. `sealed`: the `KeptConversation`."""

    sessions: tuple[str, ...]
    sealed: str


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """A conversation to go on with. `session_id`: the session that held it last; its journal was read."""

    kept: KeptConversation
    session_id: str
    resumed: Resumed


class Resumptions:
    """The files of one data directory. `journals`: where the journals of all calls are; None where none are kept.

    A file that this version or this vault cannot read is as good as none, and is deleted with the old ones. Every
    method works on files: a few kilobytes, but for `find`, which reads a journal; call that one in a thread.
    """

    def __init__(self, data: Path, journals: Path | None, vault: Vault) -> None:
        self._vault = vault
        self._folder = data / _FOLDER
        self._journals = journals or self._folder
        self._own_journals = journals is None

    def journal_path(self, session_id: str) -> Path:
        return self._journals / f"{session_id}.jsonl"

    def keep(self, kept: KeptConversation) -> None:
        """From now on the client may come back. Raises `OSError`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(kept.thread_id)
        draft = path.with_suffix(f".{kept.sessions[0]}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            sealed = self._vault.seal(msgspec.json.encode(kept), _purpose(kept.thread_id))
            file.write(msgspec.json.encode(_File(kept.sessions, sealed)))
        draft.replace(path)

    def mend(self, session_id: str) -> None:
        """Cut off the line that a process left half written. Only while nobody writes. Raises `OSError`."""
        path = self.journal_path(session_id)
        if path.exists():
            content = path.read_bytes()
            os.truncate(path, content.rfind(b"\n") + 1)

    def drop(self, thread_id: str) -> None:
        """The client does not want to come back any more."""
        self._path(thread_id).unlink(missing_ok=True)

    def find(self, organisation_id: str, thread_id: str) -> FoundConversation | None:
        """The conversation of this thread, if its client asked to come back and it is not too late."""
        kept = self._kept(thread_id)
        if kept is None:
            return None
        if kept.organisation_id != organisation_id or self._is_old(self._path(thread_id), kept.sessions):
            return None
        for session_id in kept.sessions:
            resumed = self._read(session_id)
            if resumed is not None:
                return FoundConversation(kept, session_id, resumed)
        return None

    def forget_old(self, live: Collection[str]) -> None:
        """Delete what nobody can come back to any more. `live`: the sessions that are held now; theirs stays."""
        if not self._folder.is_dir():
            return
        for path in list(self._folder.iterdir()):
            sessions = _sessions_in(path) if path.suffix == ".json" else (path.name.partition(".")[0],)
            try:
                if any(each in live for each in sessions):
                    path.touch()  # a caller who says nothing for half an hour may still come back
                elif self._is_old(path, sessions if path.suffix == ".json" else ()):
                    path.unlink(missing_ok=True)
            except OSError as error:
                _log.error("%s cannot be deleted: %s", path, error)

    def _kept(self, thread_id: str) -> KeptConversation | None:
        try:
            file = msgspec.json.decode(self._path(thread_id).read_bytes(), type=_File)
            return msgspec.json.decode(self._vault.unseal(file.sealed, _purpose(thread_id)), type=KeptConversation)
        except (OSError, msgspec.DecodeError):
            return None
        except VaultError as error:
            _log.error("the conversation %s cannot go on: %s", thread_id, error)
            return None

    def _path(self, thread_id: str) -> Path:
        return self._folder / f"{thread_id}.json"

    def _is_old(self, path: Path, sessions: Sequence[str]) -> bool:
        latest = max((_touched_at(each) for each in (path, *map(self.journal_path, sessions))), default=0.0)
        return latest < time.time() - KEPT_SECONDS

    def _read(self, session_id: str) -> Resumed | None:
        """None for a journal whose connection died before its client was told anything."""
        try:
            content = self.journal_path(session_id).read_bytes()
        except OSError:
            return None
        whole = content[: content.rfind(b"\n") + 1]
        if _BEGUN not in whole:
            return None
        try:
            return resumed_from(whole)
        except JournalError as error:
            _log.error("the journal of %s cannot be read, so its call cannot go on: %s", session_id, error)
            return None


class KeptCall:
    """Keeps one call for its client to come back to. Owned by the call's plan; ends with the call.

    `journal` None: the call has none, and gets one when its client first asks.
    """

    def __init__(self, resumptions: Resumptions, kept: KeptConversation, journal: Journal | None) -> None:
        self._resumptions = resumptions
        self._kept = kept
        self._journal = journal

    def go_on(self) -> None:
        """The client has come back. Raises `OSError`."""
        self._resumptions.keep(self._kept)

    def change(self, session: Mapping[str, Any] | None) -> Journal | None:
        """The session object to come back to has changed; None: the client does not want to come back any more.

        The journal that is to begin now, if one is. Raises `OSError`.
        """
        if session is None:
            self._resumptions.drop(self._kept.thread_id)
            if self._journal is not None:
                self._journal.tells_after_writing = False
            return None
        self._kept = msgspec.structs.replace(self._kept, session=dict(session))
        self._resumptions.keep(self._kept)
        begun = None
        if self._journal is None:
            begun = self._journal = Journal(self._resumptions.journal_path(self._kept.sessions[0]))
        self._journal.tells_after_writing = True
        return begun


def _purpose(thread_id: str) -> str:
    """A file that bears another's name is none."""
    return f"{_PURPOSE}/{thread_id}"


def _sessions_in(path: Path) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).sessions
    except (OSError, msgspec.DecodeError):
        return ()


def _touched_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
