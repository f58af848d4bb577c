"""What `agents create` and `agents update` are given: flags, a JSON file or standard input, as what the API takes.

Pure but for reading; its values belong to one command. Names may be written as the API has them or in camelCase, as
other tools write them; what is inside tools and metadata is never renamed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, TextIO

STANDARD_INPUT = "-"

_SERVER_OWNED = frozenset(
    {
        "id",
        "agent_id",
        "object",
        "seq",
        "version",
        "created_at",
        "updated_at",
        "deleted",
        "deleted_at",
        "organisation_id",
        "organization_id",
        "phone_number_id",
        "phone_number",
    }
)
"""Fields that the server makes; a file made with `agents --json get` has them, and they are not sent back."""

_TWINS = (("instructions", "system_prompt"), ("voice", "voice_id"))
"""The server shows these under two names for clients of two APIs; the second is left out where the first is there."""

_IDS = ("agent_id", "id")
_CAPITAL = re.compile(r"(?<=[a-z0-9])[A-Z]")


class InputError(Exception):
    """What was given cannot be sent. The message says what to give instead."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the options of a command say about an agent; None: not given."""

    name: str | None = None
    instructions: str | None = None
    language: str | None = None
    voice: str | None = None
    tools: tuple[dict[str, Any], ...] | None = None
    collection_ids: tuple[str, ...] | None = None
    eagerness: str | None = None

    def fields(self) -> dict[str, Any]:
        """What was given, but for the voice: a change of it has to know the rest of the agent's voice."""
        given = {
            "name": self.name,
            "instructions": self.instructions,
            "language": self.language,
            "eagerness": self.eagerness,
            "tools": None if self.tools is None else list(self.tools),
            "collection_ids": None if self.collection_ids is None else list(self.collection_ids),
        }
        return {name: value for name, value in given.items() if value is not None}

    def are_given(self) -> bool:
        return bool(self.fields()) or self.voice is not None


@dataclass(frozen=True, slots=True)
class Change:
    """An update of one agent: new values and the fields to clear. `phone_number_id` '' takes the number away.

    `whole`: the values are those of a whole agent, of which only what differs from the stored one is meant.
    """

    agent_id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    phone_number_id: str | None = None
    whole: bool = False

    def is_empty(self) -> bool:
        return not (self.values or self.cleared or self.phone_number_id is not None)

    def against(self, stored: Mapping[str, Any]) -> Change:
        """Without what the stored agent has already."""
        return replace(self, values={name: value for name, value in self.values.items() if stored.get(name) != value})


def read_json(source: str, standard_input: TextIO) -> Any:
    """The JSON in a file, or in standard input for `-`. Raises `InputError`."""
    where = "standard input" if source == STANDARD_INPUT else source
    try:
        text = standard_input.read() if source == STANDARD_INPUT else Path(source).read_text("utf-8-sig")
        value = json.loads(text.lstrip("\ufeff"), parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        nothing = " (it is empty)" if not error.doc.strip() else f": {error.msg} in line {error.lineno}"
        raise InputError(f"{where} is no JSON{nothing}") from error
    except UnicodeError as error:
        raise InputError(f"{where} holds text that is not UTF-8") from error
    except RecursionError as error:
        raise InputError(f"{where} is nested too deeply") from error
    except FileNotFoundError as error:
        raise InputError(f"there is no file {source}") from error
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror}") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"JSON has no {name}: write a number or null")


def tools_of(value: Any) -> tuple[dict[str, Any], ...]:
    """Tool declarations: a list, or an object with the list under `tools`. Raises `InputError`."""
    declared = value.get("tools") if isinstance(value, dict) else value
    if not isinstance(declared, list) or not all(isinstance(tool, dict) for tool in declared):
        raise InputError('tools are a JSON list such as [{"type": "web_search"}]')
    return tuple(declared)


