"""Shapes that the platform's own resources share: a page of a list, and texts with their limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from vivavoce.agents.identifiers import Kind, parse
from vivavoce.api.dependencies import pagination_token
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import Page

Shown = TypeVar("Shown", bound=BaseModel)
Record = TypeVar("Record")


class Listed(BaseModel, Generic[Shown]):
    """A page of a list."""

    data: list[Shown] = Field(description="The objects of this page, in the asked order.")
    has_more: bool = Field(description="Whether there are more behind this page.")
    pagination_token: str | None = Field(description="Send it back as `pagination_token` for the next page.")


class Deleted(BaseModel):
    """What is gone."""

    id: str = Field(description="The id of what was deleted.")
    deleted: bool = Field(default=True, description="Always true.")


def listed(page: Page[Record], show: Callable[[Record], Shown]) -> Listed[Shown]:
    """A page as it is shown."""
    return Listed[Any](
        data=[show(record) for record in page.items],
        has_more=page.next_seq is not None,
        pagination_token=pagination_token(page.next_seq),
    )


def identifier(kind: Kind, text: str, name: str) -> str | int:
    """What a path's id names. Raises `UnknownRecordError` for what cannot be an id."""
    found = parse(kind, text)
    if found is None:
        raise UnknownRecordError(name, text)
    return found


def given(body: BaseModel, *names: str) -> dict[str, Any]:
    """The fields of a request that were given, null or not, of those named."""
    values: Mapping[str, Any] = body.model_dump(include=set(names), exclude_unset=True)
    return dict(values)
