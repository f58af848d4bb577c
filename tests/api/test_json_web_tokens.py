"""Which tokens of an outside issuer let in, and how often the issuer is asked for its keys."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from vivavoce.api.json_web_tokens import (
    InvalidTokenError,
    IssuerUnavailableError,
    JwtIdentity,
    JwtSettings,
    JwtVerifier,
    looks_like_jwt,
)

ISSUER = "https://issuer.example"
SETTINGS = JwtSettings(ISSUER, "vivavoce", f"{ISSUER}/keys", authorized_parties=("https://console.example",))


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1() if curve == "P-256" else ec.SECP384R1())


def published(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str | None, **members: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwk | ({} if kid is None else {"kid": kid}) | members


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims, changed: None takes one away, a timedelta is that long from now."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": "vivavoce", "sub": "user_1", "exp": now + 600, "iat": now} | changed
    for name, value in whole.items():
        if isinstance(value, timedelta):
            whole[name] = now + int(value.total_seconds())
    return {name: value for name, value in whole.items() if value is not None}


def token(kid: str | None = "one", key: Any = None, algorithm: str = "RS256", **changed: Any) -> str:
    signing = rsa_key("one") if key is None else key
    return jwt.encode(claims(**changed), signing, algorithm, headers={} if kid is None else {"kid": kid})


def handmade(header: dict[str, Any], payload: dict[str, Any], secret: bytes | None) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    mac = b"" if secret is None else hmac.digest(secret, b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


@dataclass
class Issuer:
    """An issuer that counts how often it is asked, and a verifier of its tokens with a clock that tests turn."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [published(rsa_key("one"), "one", use="sig")])
    answer: Callable[[], httpx.Response] | None = None
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    clock_seconds: float = 1000.0

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answer() if self.answer else httpx.Response(200, json={"keys": self.keys})

    def verifier(self, settings: JwtSettings = SETTINGS) -> JwtVerifier:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return JwtVerifier(settings, http, lambda: self.clock_seconds)


def down() -> httpx.Response:
    raise httpx.ConnectError("down")


@pytest.mark.parametrize(
    ("changed", "organisation", "is_personal"),
    [
        pytest.param({}, "user_1", True, id="a token without an organisation stands for its subject"),
        pytest.param({"org_id": "org_1"}, "org_1", False, id="org_id names the organisation"),
        pytest.param({"o": {"id": "org_2", "rol": "admin"}}, "org_2", False, id="Clerk's nested o.id names it"),
        pytest.param({"organization_id": "org_3"}, "org_3", False, id="organization_id names it"),
        pytest.param({"org_id": 7, "o": {"id": "org_2"}}, "org_2", False, id="an id that is no text is passed over"),
        pytest.param({"o": "org_9"}, "user_1", True, id="a path through a text leads nowhere"),
        pytest.param({"azp": "https://console.example"}, "user_1", True, id="an authorised party gets in"),
        pytest.param({"aud": ["other", "vivavoce"]}, "user_1", True, id="one audience of several is enough"),
        pytest.param({"exp": timedelta(seconds=-5)}, "user_1", True, id="an expiry within the leeway is forgiven"),
    ],
)
async def test_a_good_token_tells_who_calls_and_for_which_organisation(
    changed: dict[str, Any], organisation: str, is_personal: bool
) -> None:
    identity = await Issuer().verifier().verify(token(**changed))
    assert (identity.subject, identity.organisation, identity.is_personal) == ("user_1", organisation, is_personal)


async def test_a_claim_whose_name_has_dots_is_found_by_its_whole_name() -> None:
    settings = JwtSettings(ISSUER, None, f"{ISSUER}/keys", organisation_claims=("https://acme.example/org",))
    identity = await Issuer().verifier(settings).verify(token(aud=None, **{"https://acme.example/org": "org_1"}))
    assert identity == JwtIdentity("user_1", "org_1", is_personal=False, claims=identity.claims)


