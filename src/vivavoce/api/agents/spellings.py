"""Requests whose fields may be written in snake_case or in camelCase (proto-JSON), and which one a client used."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    JsonValue,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

_CAPITAL = re.compile(r"(?<!^)[A-Z]")
_AFTER_UNDERSCORE = re.compile(r"_([a-z0-9])")


def snake(name: str) -> str:
    """`voiceId` as `voice_id`."""
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)


def camel(name: str) -> str:
    """`voice_id` as `voiceId`."""
    return _AFTER_UNDERSCORE.sub(lambda found: found[1].upper(), name)


def told_as(pattern: str) -> dict[str, JsonValue]:
    """For `Field(json_schema_extra=…)`: a pattern that the document names and that the core checks in its own words."""
    return {"pattern": pattern}


class Spelled(BaseModel):
    """A request; unknown fields are ignored and types are taken as they are: the text "5" is no number."""

    model_config = ConfigDict(
        strict=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, camel(name))),
    )
    _written: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _remember_spelling(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        model = handler(value)
        if isinstance(value, dict):
            model._written = {snake(key): key for key in reversed(value) if isinstance(key, str)}
        return model

    def written(self, name: str) -> str:
        """The name of a field as the client wrote it, or as the API does where the client did not."""
        return self._written.get(name, name)