def chat_tools(tools: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """An agent's tools as chat completions take them: functions nested, as the Chat Completions API has them."""
    return [_nested(tool) for tool in tools]


def _nested(tool: Mapping[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function" or "function" in tool:
        return dict(tool)
    return {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}}


def check_text(flags: Flags) -> None:
    """Raises `InputError` for arguments whose bytes are not UTF-8."""
    try:
        json.dumps(flags.fields() | {"voice": flags.voice}, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise InputError("the text of an option is not UTF-8") from error


def new_agent(document: Any, flags: Flags) -> dict[str, Any]:
    """The agent to create: the document's fields, those of the flags before them. Raises `InputError`."""
    fields = _without_server_owned(_agent_of(document) if document is not None else {}) | flags.fields()
    if flags.voice is not None:
        fields["voice"] = _voice_of(fields) | {"voice_id": flags.voice}
        fields.pop("voice_id", None)
    if not fields.get("name"):
        raise InputError("a new agent needs a name: give --name, or a file or standard input with one")
    return fields


def change_in(document: Any) -> Change:
    """The update that a document describes; without a field mask, of whatever in it is new. Raises `InputError`."""
    agent = _agent_of(document)
    agent_id = next((agent[name] for name in _IDS if isinstance(agent.get(name), str) and agent[name]), None)
    if agent_id is None:
        raise InputError("the file must contain agent.agentId, the agent to update")
    written = {_snake(name): value for name, value in document.items()}
    number = written.get("phone_number_id")
    if number is not None and not isinstance(number, str):
        raise InputError("phone_number_id is a text: an id, or empty to take the number away")
    if written.get("field_mask") is None:
        return Change(agent_id, _without_server_owned(agent), phone_number_id=number, whole=True)
    mask = _paths(written["field_mask"])
    roots = {path.partition(".")[0] for path in mask}
    return Change(
        agent_id,
        {name: value for name, value in agent.items() if name in roots},
        tuple(path for path in mask if path not in agent),
        number,
    )


def change_by(agent_id: str, flags: Flags, *, clear_instructions: bool, phone_number_id: str | None) -> Change:
    """The update that flags describe, but for the voice. Raises `InputError`."""
    if clear_instructions and flags.instructions is not None:
        raise InputError("--instructions and --clear-instructions cannot be given together")
    return Change(agent_id, flags.fields(), ("instructions",) if clear_instructions else (), phone_number_id)


def joined(change: Change, by_flags: Change) -> Change:
    """A document's change with that of the flags on top."""
    gone = set(by_flags.cleared)
    values = {name: value for name, value in change.values.items() if name not in gone} | dict(by_flags.values)
    cleared = tuple(name for name in {**dict.fromkeys(change.cleared), **dict.fromkeys(gone)} if name not in values)
    number = by_flags.phone_number_id if by_flags.phone_number_id is not None else change.phone_number_id
    return Change(change.agent_id, values, cleared, number, change.whole)


def is_file(target: str) -> bool:
    """Whether the argument of `update` names a file and not an agent."""
    if target == STANDARD_INPUT or target.endswith(".json") or "/" in target:
        return True
    return len(target) < 255 and "\0" not in target and Path(target).is_file()


def _agent_of(document: Any) -> dict[str, Any]:
    if isinstance(document, dict) and isinstance(document.get("agent"), dict):
        document = document["agent"]
    if not isinstance(document, dict):
        raise InputError('an agent is a JSON object such as {"name": "Florist", "instructions": "You sell flowers."}')
    agent = {_snake(name): value for name, value in document.items()}
    if isinstance(agent.get("voice"), dict):
        agent["voice"] = {_snake(name): value for name, value in agent["voice"].items()}
    return agent


def _without_server_owned(agent: Mapping[str, Any]) -> dict[str, Any]:
    twins = {twin for name, twin in _TWINS if name in agent}
    return {name: value for name, value in agent.items() if name not in _SERVER_OWNED | twins}


def _voice_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    voice = fields.get("voice")
    return dict(voice) if isinstance(voice, dict) else {}


def _paths(mask: Any) -> list[str]:
    """A field mask: an object with `paths`, a list, or names with commas (JSON of protocol buffers)."""
    paths = mask.get("paths") if isinstance(mask, dict) else mask
    if isinstance(paths, str):
        paths = [path.strip() for path in paths.split(",") if path.strip()]
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise InputError('a field mask is an object such as {"paths": ["name", "voice"]}')
    return [".".join(_snake(part) for part in path.split(".")) for path in _unique(paths)]


def _unique(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(paths))


def _snake(name: str) -> str:
    return _CAPITAL.sub(lambda capital: "_" + capital[0].lower(), name)
