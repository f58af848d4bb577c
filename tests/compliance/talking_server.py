"""The server that other people's clients talk to: scripted engines, each frame written down, TLS where one wants it.

Owned by the fixture of a test module; ends with it.
"""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.serving import Served, scripted_settings, serving
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted import Reply, ScriptedLanguageModel

HEARD = "Hello, can you hear me?"
"""What the scripted ears make of any noise."""

STORY = " ".join(f"This is sentence {number} of a long story." for number in range(1, 31))
"""About a minute of speech: nobody hears it to its end."""


def answer(request: GenerationRequest) -> Reply:
    """The script: a story and the weather where they are asked for, otherwise the caller's words are said back."""
    last = request.messages[-1]
    if last.role == "tool":
        return f"The weather is {last.text}."
    said = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
    if "story" in said:
        return STORY
    if "weather" in said and any(tool.name == "weather" for tool in request.tools):
        return ToolCall(f"call_{len(request.messages)}", "weather", '{"city": "Bern"}')
    return f"You said: {said}" if said else "Hello! How can I help you today?"


@dataclass(slots=True)
class Wire:
    """The frames of one connection in their order, each with who sent it."""

    path: str
    query: str
    headers: dict[str, str]
    frames: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    binary_frames: int = 0

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """The client's events of a type."""
        return [frame for by, frame in self.frames if by == "client" and frame.get("type") == kind]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The server's events of a type."""
        return [frame for by, frame in self.frames if by == "server" and frame.get("type") == kind]

    def story(self) -> str:
        """The frames without their audio, one a line, for the message of a failed test."""
        return "\n".join(f"{by}: {json.dumps(_shortened(frame))[:600]}" for by, frame in self.frames)


@dataclass(slots=True)
class Wiretap:
    """Writes down what passes between the clients and the application that it stands before."""

    application: ASGIApp
    wires: list[Wire] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.application(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        wire = Wire(scope["path"], scope["query_string"].decode(), headers)
        with self.lock:
            self.wires.append(wire)

        async def received() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                _note(wire, "client", message)
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "websocket.send":
                _note(wire, "server", message)
            await send(message)

        await self.application(scope, received, sent)


@dataclass(slots=True)
class TalkingServer:
    """A server and the ear on its wires. `requests` is what its language model was asked."""

    served: Served
    tap: Wiretap
    certificate: Path | None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{'localhost' if self.certificate else '127.0.0.1'}:{self.served.port}"

    @property
    def requests(self) -> list[GenerationRequest]:
        engines = self.served.server.engines
        assert engines is not None
        model = engines.language_model
        assert isinstance(model, ScriptedLanguageModel)
        return model.requests


@contextmanager
def talking_server(data: Path, *, tls: bool = False, **settings: Any) -> Iterator[TalkingServer]:
    """Serve with the script `answer` until the block ends. With `tls`: under a certificate made for this server."""
    taps: list[Wiretap] = []
    certificate = data / "certificate.pem" if tls else None

    def prepare(http: uvicorn.Server) -> None:
        taps.append(Wiretap(http.config.app))  # type: ignore[arg-type]
        http.config.app = taps[0]
        if certificate is not None:
            key = data / "key.pem"
            make_certificate(certificate, key)
            http.config.ssl_certfile, http.config.ssl_keyfile = str(certificate), str(key)

    def model() -> ScriptedLanguageModel:
        return ScriptedLanguageModel(answer)

    with (
        patch("vivavoce.app.engines.ScriptedLanguageModel", model),
        serving(scripted_settings(data / "served", **settings), prepare) as served,
    ):
        yield TalkingServer(served, taps[0], certificate)


def make_certificate(certificate: Path, key: Path) -> None:
    """Write a self-signed certificate for localhost and its key, good for a day."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _note(wire: Wire, by: str, message: Message) -> None:
    text = message.get("text")
    if text is None:
        wire.binary_frames += 1
    else:
        wire.frames.append((by, json.loads(text)))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    if isinstance(value, str) and len(value) > 200:
        return f"{value[:60]}… ({len(value)} characters)"
    return value
