"""Stored prompts that clients name instead of writing instructions (OpenAI GA, ResponsePrompt).

The codec asks nobody: whoever feeds it looks a name up before and lets it learn what there is. Owned by the codec of
one connection; dies with it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

from msgspec.structs import replace

from vivavoce.dialects.realtime import client_events as client
from vivavoce.dialects.realtime.client_events import ClientEvent
from vivavoce.dialects.realtime.response_shapes import ResponseShape
from vivavoce.dialects.wire import WireError

REMEMBERED_PROMPTS = 16


@dataclass(frozen=True, slots=True)
class PromptName:
    """What a client writes: `version` None is the newest."""

    prompt_id: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """What a name stands for: the instructions, or which half of the name there is not."""

    instructions: str | None
    missing: Literal["id", "version"] = "id"


def prompt_named_by(event: ClientEvent) -> PromptName | None:
    """The prompt that an event names; None for one that names none, or not as it should."""
    match event:
        case client.SessionUpdate(session=session) | client.TranscriptionSessionUpdate(session=session):
            return prompt_of_session(session)
        case client.ResponseCreate(response=ResponseShape(prompt=prompt)) if prompt is not None:
            return PromptName(prompt.id, prompt.version)
        case _:
            return None


def prompt_of_session(session: dict[str, Any]) -> PromptName | None:
    """The same of a partial session object."""
    prompt = session.get("prompt")
    if not isinstance(prompt, dict) or not isinstance(prompt.get("id"), str):
        return None
    version = prompt.get("version")
    return PromptName(prompt["id"], version if isinstance(version, str) else None)


def not_found(name: PromptName, missing: Literal["id", "version"], root: str = "session") -> WireError:
    """What a client is told that names a prompt which is not there; `root`: `session` or `response`."""
    what = f"prompt {name.prompt_id[:100]!r}"
    if missing == "version":
        what = f"version {(name.version or '')[:100]!r} of the {what}"
    message = f"there is no {what}; a prompt is an agent of your organisation, named by its id"
    return WireError("prompt_not_found", message, param=f"{root}.prompt.{missing}")


class Prompts:
    """What was learned of the names that the client used last."""

    def __init__(self) -> None:
        self._learned: OrderedDict[PromptName, StoredPrompt] = OrderedDict()

    def learn(self, name: PromptName, found: StoredPrompt) -> None:
        self._learned[name] = found
        self._learned.move_to_end(name)
        if len(self._learned) > REMEMBERED_PROMPTS:
            self._learned.popitem(last=False)

    def session(self, update: dict[str, Any]) -> dict[str, Any]:
        """An update with the instructions of the prompt that it names; its own count more. Raises `WireError`."""
        name = prompt_of_session(update)
        found = None if name is None else self._found(name, "session")
        return update if found is None or "instructions" in update else {**update, "instructions": found}

    def response(self, wanted: ResponseShape) -> ResponseShape:
        """The same for a response."""
        if wanted.prompt is None:
            return wanted
        found = self._found(PromptName(wanted.prompt.id, wanted.prompt.version), "response")
        return wanted if found is None or wanted.instructions is not None else replace(wanted, instructions=found)

    def _found(self, name: PromptName, root: str) -> str | None:
        """None for a name that nobody has looked up: then it is only kept and echoed."""
        stored = self._learned.get(name)
        if stored is None:
            return None
        if stored.instructions is None:
            raise not_found(name, stored.missing, root)
        return stored.instructions
