"""Tokens of an identity provider at a real server: who gets in, who does not, and what each organisation sees."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from tests.agntix_client import DOCUMENTED_AGENT, LIVEKIT, MADE, SPEAKING, refused
from tests.serving import KEY, Served, scripted_settings, serving
from websockets.asyncio.client import connect

from vivavoce.api.json_web_tokens import KEYS_FRESH_SECONDS, UNKNOWN_KEY_PAUSE_SECONDS, JwtSettings
from vivavoce.config import PlatformSettings

AUDIENCE = "vivavoce"
CONSOLE = "https://console.example"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def key(name: str) -> PrivateKey:
    if name.startswith("ec"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def published(name: str) -> dict[str, Any]:
    public = key(name).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(public, as_dict=True) | {"kid": name, "use": "sig"}
    return ECAlgorithm.to_jwk(public, as_dict=True) | {"kid": name, "use": "sig"}


@dataclass
class Issuer:
    """An identity provider on loopback. `keys` names what it publishes; a test may change that."""

    keys: list[str] = field(default_factory=lambda: ["rsa-1", "ec-1"])
    url: str = ""

    def token(self, name: str = "rsa-1", kid: str | None = None, **changed: Any) -> str:
        """A good token, changed: None takes a claim away."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "user_1", "exp": now + 600, "azp": CONSOLE} | changed
        whole = {claim: value for claim, value in claims.items() if value is not None}
        return jwt.encode(whole, key(name), "ES256" if name.startswith("ec") else "RS256", headers={"kid": kid or name})


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    one = Issuer()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"keys": [published(name) for name in one.keys]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        one.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, name="issuer")
        thread.start()
        yield one
        server.shutdown()
        thread.join()