async def test_only_known_claims_are_kept_and_they_cannot_be_changed() -> None:
    identity = await Issuer().verifier().verify(token(email="a@b.example", ssn="secret"))
    assert set(identity.claims) == {"email", "exp", "iss"}
    with pytest.raises(TypeError):
        identity.claims["email"] = "x"  # type: ignore[index]


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        pytest.param({"exp": timedelta(seconds=-120)}, "expired", id="an expired token"),
        pytest.param({"exp": None}, "lacks the claim exp", id="a token that never expires"),
        pytest.param({"nbf": timedelta(seconds=120)}, "not valid yet", id="a token of the future"),
        pytest.param({"iat": timedelta(seconds=120)}, "not valid yet", id="a token issued in the future"),
        pytest.param({"iss": f"{ISSUER}/"}, "another issuer", id="an issuer with a slash too many"),
        pytest.param({"iss": None}, "lacks the claim iss", id="no issuer"),
        pytest.param({"aud": "other"}, "another audience", id="another audience"),
        pytest.param({"aud": None}, "lacks the claim aud", id="no audience"),
        pytest.param({"azp": "https://evil.example"}, "another application", id="a party that is not authorised"),
        pytest.param({"azp": ["https://console.example"]}, "another application", id="a party that is no text"),
        pytest.param({"sub": None}, "lacks the claim sub", id="no subject"),
        pytest.param({"sub": ""}, "names nobody", id="an empty subject"),
        pytest.param({"sub": "u" * 256}, "names nobody", id="an endless subject"),
        pytest.param({"org_id": "org\x00"}, "names nobody", id="an organisation that cannot be stored"),
        pytest.param({"exp": float("inf")}, "malformed", id="an expiry that is no number of seconds"),
        pytest.param({"kid": "one", "key": rsa_key("two")}, "signature is wrong", id="another key's signature"),
    ],
)
async def test_a_bad_token_is_refused_with_the_reason(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidTokenError, match=complaint):
        await Issuer().verifier().verify(token(**changed))


def _confused(form: str) -> str:
    public = rsa_key("one").public_key()
    encoding, _, layout = form.partition(" ")
    secret = public.public_bytes(getattr(Encoding, encoding), getattr(PublicFormat, layout))
    return handmade({"alg": "HS256", "kid": "one"}, claims(), secret)


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda: handmade({"alg": "none"}, claims(), None), id="no signature at all"),
        pytest.param(lambda: handmade({"alg": "none", "kid": "one"}, claims(), None), id="none with a known key"),
        pytest.param(lambda: handmade({"alg": "nOnE", "kid": "one"}, claims(), None), id="none in another case"),
        pytest.param(lambda: _confused("PEM SubjectPublicKeyInfo"), id="HS256 with the public key as the secret (PEM)"),
        pytest.param(lambda: _confused("DER SubjectPublicKeyInfo"), id="HS256 with the public key as the secret (DER)"),
        pytest.param(lambda: _confused("PEM PKCS1"), id="HS256 with the public key as the secret (PKCS 1)"),
        pytest.param(lambda: token(algorithm="RS512"), id="RS512 with the right key"),
        pytest.param(lambda: token(algorithm="PS256"), id="PS256 with the right key"),
        pytest.param(
            lambda: handmade({"alg": ["RS256"], "kid": "one"}, claims(), b"x" * 32), id="a list of algorithms"
        ),
        pytest.param(
            lambda: token("curve", ec_key("P-384"), "ES384"), id="ES384 with a key that is published for nothing"
        ),
        pytest.param(lambda: token("one", ec_key(), "ES256"), id="ES256 with the id of the RSA key"),
        pytest.param(lambda: handmade({"alg": "RS256", "kid": 7}, claims(), b"x" * 32), id="a key id that is no text"),
        pytest.param(
            lambda: jwt.encode(claims(), rsa_key("two"), "RS256", headers={"jku": "https://evil.example"}),
            id="a key set that the token itself names",
        ),
        pytest.param(
            lambda: jwt.encode(claims(), rsa_key("two"), "RS256", headers={"jwk": published(rsa_key("two"), "one")}),
            id="a key that the token itself brings",
        ),
        pytest.param(
            lambda: handmade({"alg": "RS256", "kid": "one", "crit": ["exp"]}, claims(), b"x"),
            id="a critical extension that nobody knows",
        ),
        pytest.param(
            lambda: base64.urlsafe_b64encode(b'{"a":' + b"[" * 5000 + b"]").decode().rstrip("=") + ".e30.",
            id="a header as deep as a token can be",
        ),
        pytest.param(lambda: "eyJhbGciOiJSUzI1NiJ9.e30", id="two parts"),
        pytest.param(lambda: "eyJ" + "a" * 9000 + ".e30.x", id="an endless token"),
        pytest.param(lambda: "eyJé.e30.x", id="letters that base64 does not have"),
        pytest.param(lambda: "", id="nothing"),
    ],
)
async def test_a_forged_token_is_refused(forged: Callable[[], str]) -> None:
    issuer = Issuer(keys=[published(rsa_key("one"), "one"), published(ec_key("P-384"), "curve")])
    with pytest.raises(InvalidTokenError):
        await issuer.verifier().verify(forged())


