"""The guarded POST, over real connections on loopback: pinned to the checked address, bounded, never led elsewhere."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.webhook_receiver import Receiver, answer, receiving

from vivavoce.outbound.ssrf_guard import SsrfGuard
from vivavoce.services.webhooks import posting
from vivavoce.services.webhooks.posting import GuardedPoster, PostAnswer, PostFailedError

NAME = "hooks.example.com"


class Names:
    """A resolver that gives the addresses it was told, one list a question; keeps what it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


async def literally(host: str, _port: int) -> Sequence[str]:
    return [host]


def poster_with(names: Names, *, allow_private: bool = True) -> GuardedPoster:
    return GuardedPoster(SsrfGuard(names.resolve, allow_private=allow_private))


async def post_to(receiver: Receiver) -> PostAnswer:
    async with GuardedPoster(SsrfGuard(literally, allow_private=True)) as poster:
        return await poster.post(receiver.url, {"x-test": "yes"}, b'{"a":1}')


async def failure_of(url: str, *, allow_private: bool = True) -> str:
    async with GuardedPoster(SsrfGuard(literally, allow_private=allow_private)) as poster:
        with pytest.raises(PostFailedError) as caught:
            await poster.post(url, {}, b"{}")
    return str(caught.value)


async def test_the_body_and_the_headers_arrive_as_they_were_given() -> None:
    async with receiving(answer(200, "retry-after: 7\r\n")) as receiver:
        assert await post_to(receiver) == PostAnswer(200, "7")
    (request,) = receiver.received
    assert (request.target, request.body, request.headers["x-test"]) == ("/hook", '{"a":1}', "yes")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


async def test_a_name_is_resolved_once_and_its_address_connected_to() -> None:
    names = Names(["127.0.0.1"], ["203.0.113.1"])
    async with receiving() as receiver, poster_with(names) as poster:
        await poster.post(f"http://{NAME}:{receiver.port}/hook?a=b#c", {}, b"{}")
    assert names.asked == [(NAME, receiver.port)]
    (request,) = receiver.received
    assert request.headers["host"] == f"{NAME}:{receiver.port}"
    assert request.target == "/hook?a=b"


async def test_the_next_address_of_a_name_is_tried_when_one_does_not_listen() -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    async with receiving() as receiver, poster_with(names) as poster:
        assert (await poster.post(f"http://{NAME}:{receiver.port}/", {}, b"{}")).status_code == 204


async def test_a_forbidden_address_sees_no_connection() -> None:
    async with receiving() as receiver:
        assert "not a public one" in await failure_of(receiver.url, allow_private=False)
    assert receiver.connections == 0


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as target, receiving(answer(307, f"location: {target.url}\r\n")) as receiver:
        assert (await post_to(receiver)).status_code == 307
    assert target.connections == 0


async def test_neither_proxies_nor_credentials_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with receiving() as receiver:
            await post_to(receiver)
    assert proxy.connections == 0
    assert "authorization" not in receiver.received[0].headers


async def test_cookies_and_connections_are_not_kept() -> None:
    poster = GuardedPoster(SsrfGuard(literally, allow_private=True))
    async with receiving(answer(204, "set-cookie: a=b\r\n")) as receiver, poster:
        await poster.post(receiver.url, {}, b"{}")
        await poster.post(receiver.url, {}, b"{}")
    assert receiver.connections == 2
    assert "cookie" not in receiver.received[1].headers


async def test_an_answer_without_end_is_read_no_further_than_the_limit() -> None:
    endless = b"HTTP/1.1 200 X\r\ncontent-length: 999999999\r\n\r\n" + b"x" * (posting.ANSWER_BYTES_MAXIMUM + 1)
    async with receiving(endless) as receiver:
        assert (await post_to(receiver)).status_code == 200


async def test_a_receiver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUT_SECONDS", 0.05)
    async with receiving(None) as receiver:
        assert "no answer within" in await failure_of(receiver.url)


async def test_a_resolver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUT_SECONDS", 0.05)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with GuardedPoster(SsrfGuard(resolve)) as poster:
        with pytest.raises(PostFailedError, match="no answer within"):
            await poster.post("http://example.com/", {}, b"{}")


async def test_a_receiver_that_is_not_there_is_told() -> None:
    async with receiving() as gone:
        pass
    assert "no connection" in await failure_of(gone.url)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"garbage\r\n\r\n", id="something that is not HTTP"),
        pytest.param(b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nabc", id="half of an answer"),
        pytest.param(b"HTTP/1.1 200 X\r\n" + b"x: y\r\n" * 50_000 + b"\r\n", id="headers without end"),
    ],
)
async def test_an_answer_that_is_none_is_a_failure(said: bytes) -> None:
    async with receiving(said) as receiver:
        assert "broke before an answer came" in await failure_of(receiver.url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("ftp://example.com/", id="another scheme"),
        pytest.param("http:///path", id="no host"),
        pytest.param("http://exa mple.com/", id="a host with a space"),
        pytest.param("http://" + "a" * 64 + ".com/", id="a label that is too long"),
    ],
)
async def test_an_address_that_cannot_be_used_is_a_failure(url: str) -> None:
    assert await failure_of(url)


# --- TLS --------------------------------------------------------------------------------------------------------------


def certificate(directory: Path, name: str) -> Path:
    """A file with a key and a certificate for a name that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


async def over_tls(directory: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> tuple[list[str | None], int]:
    """POST to NAME, served with a trusted certificate for `name`; the names asked for, and the status."""
    file = certificate(directory, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    asked: list[str | None] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    tls.sni_callback = lambda _socket, wanted, _context: asked.append(wanted)
    async with receiving(tls=tls) as receiver, poster_with(Names(["127.0.0.1"])) as poster:
        told = await poster.post(f"https://{NAME}:{receiver.port}/", {}, b"{}")
    return asked, told.status_code


async def test_the_certificate_is_that_of_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await over_tls(tmp_path, monkeypatch, NAME) == ([NAME], 204)


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PostFailedError, match="no connection"):
        await over_tls(tmp_path, monkeypatch, "other.example.com")