@dataclass
class Clock:
    """Monotonic time, and what a test has added to it."""

    ahead_seconds: float = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_seconds


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def served(issuer: Issuer, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    identity = JwtSettings(issuer.url, AUDIENCE, f"{issuer.url}/.well-known/jwks.json", (CONSOLE,))
    platform = PlatformSettings(livekit=LIVEKIT, identity=identity)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vivavoce.app.platform.time", SimpleNamespace(monotonic=clock.monotonic))
        with serving(scripted_settings(tmp_path_factory.mktemp("data"), platform=platform)) as one:
            yield one


def calling(served: Served, secret: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=served.url, headers=headers, trust_env=False, timeout=30)


def made(http: httpx.Client) -> str:
    answer = http.post("/v2/chat/agents", json=MADE | SPEAKING)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


GOOD: list[Any] = [
    pytest.param("rsa-1", {}, id="signed with RS256"),
    pytest.param("ec-1", {}, id="signed with ES256"),
    pytest.param("rsa-1", {"aud": ["other", AUDIENCE]}, id="made for several audiences"),
    pytest.param("rsa-1", {"azp": None}, id="without an authorised party"),
    pytest.param("rsa-1", {"org_id": "org_1"}, id="for an organisation"),
]


@pytest.mark.parametrize(("name", "changed"), GOOD)
def test_a_token_opens_a_session(served: Served, issuer: Issuer, name: str, changed: dict[str, Any]) -> None:
    with calling(served, issuer.token(name, **changed)) as http:
        answer = http.post("/v1/voice/sessions", json={"agentId": made(http)})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_an_api_key_goes_on_working_beside_tokens(served: Served, header: str) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as http:
        secret = KEY if header == "x-api-key" else f"Bearer {KEY}"
        assert http.get("/v2/chat/agents", headers={header: secret}).status_code == 200


def test_a_token_holds_a_call(served: Served, issuer: Issuer) -> None:
    async def greeted() -> str:
        secret = issuer.token(org_id="org_caller")
        with calling(served, secret) as http:
            agent_id = made(http)
        headers = {"authorization": f"Bearer {secret}"}
        url = f"{served.websocket_url}?agent_id={agent_id}"
        async with asyncio.timeout(30), connect(url, additional_headers=headers, proxy=None) as socket:
            return str(json.loads(await socket.recv())["type"])

    assert asyncio.run(greeted()) == "session.created"


def test_a_token_manages_no_keys(served: Served, issuer: Issuer) -> None:
    with calling(served, issuer.token()) as http:
        assert http.get("/v1/api-keys").status_code == 403


# --- who does not get in --------------------------------------------------------------------------------------------


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _confused(issuer: Issuer) -> str:
    """Signed with HMAC, with the issuer's public key as the secret (RFC 8725, section 2.1)."""
    public = key("rsa-1").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = issuer.token().split(".")[1]
    signed = f"{_part(json.dumps({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa-1'}).encode())}.{claims}"
    return f"{signed}.{_part(hmac.digest(public, signed.encode(), hashlib.sha256))}"


def _unsigned(issuer: Issuer) -> str:
    claims = issuer.token().split(".")[1]
    return f"{_part(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{claims}."


def _altered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{issuer.token(sub='somebody_else').split('.')[1]}.{signature}"


BAD: list[Any] = [
    pytest.param(lambda one: one.token(iss="https://other.example"), "another issuer", id="of another issuer"),
    pytest.param(lambda one: one.token(iss=f"{one.url}/"), "another issuer", id="of almost the issuer"),
    pytest.param(lambda one: one.token(aud="other"), "another audience", id="made for another audience"),
    pytest.param(lambda one: one.token(aud=None), "aud", id="made for no audience"),
    pytest.param(lambda one: one.token(azp="https://evil.example"), "azp", id="made for another application"),
    pytest.param(lambda one: one.token(exp=int(time.time()) - 3600), "expired", id="expired"),
    pytest.param(lambda one: one.token(exp=None), "exp", id="that never expires"),
    pytest.param(lambda one: one.token(nbf=int(time.time()) + 3600), "not valid yet", id="that is not valid yet"),
    pytest.param(lambda one: one.token(sub=None), "sub", id="of nobody"),
    pytest.param(lambda one: one.token("rsa-2"), "does not publish", id="signed with a key that is not published"),
    pytest.param(lambda one: one.token("rsa-2", kid="rsa-1"), "signature", id="signed with a key under another's name"),
    pytest.param(_confused, "RS256 or ES256", id="signed with the public key as a secret"),
    pytest.param(_unsigned, "", id="not signed at all"),
    pytest.param(_altered, "signature", id="changed after it was signed"),
]


@pytest.mark.parametrize(("make", "reason"), BAD)
def test_a_bad_token_is_unauthorized(served: Served, issuer: Issuer, make: Any, reason: str) -> None:
    token = make(issuer)
    with calling(served, token) as http:
        for answer in (
            http.post("/v1/voice/sessions", json={"agentId": DOCUMENTED_AGENT}),
            http.get("/v2/chat/agents"),
        ):
            assert refused(answer) == (401, "UNAUTHORIZED")
            assert reason in answer.json()["error"]["message"]
            assert token not in answer.text


def test_where_the_issuer_cannot_be_reached_the_server_says_so_and_keys_still_work(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    nowhere = Issuer(url="http://127.0.0.1:1")
    platform = PlatformSettings(identity=JwtSettings(nowhere.url, AUDIENCE, f"{nowhere.url}/keys"))
    with serving(scripted_settings(tmp_path_factory.mktemp("alone"), platform=platform)) as alone:
        with calling(alone, nowhere.token()) as http:
            assert refused(http.get("/v2/chat/agents")) == (503, "IDENTITY_PROVIDER_UNAVAILABLE")
        with calling(alone, KEY) as http:
            assert http.get("/v2/chat/agents").status_code == 200


def test_without_an_issuer_no_token_is_taken(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = scripted_settings(tmp_path_factory.mktemp("keys"))
    with serving(settings) as keys_only, calling(keys_only, issuer.token()) as http:
        assert refused(http.get("/v2/chat/agents")) == (401, "UNAUTHORIZED")


def test_new_keys_of_the_issuer_are_noticed_and_old_ones_forgotten(
    served: Served, issuer: Issuer, clock: Clock
) -> None:
    old, new = issuer.token(), issuer.token("rsa-new")
    with calling(served, old) as before, calling(served, new) as after:
        assert before.get("/v2/chat/agents").status_code == 200
        issuer.keys = ["rsa-1", "rsa-new", "ec-1"]
        clock.ahead_seconds += UNKNOWN_KEY_PAUSE_SECONDS + 1
        assert after.get("/v2/chat/agents").status_code == 200
        assert before.get("/v2/chat/agents").status_code == 200
        issuer.keys = ["rsa-new", "ec-1"]
        clock.ahead_seconds += KEYS_FRESH_SECONDS + 1
        assert after.get("/v2/chat/agents").status_code == 200
        assert refused(before.get("/v2/chat/agents")) == (401, "UNAUTHORIZED")
        issuer.keys = ["rsa-1", "ec-1"]
        clock.ahead_seconds += KEYS_FRESH_SECONDS + 1
        assert before.get("/v2/chat/agents").status_code == 200


# --- organisations --------------------------------------------------------------------------------------------------

NUMBERS = (f"+1415555{last:04d}" for last in range(10_000))

OTHERS: list[Any] = [
    pytest.param({"org_id": "org_b"}, id="another organisation"),
    pytest.param({"sub": "org_a", "org_id": None}, id="a person who is called like the organisation"),
    pytest.param(None, id="the organisation of the API keys"),
]


@pytest.mark.parametrize("claims", OTHERS)
def test_what_an_organisation_has_is_not_there_for_another(
    served: Served, issuer: Issuer, claims: dict[str, Any] | None
) -> None:
    with (
        calling(served, issuer.token(org_id="org_a")) as owner,
        calling(served, KEY if claims is None else issuer.token(**claims)) as stranger,
    ):
        agent_id = made(owner)
        voice = owner.post("/v1/voice/sessions", json={"agentId": agent_id}).json()["id"]
        chat = owner.post("/v1/chat/chat/sessions", json={"agentId": agent_id}).json()["id"]
        phone = owner.post("/v1/chat/phone-numbers", json={"number": next(NUMBERS)}).json()["id"]
        asked = [
            stranger.get(f"/v2/chat/agents/{agent_id}"),
            stranger.patch(f"/v2/chat/agents/{agent_id}", json={"fullName": "Mine"}),
            stranger.delete(f"/v2/chat/agents/{agent_id}"),
            stranger.post("/v1/voice/sessions", json={"agentId": agent_id}),
            stranger.post("/v1/chat/chat/sessions", json={"agentId": agent_id}),
            stranger.get("/v1/voice/sessions", params={"agentId": agent_id}),
            stranger.get(f"/v1/voice/sessions/{voice}"),
            stranger.post(f"/v1/voice/sessions/{voice}/end"),
            stranger.get(f"/v1/chat/chat/sessions/{chat}"),
            stranger.patch(f"/v1/chat/chat/sessions/{chat}/close", json={"reason": "RESOLVED"}),
            stranger.get(f"/v1/chat/chat/sessions/{chat}/messages"),
            stranger.post(f"/v1/chat/chat/sessions/{chat}/messages", json={"content": "Hi"}),
            stranger.patch(f"/v1/chat/phone-numbers/{phone}", json={"name": "Mine"}),
        ]
        assert [answer.status_code for answer in asked] == [404] * len(asked)
        for path in ("/v2/chat/agents", "/v1/voice/sessions", "/v1/chat/chat/sessions", "/v1/chat/phone-numbers"):
            ids = {each["id"] for each in stranger.get(path, params={"limit": 100}).json()["data"]}
            assert not ids & {agent_id, voice, chat, phone}
        assert owner.get(f"/v2/chat/agents/{agent_id}").json()["fullName"] == MADE["fullName"]
        assert owner.get(f"/v1/voice/sessions/{voice}").json()["state"] == "OPEN"
        owner.delete(f"/v2/chat/agents/{agent_id}").raise_for_status()


def test_two_people_of_one_organisation_see_the_same(served: Served, issuer: Issuer) -> None:
    with (
        calling(served, issuer.token(sub="user_1", org_id="org_shared")) as one,
        calling(served, issuer.token(sub="user_2", o={"id": "org_shared"})) as two,
    ):
        agent_id = made(one)
        assert two.get(f"/v2/chat/agents/{agent_id}").status_code == 200