async def test_a_token_signed_on_the_curve_p256_lets_in() -> None:
    issuer = Issuer(keys=[published(ec_key(), "curve")])
    assert (await issuer.verifier().verify(token("curve", ec_key(), "ES256"))).subject == "user_1"


async def test_a_token_without_a_key_id_is_checked_with_the_sole_key() -> None:
    issuer = Issuer(keys=[published(rsa_key("one"), "one"), published(ec_key(), "curve")])
    assert (await issuer.verifier().verify(token(None))).subject == "user_1"


async def test_a_token_without_a_key_id_is_refused_where_two_keys_could_be_meant() -> None:
    issuer = Issuer(keys=[published(rsa_key("one"), "one"), published(rsa_key("two"), "two")])
    with pytest.raises(InvalidTokenError, match="does not publish"):
        await issuer.verifier().verify(token(None))


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(lambda: published(rsa_key("one"), "one", use="enc"), id="a key for encryption"),
        pytest.param(lambda: published(rsa_key("one"), "one", key_ops=["encrypt"]), id="a key that may not verify"),
        pytest.param(lambda: published(rsa_key("one"), "one", alg="RS512"), id="a key of another algorithm"),
        pytest.param(lambda: published(rsa_key("one"), "one", e="AA"), id="a key with a broken exponent"),
        pytest.param(lambda: {"kty": "RSA", "kid": "one"}, id="a key without numbers"),
        pytest.param(lambda: {"kty": "oct", "kid": "one", "k": "c2VjcmV0"}, id="a shared secret"),
        pytest.param(lambda: "one", id="a key that is no object"),
    ],
)
async def test_a_published_key_that_is_not_for_this_is_ignored(entry: Callable[[], Any]) -> None:
    issuer = Issuer(keys=[entry(), published(ec_key(), "curve")])
    with pytest.raises(InvalidTokenError, match="does not publish"):
        await issuer.verifier().verify(token())


async def test_an_rsa_key_of_1024_bits_is_refused() -> None:
    weak = rsa_key("weak", 1024)
    issuer = Issuer(keys=[published(weak, "weak"), published(ec_key(), "curve")])
    # PyJWT rightly warns of such a key when it signs.
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        signed = token("weak", weak)
    with pytest.raises(InvalidTokenError, match="does not publish"):
        await issuer.verifier().verify(signed)


async def test_keys_are_fetched_once_and_again_after_ten_minutes() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    for clock_seconds, asked in [(1000, 1), (1599, 1), (1601, 2), (1700, 2)]:
        issuer.clock_seconds = clock_seconds
        await verifier.verify(token())
        assert issuer.asked == asked


async def test_a_new_key_of_the_issuer_is_found_and_its_old_one_forgotten() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.verify(token())
    issuer.keys = [published(rsa_key("two"), "two")]
    issuer.clock_seconds += 31
    assert (await verifier.verify(token("two", rsa_key("two")))).subject == "user_1"
    with pytest.raises(InvalidTokenError, match="does not publish"):
        await verifier.verify(token("one"))


async def test_made_up_key_ids_make_us_ask_the_issuer_at_most_every_thirty_seconds() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.verify(token())
    for number in range(100):
        issuer.clock_seconds += 1
        with pytest.raises(InvalidTokenError, match="does not publish"):
            await verifier.verify(token(f"made-up-{number}", rsa_key("two")))
    assert issuer.asked == 1 + 3


async def test_many_callers_at_once_fetch_the_keys_once() -> None:
    issuer = Issuer(gate=asyncio.Event())
    verifier = issuer.verifier()
    assert issuer.gate is not None
    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(verifier.verify(token())) for _ in range(20)]
        for _ in range(5):
            await asyncio.sleep(0)
        issuer.gate.set()
    assert {caller.result().subject for caller in callers} == {"user_1"}
    assert issuer.asked == 1


