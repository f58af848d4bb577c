"""Client secrets from an upstream: against a real HTTP server on loopback that answers well, badly, and not at all."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from tests.webhook_receiver import connections_ended

from vivavoce.services import upstream_xai
from vivavoce.services.upstream_xai import UpstreamError, UpstreamSecret, UpstreamXai, UpstreamXaiSettings

KEY = "xai-0123456789-abcdef"
GOOD = json.dumps({"value": "xai-realtime-client-secret-abc123", "expires_at": 1_750_000_000})


@dataclass
class Upstream:
    """Answers every connection with the same bytes; `None`: never. Keeps what it was asked."""

    answer: bytes | None
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    answering: set[asyncio.Task[None] | None] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answering.add(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-l"))
        self.asked.append(head + await reader.readexactly(length))
        if self.answer is None:
            await reader.read()
        else:
            writer.write(self.answer)
        writer.close()
        await writer.wait_closed()


def answer(status: int, body: str | bytes, headers: str = "") -> bytes:
    raw = body if isinstance(body, bytes) else body.encode()
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(raw)}\r\n{headers}\r\n".encode() + raw


@asynccontextmanager
async def upstream(answered: bytes | None) -> AsyncIterator[tuple[Upstream, UpstreamXai]]:
    counterpart = Upstream(answered)
    server = await asyncio.start_server(counterpart.serve, "127.0.0.1", 0)
    counterpart.port = server.sockets[0].getsockname()[1]
    async with server:
        async with httpx.AsyncClient(trust_env=False) as http:
            yield counterpart, UpstreamXai(UpstreamXaiSettings(KEY, counterpart.base_url), http)
        await connections_ended(counterpart.answering)


async def refused(answered: bytes | None) -> str:
    """The message of the refusal, having made sure that no trace of it holds the key."""
    async with upstream(answered) as (_, xai):
        with pytest.raises(UpstreamError) as caught:
            await xai.client_secret(300)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, GOOD, id="the documented shape"),
        pytest.param(201, GOOD, id="the documented shape as something created"),
        pytest.param(200, json.dumps({"client_secret": json.loads(GOOD)}), id="the older, nested shape"),
        pytest.param(200, json.dumps({**json.loads(GOOD), "client_secret": json.loads(GOOD)}), id="both at once"),
        pytest.param(200, json.dumps({**json.loads(GOOD), "session": {}}), id="fields that nobody knows"),
    ],
)
async def test_a_client_secret_is_brokered(status: int, body: str) -> None:
    async with upstream(answer(status, body)) as (counterpart, xai):
        secret = await xai.client_secret(300)
    assert secret == UpstreamSecret(
        "xai-realtime-client-secret-abc123", 1_750_000_000, f"ws://127.0.0.1:{counterpart.port}/v1/realtime"
    )
    head, _, asked = counterpart.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/realtime/client_secrets HTTP/1.1\r\n")
    assert f"authorization: bearer {KEY}" in head.decode().lower()
    assert json.loads(asked) == {"expires_after": {"seconds": 300}}


async def test_more_time_than_xai_gives_is_cut_to_an_hour() -> None:
    async with upstream(answer(200, GOOD)) as (counterpart, xai):
        await xai.client_secret(86_400)
    assert b'{"expires_after":{"seconds":3600}}' in counterpart.asked[0]


@pytest.mark.parametrize(
    ("answered", "complaint"),
    [
        pytest.param(answer(401, f"wrong key {KEY}"), "refused the configured API key", id="a wrong key"),
        pytest.param(answer(403, f"{KEY} may not"), "refused the configured API key", id="a key without permission"),
        pytest.param(answer(429, "{}"), "no more requests for now", id="too many requests"),
        pytest.param(answer(402, "{}"), "no more requests for now", id="no credit"),
        pytest.param(answer(404, "{}"), "base URL", id="another server"),
        pytest.param(answer(500, f"key {KEY}"), "failed .HTTP 500.*Try again", id="an error of theirs"),
        pytest.param(answer(302, "", "location: http://127.0.0.1:1/\r\n"), "HTTP 302", id="a redirect"),
        pytest.param(answer(200, "<html>"), "no client secret", id="a web page"),
        pytest.param(answer(200, b"\xff\xfe\x00"), "no client secret", id="bytes that are no text"),
        pytest.param(answer(200, "[" * 60_000), "no client secret", id="a deep document"),
        pytest.param(answer(200, GOOD + " " * 70_000), "no client secret", id="a document too large"),
        pytest.param(answer(200, GOOD, "content-encoding: gzip\r\n"), "no client secret", id="a packed document"),
        pytest.param(answer(200, "[]"), "no client secret", id="a list"),
        pytest.param(answer(200, '{"value": "", "expires_at": 1}'), "no client secret", id="an empty secret"),
        pytest.param(answer(200, '{"value": "a b", "expires_at": 1}'), "no client secret", id="a secret with a space"),
        pytest.param(answer(200, '{"value": "a"}'), "no client secret", id="a secret without an end"),
        pytest.param(
            answer(200, '{"value": "a", "expires_at": true}'), "no client secret", id="an end that is no time"
        ),
        pytest.param(answer(200, '{"client_secret": "a"}'), "no client secret", id="a nested secret that is a text"),
        pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n", "could not be reached", id="a server that does not speak HTTP"),
        pytest.param(b"", "could not be reached", id="a server that hangs up"),
    ],
)
async def test_an_upstream_in_trouble_is_told_to_the_operator_without_the_key(answered: bytes, complaint: str) -> None:
    message = await refused(answered)
    assert KEY not in message
    with pytest.raises(UpstreamError, match=complaint):
        raise UpstreamError(message)


async def test_a_redirect_does_not_carry_the_key_elsewhere() -> None:
    async with upstream(answer(200, GOOD)) as (elsewhere, _):
        await refused(answer(307, "", f"location: {elsewhere.base_url}/\r\n"))
    assert elsewhere.asked == []


async def test_an_upstream_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_xai, "TIMEOUT_SECONDS", 0.05)
    assert "did not answer" in await refused(None)


async def test_an_upstream_that_is_not_there_is_told() -> None:
    async with upstream(None) as (gone, _):
        pass
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(UpstreamError, match="could not be reached"):
            await UpstreamXai(UpstreamXaiSettings(KEY, gone.base_url), http).client_secret(60)


@pytest.mark.parametrize(
    ("base_url", "realtime_url"),
    [
        pytest.param("https://api.x.ai", "wss://api.x.ai/v1/realtime", id="xAI itself"),
        pytest.param("https://api.x.ai/", "wss://api.x.ai/v1/realtime", id="with a slash"),
        pytest.param("https://api.x.ai/v1/", "wss://api.x.ai/v1/realtime", id="with the version"),
        pytest.param("https://proxy.example/xai", "wss://proxy.example/xai/v1/realtime", id="behind a proxy's path"),
        pytest.param("http://localhost:8000", "ws://localhost:8000/v1/realtime", id="a local counterpart"),
    ],
)
def test_the_realtime_url_follows_from_the_base(base_url: str, realtime_url: str) -> None:
    assert UpstreamXaiSettings(KEY, base_url).realtime_url == realtime_url


@pytest.mark.parametrize(
    ("key", "base_url"),
    [
        pytest.param("", "https://api.x.ai", id="no key"),
        pytest.param(f"{KEY}\n", "https://api.x.ai", id="a key with the line end of its file"),
        pytest.param(f"{KEY}é", "https://api.x.ai", id="a key with a letter that no key has"),
        pytest.param(KEY, "api.x.ai", id="a base URL without a scheme"),
        pytest.param(KEY, "ftp://api.x.ai", id="a base URL of another scheme"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_the_key(key: str, base_url: str) -> None:
    with pytest.raises(ValueError, match=r"the xAI API key|the base URL") as caught:
        UpstreamXaiSettings(key, base_url)
    assert KEY not in str(caught.value)


async def test_a_secret_without_a_lifetime_is_not_asked_for() -> None:
    async with upstream(answer(200, GOOD)) as (counterpart, xai):
        with pytest.raises(ValueError, match="at least one second"):
            await xai.client_secret(0)
    assert counterpart.asked == []


def test_neither_the_key_nor_a_secret_is_printed() -> None:
    assert KEY not in repr(UpstreamXaiSettings(KEY))
    assert "abc123" not in repr(UpstreamSecret("abc123", 1, "wss://api.x.ai/v1/realtime"))
