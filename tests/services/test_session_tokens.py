"""Tokens that open one session: what they may look like, what they say, and what nobody can make of them."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.services.session_tokens import (
    ExpiredSessionTokenError,
    InvalidSessionTokenError,
    SessionToken,
    SessionTokens,
    looks_like_session_token,
)

KEY = b"k" * 32
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
ALPHABET = string.ascii_letters + string.digits + "._-"


def tokens(key: bytes = KEY, now: datetime = NOW) -> SessionTokens:
    return SessionTokens(key, lambda: now)


@given(session_id=st.text(min_size=1, max_size=60), organisation_id=st.text(min_size=1, max_size=60))
def test_a_token_says_what_was_minted_and_may_stand_anywhere(session_id: str, organisation_id: str) -> None:
    token = tokens().mint(session_id, organisation_id, SOON)
    said = tokens().verify(token)
    assert said == SessionToken(session_id, organisation_id, SOON, said.token_id)
    assert set(token) <= set(ALPHABET)
    assert looks_like_session_token(token)


def test_two_tokens_of_one_session_have_ids_of_their_own() -> None:
    minted = [tokens().verify(tokens().mint("s", "o", SOON)).token_id for _ in range(100)]
    assert len(set(minted)) == 100


@given(st.data())
def test_no_character_of_a_token_can_be_changed(data: st.DataObject) -> None:
    token = tokens().mint("session", "organisation", SOON)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(token[at], "")))
    with pytest.raises(InvalidSessionTokenError):
        tokens().verify(token[:at] + other + token[at + 1 :])


@pytest.mark.parametrize(
    ("now", "expired"),
    [
        pytest.param(SOON - timedelta(microseconds=1), False, id="a token works until its last moment"),
        pytest.param(SOON, True, id="a token is over at its end"),
        pytest.param(SOON + timedelta(days=9), True, id="a token is over long after its end"),
    ],
)
def test_an_expired_token_is_told_apart(now: datetime, expired: bool) -> None:
    token = tokens().mint("s", "o", SOON)
    if expired:
        with pytest.raises(ExpiredSessionTokenError, match="expired"):
            tokens(now=now).verify(token)
    else:
        assert tokens(now=now).verify(token).session_id == "s"


def test_an_expired_token_of_another_key_is_not_told_that_it_expired() -> None:
    token = tokens(b"x" * 32).mint("s", "o", NOW - timedelta(days=1))
    with pytest.raises(InvalidSessionTokenError) as caught:
        tokens().verify(token)
    assert caught.type is InvalidSessionTokenError


def test_a_token_for_one_purpose_is_good_for_no_other() -> None:
    token = tokens().mint("s", "o", SOON, purpose="transcript")
    with pytest.raises(InvalidSessionTokenError, match="another purpose"):
        tokens().verify(token)
    assert tokens().verify(token, "transcript").session_id == "s"


def _forged(key: bytes | None, algorithm: str, **changed: object) -> str:
    claims = {"sid": "s", "org": "o", "use": "call", "exp": int(SOON.timestamp()), "jti": "j"} | changed
    return "vvs_" + jwt.encode(claims, key, algorithm)  # type: ignore[arg-type]  # None is the key of `none`


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param("", id="nothing"),
        pytest.param("vvs_", id="the prefix alone"),
        pytest.param("vvs_eyJ.eyJ.x", id="three parts of nonsense"),
        pytest.param("vv_0123456789", id="an API key"),
        pytest.param(_forged(b"x" * 32, "HS256"), id="another key"),
        pytest.param(_forged(KEY, "HS256"), id="the very key, which signs no session token itself"),
        pytest.param(_forged(None, "none"), id="no signature"),
        pytest.param(_forged(None, "none") + "eA", id="a signature that the token says there is none of"),
        pytest.param(tokens().mint("s", "o", SOON).removeprefix("vvs_"), id="a token without its prefix"),
        pytest.param(tokens().mint("s", "o", SOON) + "\n", id="a line end after it"),
        pytest.param("vvs_eyJ" + "a" * 3000 + ".e30.x", id="an endless token"),
    ],
)
def test_what_we_did_not_mint_opens_nothing(forged: str) -> None:
    with pytest.raises(InvalidSessionTokenError, match="Create another session"):
        tokens().verify(forged)


@given(
    st.text() | st.from_regex(r"vvs_eyJ[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}", fullmatch=True)
)
def test_any_text_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(InvalidSessionTokenError):
        tokens().verify(text)


@pytest.mark.parametrize(
    ("session_id", "organisation_id", "expires_at", "complaint"),
    [
        pytest.param("", "o", SOON, "names a session", id="no session"),
        pytest.param("s", "", SOON, "names a session", id="no organisation"),
        pytest.param("s", "o", SOON.replace(tzinfo=None), "time zone", id="a time of no place"),
        pytest.param("s" * 2000, "o", SOON, "too long", id="an endless id"),
    ],
)
def test_a_token_that_could_not_be_used_is_not_minted(
    session_id: str, organisation_id: str, expires_at: datetime, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        tokens().mint(session_id, organisation_id, expires_at)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        tokens(b"k" * 31)
