"""LiveKit's own verifier reads what we mint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.api import TokenVerifier

from vivavoce.services.livekit_tokens import LiveKitSettings, mint

SETTINGS = LiveKitSettings("wss://livekit.example", "APIkey", "a secret of more than thirty-two bytes")


def minted(settings: LiveKitSettings = SETTINGS, **changed: Any) -> str:
    wanted: dict[str, Any] = {
        "room": "room_1",
        "identity": "user_1",
        "name": "Zoë",
        "metadata": '{"session":"vs_1"}',
        "ttl_seconds": 300,
        "now": datetime.now(UTC),
    }
    return mint(settings, **(wanted | changed))


def test_the_official_verifier_finds_every_grant() -> None:
    claims = TokenVerifier("APIkey", SETTINGS.api_secret).verify(minted())
    assert (claims.identity, claims.name, claims.metadata) == ("user_1", "Zoë", '{"session":"vs_1"}')
    assert claims.video is not None
    assert (claims.video.room_join, claims.video.room) == (True, "room_1")
    assert (claims.video.can_publish, claims.video.can_subscribe, claims.video.can_publish_data) == (True, True, True)
    assert claims.video.room_admin is None
    assert claims.video.room_create is None
    assert claims.room_config is None


def test_an_agent_is_dispatched_when_it_is_named() -> None:
    claims = TokenVerifier("APIkey", SETTINGS.api_secret).verify(minted(agent_name="vivavoce"))
    assert claims.room_config is not None
    assert [(each.agent_name, each.metadata) for each in claims.room_config.agents] == [
        ("vivavoce", '{"session":"vs_1"}')
    ]


def test_the_claims_stand_in_the_token_as_servers_expect_them() -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, 900_000, tzinfo=UTC)
    token = minted(now=now)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims == {
        "iss": "APIkey",
        "sub": "user_1",
        "name": "Zoë",
        "metadata": '{"session":"vs_1"}',
        "nbf": int(now.timestamp()),
        "exp": int(now.timestamp()) + 300,
        "video": {"roomJoin": True, "room": "room_1", "canPublish": True, "canSubscribe": True, "canPublishData": True},
    }


@pytest.mark.parametrize(
    ("key", "secret", "ago", "refusal"),
    [
        pytest.param("APIkey", "x" * 40, timedelta(0), jwt.InvalidSignatureError, id="another secret"),
        pytest.param("other", SETTINGS.api_secret, timedelta(0), jwt.InvalidIssuerError, id="another key"),
        pytest.param(
            "APIkey", SETTINGS.api_secret, timedelta(hours=1), jwt.ExpiredSignatureError, id="an expired token"
        ),
        pytest.param(
            "APIkey", SETTINGS.api_secret, timedelta(hours=-1), jwt.ImmatureSignatureError, id="a token of the future"
        ),
    ],
)
def test_the_official_verifier_refuses(key: str, secret: str, ago: timedelta, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        TokenVerifier(key, secret).verify(minted(now=datetime.now(UTC) - ago))


@given(room=st.text(min_size=1), identity=st.text(min_size=1), metadata=st.text())
def test_any_text_arrives_as_it_was(room: str, identity: str, metadata: str) -> None:
    claims = TokenVerifier("APIkey", SETTINGS.api_secret).verify(
        minted(room=room, identity=identity, metadata=metadata)
    )
    assert claims.video is not None
    assert (claims.video.room, claims.identity, claims.metadata) == (room, identity, metadata)


def test_the_short_secret_of_livekits_development_mode_works() -> None:
    token = minted(LiveKitSettings("ws://localhost:7880", "devkey", "secret"))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        assert TokenVerifier("devkey", "secret").verify(token).identity == "user_1"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"room": ""}, id="no room"),
        pytest.param({"identity": ""}, id="no identity"),
        pytest.param({"ttl_seconds": 0}, id="no time to live"),
        pytest.param({"now": datetime(2026, 11, 21)}, id="a time of no place"),  # noqa: DTZ001
        pytest.param({"settings": LiveKitSettings("wss://livekit.example", "", "s")}, id="no key"),
        pytest.param({"settings": LiveKitSettings("wss://livekit.example", "k", "")}, id="no secret"),
    ],
)
def test_a_token_that_no_server_would_take_is_not_minted(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="LiveKit token needs"):
        minted(**changed)


def test_the_secret_is_never_printed() -> None:
    assert SETTINGS.api_secret not in repr(SETTINGS)
