"""What a server works with: its models, and what becomes of recordings. Values, made anew for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vivavoce.media.stereo_encoding import RecordingFormat

Role = Literal["speech_to_text", "turn_detection", "voice_activity", "language_model", "text_to_speech", "embeddings"]
ModelState = Literal["ready", "loading", "missing"]


@dataclass(frozen=True, slots=True)
class EquippedModel:
    """One model of one role. `engine`: by what it runs. `does`: a phrase for people, '' where nobody wrote one.

    `licence` (SPDX) and `size_bytes` (on the disk) are None for what no catalogue knows, such as a model behind an API.
    `remedy`: what the operator can do where it is missing or not the real thing; `guide`: the page that tells how.
    """

    role: Role
    name: str
    engine: str
    state: ModelState
    does: str = ""
    licence: str | None = None
    size_bytes: int | None = None
    remedy: str = ""
    guide: str = ""


@dataclass(frozen=True, slots=True)
class RecordingEquipment:
    """Whether calls of agents that want it are recorded, and where that goes.

    `place`: for people, never with a key; a folder is told as seen from the data folder. `retention_days` None: kept
    until somebody deletes it.
    """

    is_on: bool
    format: RecordingFormat
    storage: Literal["folder", "object_store"]
    place: str
    retention_days: float | None = None
    remedy: str = ""
    guide: str = ""


@dataclass(frozen=True, slots=True)
class Equipment:
    """`profile`: which set of models the server runs, None where its engines are scripted."""

    engines: Literal["embedded", "scripted"]
    profile: str | None
    models: Sequence[EquippedModel]
    recording: RecordingEquipment