async def test_a_caller_who_leaves_while_fetching_does_not_lock_the_others_out() -> None:
    issuer = Issuer(gate=asyncio.Event())
    verifier = issuer.verifier()
    assert issuer.gate is not None
    leaving, staying = (asyncio.create_task(verifier.verify(token())) for _ in range(2))
    await issuer.reached.wait()
    leaving.cancel()
    issuer.gate.set()
    assert (await staying).subject == "user_1"


async def test_old_keys_go_on_serving_while_the_issuer_is_down_for_a_day_at_most() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.verify(token())
    issuer.answer = down
    for waited_seconds in (601, 3600, 86_399):
        issuer.clock_seconds = 1000 + waited_seconds
        await verifier.verify(token())
    issuer.clock_seconds = 1000 + 86_401
    with pytest.raises(IssuerUnavailableError):
        await verifier.verify(token())


async def test_old_keys_serve_the_others_while_one_caller_renews_them() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.verify(token())
    issuer.clock_seconds += 601
    issuer.gate = asyncio.Event()
    issuer.reached.clear()
    renewing = asyncio.create_task(verifier.verify(token()))
    await issuer.reached.wait()
    await verifier.verify(token())
    assert not renewing.done()
    issuer.gate.set()
    await renewing
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(down, id="no connection"),
        pytest.param(lambda: httpx.Response(500, json={"keys": []}), id="an error"),
        pytest.param(lambda: httpx.Response(302, headers={"location": "https://evil.example"}), id="a redirect"),
        pytest.param(lambda: httpx.Response(200, text="<html>"), id="a web page"),
        pytest.param(lambda: httpx.Response(200, json=[]), id="a list"),
        pytest.param(lambda: httpx.Response(200, json={"keys": {}}), id="keys that are no list"),
        pytest.param(lambda: httpx.Response(200, json={"keys": []}), id="no keys"),
        pytest.param(lambda: httpx.Response(200, text="[" * 100_000), id="a deep document"),
        pytest.param(lambda: httpx.Response(200, text=" " * 300_000 + '{"keys":[]}'), id="a document too large"),
        pytest.param(lambda: httpx.Response(200, content=b"\xff\xfe"), id="bytes that are no text"),
    ],
)
async def test_an_issuer_in_trouble_is_asked_again_only_after_a_pause(answer: Callable[[], httpx.Response]) -> None:
    issuer = Issuer(answer=answer)
    verifier = issuer.verifier()
    for waited_seconds, asked in [(0, 1), (4, 1), (2, 2)]:
        issuer.clock_seconds += waited_seconds
        with pytest.raises(IssuerUnavailableError, match="Try again"):
            await verifier.verify(token())
        assert issuer.asked == asked
    issuer.answer = None
    issuer.clock_seconds += 6
    assert (await verifier.verify(token())).subject == "user_1"


async def test_a_packed_key_set_is_not_unpacked() -> None:
    packed = gzip.compress(json.dumps({"keys": [published(rsa_key("one"), "one")]}).encode())
    issuer = Issuer(answer=lambda: httpx.Response(200, headers={"content-encoding": "gzip"}, content=packed))
    with pytest.raises(IssuerUnavailableError):
        await issuer.verifier().verify(token())


@pytest.mark.looptime
async def test_an_issuer_that_never_answers_is_given_up() -> None:
    issuer = Issuer(gate=asyncio.Event())
    with pytest.raises(IssuerUnavailableError):
        await issuer.verifier().verify(token())


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        pytest.param("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", True, id="three parts look like one"),
        pytest.param("vv_0123456789abcdef", False, id="an API key does not"),
        pytest.param("vvs_eyJhbGciOiJIUzI1NiJ9.e30.c2ln", False, id="a session token does not"),
        pytest.param("eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n", False, id="a line end does not"),
        pytest.param("eyJ" + "a" * 8200 + ".e30.c2ln", False, id="an endless text does not"),
    ],
)
def test_what_looks_like_a_json_web_token(text: str, looks: bool) -> None:
    assert looks_like_jwt(text) is looks


@given(st.text() | st.from_regex(r"eyJ[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True))
def test_any_text_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        asyncio.run(Issuer(keys=[published(ec_key(), "curve")]).verifier().verify(text))
