"""Signatures of webhooks, checked by the independent library that receivers use, and secrets through a rotation."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from vivavoce.outbound.signing import key_of, new_secret, signature, signed_headers
from vivavoce.services.webhooks.signing import SigningSecrets
from vivavoce.store.errors import VaultError
from vivavoce.store.vault import Vault

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
VAULT = Vault(b"k" * 32)

secrets_of_any_length = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())


def test_a_known_signature_comes_out_as_the_standard_has_it() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(secret=secrets_of_any_length, said=st.text())
def test_another_implementation_verifies_what_we_sign(secret: str, said: str) -> None:
    payload = json.dumps({"said": said})
    headers = signed_headers([secret], "evt_1", int(time.time()), payload)
    assert Webhook(secret).verify(payload, headers) == {"said": said}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("payload", "{} ", id="a payload that was changed"),
        pytest.param("webhook-id", "evt_2", id="another id"),
        pytest.param("webhook-timestamp", "now", id="another time"),
    ],
)
def test_what_was_changed_on_the_way_does_not_verify(name: str, value: str) -> None:
    secret, now = new_secret(), int(time.time())
    sent = {"payload": "{}", **signed_headers([secret], "evt_1", now, "{}")}
    sent[name] = str(now - 1) if value == "now" else value
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(sent.pop("payload"), sent)


def test_receivers_written_for_svix_find_the_same_under_their_names() -> None:
    headers = signed_headers([new_secret()], "evt_1", 1_700_000_000, "{}")
    for name in ("id", "timestamp", "signature"):
        assert headers[f"svix-{name}"] == headers[f"webhook-{name}"]
    assert len(headers) == 6


def test_new_secrets_differ_and_have_32_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(key_of(first)) == len(key_of(second)) == 32


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("whsec_" + base64.b64encode(b"k" * 23).decode(), id="too short"),
        pytest.param("whsec_" + base64.b64encode(b"k" * 65).decode(), id="too long"),
        pytest.param(base64.b64encode(b"k" * 32).decode(), id="without its prefix"),
        pytest.param("whsec_" + "%" * 44, id="no base64"),
        pytest.param("whsec_ä" + "A" * 43, id="not ASCII"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        key_of(secret)
    assert not secret or secret not in str(caught.value)


def test_after_a_rotation_both_secrets_sign_for_a_day() -> None:
    old, new = new_secret(), new_secret()
    rotated = SigningSecrets(old).rotated(new, NOW)
    now = int(time.time())
    headers = signed_headers(rotated.valid_at(NOW + timedelta(hours=23, minutes=59)), "evt_1", now, "{}")
    assert Webhook(old).verify("{}", headers) == Webhook(new).verify("{}", headers) == {}
    assert rotated.valid_at(NOW + timedelta(hours=24)) == (new,)


def test_a_second_rotation_forgets_the_secret_before_the_last() -> None:
    first, second, third = new_secret(), new_secret(), new_secret()
    assert SigningSecrets(first).rotated(second, NOW).rotated(third, NOW).valid_at(NOW) == (third, second)


def test_secrets_come_back_from_their_seal_and_show_in_no_representation() -> None:
    secrets = SigningSecrets(new_secret()).rotated(new_secret(), NOW)
    token = secrets.sealed(VAULT)
    assert SigningSecrets.unsealed(VAULT, token) == secrets
    assert secrets.current not in repr(secrets) + token
    assert str(secrets.former) not in repr(secrets) + token


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(Vault(b"x" * 32).seal(b"{}", "webhook signing secret"), id="sealed with another key"),
        pytest.param(VAULT.seal(b"{}", "something else"), id="sealed for something else"),
        pytest.param(VAULT.seal(b"whsec_plain", "webhook signing secret"), id="of another form"),
        pytest.param("whsec_plain", id="not sealed at all"),
    ],
)
def test_what_cannot_be_unsealed_says_so(token: str) -> None:
    with pytest.raises(VaultError):
        SigningSecrets.unsealed(VAULT, token)
