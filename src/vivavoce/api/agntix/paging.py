"""How the Agntix API pages through lists: numbered pages, with the total. Values without state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from vivavoce.store.records import PageRequest

LIMIT = 20
MESSAGES_LIMIT = 50
LIMIT_MAXIMUM = 100
PAGE_MAXIMUM = 100_000

CAMEL = ConfigDict(alias_generator=to_camel, populate_by_name=True)
"""For models of this API: snake_case here, camelCase on the wire."""

STRICT = ConfigDict(alias_generator=to_camel, populate_by_name=True, strict=True)
"""For what clients send: a number is no text, and a text is no number."""


def strict_with(example: dict[str, Any]) -> ConfigDict:
    """Like `STRICT`, for a whole body, with an example of it."""
    return ConfigDict(
        alias_generator=to_camel, populate_by_name=True, strict=True, json_schema_extra={"examples": [example]}
    )


class AgntixPagination(BaseModel):
    """Which page this is, and of how many."""

    model_config = CAMEL

    page: int = Field(description="The number of this page, from 1.", examples=[1])
    limit: int = Field(description="How many entries a page has.", examples=[20])
    total: int = Field(description="How many entries there are on all pages.", examples=[137])
    total_pages: int = Field(description="How many pages there are.", examples=[7])


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """A page that a client asked for, brought within the bounds."""

    page: int
    limit: int

    def request(self, *, newest_first: bool = True) -> PageRequest:
        offset = (self.page - 1) * self.limit
        return PageRequest(limit=self.limit, offset=offset, newest_first=newest_first, with_total=True)

    def of(self, total: int | None) -> AgntixPagination:
        """What to tell about it."""
        known = total or 0
        return AgntixPagination(page=self.page, limit=self.limit, total=known, total_pages=-(-known // self.limit))


def _numbered(default_limit: int) -> Callable[[int, int], NumberedPage]:
    def page(
        page: Annotated[int, Query(description="Which page, from 1; brought within the bounds.")] = 1,
        limit: Annotated[
            int, Query(description=f"Entries a page: 1 to {LIMIT_MAXIMUM}; brought within the bounds.")
        ] = default_limit,
    ) -> NumberedPage:
        """Numbers outside the bounds are brought within them, as the document of this API says."""
        return NumberedPage(min(max(page, 1), PAGE_MAXIMUM), min(max(limit, 1), LIMIT_MAXIMUM))

    return page


NumberedPageOf = Annotated[NumberedPage, Depends(_numbered(LIMIT))]
MessagesPageOf = Annotated[NumberedPage, Depends(_numbered(MESSAGES_LIMIT))]
