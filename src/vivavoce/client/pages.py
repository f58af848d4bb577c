"""Lists that are longer than one answer: iterate, and the pages are fetched as they are needed.

A `Pages` is a question, not an answer: it holds nothing open and may be iterated again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vivavoce.client.errors import UnexpectedAnswerError
from vivavoce.client.results import result_of
from vivavoce.client.wire import Query, Wire

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One answer. `pagination_token` leads to the next one, if there is one."""

    items: tuple[T, ...]
    has_more: bool
    pagination_token: str | None
    raw: dict[str, Any]


class Pages(Generic[T]):
    """All things of a list, in the server's order: `async for agent in client.agents.list(): …`."""

    def __init__(self, wire: Wire, path: str, kind: type[T], item_field: str, query: Query) -> None:
        self._wire = wire
        self._path = path
        self._kind = kind
        self._item_field = item_field
        self._query = query

    async def __aiter__(self) -> AsyncIterator[T]:
        """Raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`, also in the middle of the list."""
        token: str | None = None
        while True:
            page = await self.page(token)
            for item in page.items:
                yield item
            if not page.has_more:
                return
            if page.pagination_token is None or page.pagination_token == token:
                raise UnexpectedAnswerError(f"the server says that {self._path} goes on, but not where")
            token = page.pagination_token

    async def page(self, pagination_token: str | None = None) -> Page[T]:
        """One page: the first, or the one that a token leads to."""
        query = dict(self._query) | {"pagination_token": pagination_token}
        if pagination_token is not None:
            # The token says where to go on; what was to be skipped has been.
            query.pop("offset", None)
        body = await self._wire.get(self._path, query)
        found = body.get(self._item_field, body.get("data"))
        if not isinstance(found, list):
            raise UnexpectedAnswerError(f"the server's answer to {self._path} has no list {self._item_field!r}")
        token = body.get("pagination_token")
        items = tuple(result_of(self._kind, item) for item in found)
        return Page(items, body.get("has_more") is True, token if isinstance(token, str) and token else None, body)

    async def all(self) -> list[T]:
        """Every item of every page."""
        return [item async for item in self]
