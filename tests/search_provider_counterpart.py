"""Search services on loopback for tests: SearXNG, Brave, Tavily, Exa and xAI's Responses API, as each documents itself.

It checks what it is asked as strictly as the real ones, answers in their shapes from one list of pages, remembers every
request, and can be told to fail. A test owns one and ends it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "search-key-0123456789"
Json = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One page of the made-up web."""

    title: str
    url: str
    text: str
    published: str = "2026-11-20T08:30:00"


PAGES = (
    Page("Tide tables &amp; times", "https://harbour.example/tides", "High tide is at <strong>six</strong> today."),
    Page("The harbour's news", "https://news.harbour.example/today", "The ferry is late."),
    Page("Somebody's blog", "https://blog.example.org/tides?from=feed", "I like tides."),
    Page("Not the harbour", "https://notharbour.example/tides", "Tides, but elsewhere."),
    Page("A trap", "javascript:alert(1)", "Click me."),
)


@dataclass(frozen=True)
class Asked:
    """One request. `query` and `body` as they came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Any


@dataclass
class SearchServices:
    """What is found, what was asked, and how it fails.

    `answer`: raw bytes of a whole HTTP answer instead of the service's own. `hangs`: it never answers. `packs`: it
    answers gzipped although it was asked not to. `closes`: it hangs up after an answer.
    """

    pages: tuple[Page, ...] = PAGES
    answer: bytes | None = None
    hangs: bool = False
    packs: bool = False
    closes: bool = False
    asked: list[Asked] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        try:
            await self._one(reader, writer)
            while not self.closes:
                await self._one(reader, writer)
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _ = head.split()
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        asked = Asked(method, parts.path, headers, query, json.loads(body or b"null"))
        self.asked.append(asked)
        self.came.set()
        if self.hangs:
            await reader.read()
            return
        writer.write(self.answer if self.answer is not None else self._answered(asked))
        await writer.drain()

    def _answered(self, asked: Asked) -> bytes:
        status, found = _ROUTES.get((asked.method, asked.path), _nothing_there)(self.pages, asked)
        body = json.dumps(found).encode()
        if not self.packs:
            return whole(status, body)
        return whole(status, gzip.compress(body), "content-encoding: gzip\r\n")


def whole(status: int, body: bytes, headers: str = "content-type: application/json\r\n") -> bytes:
    """An HTTP answer; `headers` are whole lines, each with its line end."""
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def search_services() -> AsyncIterator[SearchServices]:
    services = SearchServices()
    server = await asyncio.start_server(services.serve, "127.0.0.1", 0)
    services.port = server.sockets[0].getsockname()[1]
    try:
        yield services
    finally:
        server.close()
        for task in services.serving:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in services.serving if task is not None), return_exceptions=True)


def _nothing_there(_: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    return 404, {"error": f"nothing at {asked.path}"}


def _searxng(pages: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    if asked.query.get("format") != "json":
        return 403, {}
    results = [
        {"title": page.title, "url": page.url, "content": page.text, "publishedDate": page.published, "engine": "x"}
        for page in pages
    ]
    known = {"query": asked.query["q"], "number_of_results": 0, "answers": [], "suggestions": []}
    return 200, known | {"results": results, "unresponsive_engines": []}


def _brave(pages: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    if asked.headers.get("x-subscription-token") != KEY:
        return 422, {"type": "ErrorResponse", "error": {"code": "SUBSCRIPTION_TOKEN_INVALID", "status": 422}}
    if not 1 <= int(asked.query["count"]) <= 20 or len(asked.query["q"]) > 600:
        return 422, {"type": "ErrorResponse", "error": {"code": "VALIDATION", "status": 422}}
    results = [
        {"type": "search_result", "title": page.title, "url": page.url, "description": page.text, "page_age": age}
        for page in pages
        for age in [page.published]
    ]
    found: Json = {"type": "search", "query": {"original": asked.query["q"]}}
    return 200, found | ({"web": {"type": "search", "results": results}} if results else {})


def _tavily(pages: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return 401, {"detail": {"error": "Unauthorized: missing or invalid API key."}}
    return 200, {
        "query": asked.body["query"],
        "results": [
            {
                "title": page.title,
                "url": page.url,
                "content": page.text,
                "score": 0.8,
                "published_date": "Fri, 20 Nov 2026 08:30:00 GMT",
            }
            for page in pages
        ],
        "response_time": 0.4,
    }


def _exa(pages: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    if asked.headers.get("x-api-key") != KEY:
        return 401, {"error": "Invalid API key", "tag": "INVALID_API_KEY"}
    return 200, {
        "requestId": "r",
        "results": [
            {
                "id": page.url,
                "title": page.title,
                "url": page.url,
                "publishedDate": f"{page.published}.000Z",
                "highlights": [page.text],
            }
            for page in pages
        ],
    }


def _search(pages: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    """Tavily and Exa have one path; they know each other's requests by the header with the key."""
    return (_exa if "x-api-key" in asked.headers else _tavily)(pages, asked)


def _responses(pages: tuple[Page, ...], asked: Asked) -> tuple[int, Json]:
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return 401, {"error": "Incorrect API key provided"}
    texts = " ".join(f"{page.text}[[{number}]]({page.url})" for number, page in enumerate(pages, 1)) or "NOTHING"
    notes = [{"type": "url_citation", "url": page.url, "title": "1"} for page in pages]
    part = {"type": "output_text", "text": texts, "annotations": notes}
    return 200, {
        "id": "resp_1",
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "custom_tool_call", "name": "x_keyword_search", "status": "completed"},
            {"type": "message", "role": "assistant", "content": [part]},
        ],
        "citations": ["https://x.com/i/status/1", *(page.url for page in pages)] if pages else [],
    }


_ROUTES = {
    ("GET", "/search"): _searxng,
    ("GET", "/res/v1/web/search"): _brave,
    ("POST", "/search"): _search,
    ("POST", "/v1/responses"): _responses,
}
