"""What a search of the web is asked and what it gives: the port that every provider fills. Values; pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

DOMAINS_MAXIMUM = 5
HOST_CHARACTERS_MAXIMUM = 253

_TAG = re.compile(r"<[^<>]{1,200}>")
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, slots=True)
class Location:
    """Where whoever asks is. `country` is an ISO 3166 code (two letters), `timezone` an IANA name."""

    country: str | None = None
    city: str | None = None
    region: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class WebQuestion:
    """`limit`: how many results at most. Of the two lists of domains one is empty; subdomains count with each."""

    query: str
    limit: int
    allowed_domains: tuple[str, ...] = ()
    excluded_domains: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class WebResult:
    """One page that was found. Plain text; `published` is an ISO date. The address is text: nobody here opens it."""

    title: str
    url: str
    snippet: str
    published: str | None = None


class WebSearchProvider(Protocol):
    """One search engine, as the operator has set it up."""

    @property
    def name(self) -> str: ...

    async def search(self, question: WebQuestion, timeout_seconds: float) -> Sequence[WebResult]:
        """The best first; perhaps from domains that were not asked for. Raises `ToolError`."""
        ...


def domain_of(given: Any) -> str | None:
    """A domain in lower case, such as `example.com`; None for what is none."""
    written = given.strip().lower().rstrip(".") if isinstance(given, str) else ""
    return written if _DOMAIN.fullmatch(written) else None


def host_of(url: str) -> str | None:
    """The host of a web address in lower case; None for everything else that results may hold."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and host is not None and 0 < len(host) <= HOST_CHARACTERS_MAXIMUM
    return host.rstrip(".") if host is not None and is_web else None


def is_within(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def wanted(results: Iterable[WebResult], question: WebQuestion) -> list[WebResult]:
    """The results that may be told: web pages of the domains that the question allows, each once, up to its limit."""
    kept: dict[str, WebResult] = {}
    for result in results:
        host = host_of(result.url)
        if host is None or is_within(host, question.excluded_domains):
            continue
        if question.allowed_domains and not is_within(host, question.allowed_domains):
            continue
        if result.title or result.snippet:
            kept.setdefault(result.url, result)
    return list(kept.values())[: question.limit]


def result_of(title: Any, url: Any, snippet: Any, published: Any = None) -> WebResult:
    """What a provider told, made plain. What is of another kind than it should be is left out."""
    return WebResult(plain(title), url.strip() if isinstance(url, str) else "", plain(snippet), date_of(published))


def plain(given: Any) -> str:
    """Text without markup, in one line."""
    if not isinstance(given, str):
        return ""
    return " ".join(html.unescape(_TAG.sub(" ", given)).split())


def date_of(given: Any) -> str | None:
    """The day of an ISO 8601 or RFC 5322 time, as YYYY-MM-DD."""
    if not isinstance(given, str) or not given.strip():
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(given.strip()).date().isoformat()
        except (ValueError, OverflowError):
            continue
    return None
