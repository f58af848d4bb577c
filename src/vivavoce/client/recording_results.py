"""What the server answers about recordings and journals of sessions, as frozen values. As in `results`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPart:
    """The recording of one connection of a session. `places` tie it to the times of turns and transcripts."""

    part: int
    state: str | None = None
    format: str | None = None
    started_ms: int | None = None
    duration_ms: int | None = None
    bytes: int | None = None
    places: tuple[dict[str, int], ...] = ()
    failure: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What there is of a session to be heard, with the fields of the newest part.

    `state` is `recording`, `uploading`, `ready`, `failed`, `deleted`, or `none`. `bytes` is the size;
    `started_ms` counts since the session was first connected.
    """

    id_fields: ClassVar[tuple[str, ...]] = ()

    state: str
    part: int | None = None
    format: str | None = None
    started_ms: int | None = None
    duration_ms: int | None = None
    bytes: int | None = None
    failure: str | None = None
    parts: tuple[RecordingPart, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of running a call's decisions once more. `differences`: the first one; empty: there is none.

    A difference has `line`, `event`, `recorded` and `replayed`, as in the journal.
    """

    id_fields: ClassVar[tuple[str, ...]] = ()

    events: int
    differences: tuple[dict[str, Any], ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
