"""Who gets in: where a key may stand in a request, which sub-protocol is selected, what the others are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vivavoce.api.auth import Admission, Principal, authenticate, offered_key
from vivavoce.api.errors import AuthenticationError
from vivavoce.store.records import ApiKeyRecord, KeyId

KEY = "vv_right"
RECORD = ApiKeyRecord(KeyId("key_1"), "laptop", "ight", datetime(2026, 11, 21, tzinfo=UTC), None, None)


class OneKey:
    """Knows exactly one key."""

    async def verify(self, plain: str) -> ApiKeyRecord | None:
        return RECORD if plain == KEY else None


@pytest.mark.parametrize(
    ("headers", "subprotocols", "selected"),
    [
        pytest.param({"authorization": f"Bearer {KEY}"}, [], None, id="a bearer key lets in"),
        pytest.param({"authorization": f"bearer  {KEY} "}, [], None, id="the scheme in any case and spaces let in"),
        pytest.param({"x-api-key": KEY}, [], None, id="a key in x-api-key lets in"),
        pytest.param(
            {"authorization": "Basic abc", "x-api-key": KEY}, [], None, id="another scheme does not hide x-api-key"
        ),
        pytest.param({"authorization": f"Bearer {KEY}", "x-api-key": "no"}, [], None, id="the bearer key counts first"),
        pytest.param(
            {"authorization": f"Bearer {KEY}"}, ["realtime"], "realtime", id="a client that offers realtime gets it"
        ),
        pytest.param(
            {"authorization": f"Bearer {KEY}"},
            ["graphql-ws"],
            None,
            id="a sub-protocol we do not speak is not selected",
        ),
        pytest.param(
            {},
            ["realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.0.20.0"],
            "realtime",
            id="OpenAI's browser clients get in and get realtime",
        ),
        pytest.param(
            {},
            [f"openai-insecure-api-key.{KEY}"],
            f"openai-insecure-api-key.{KEY}",
            id="a browser that offers only its key gets that very string back",
        ),
        pytest.param(
            {},
            [f"xai-client-secret.{KEY}"],
            f"xai-client-secret.{KEY}",
            id="xAI's browser clients get in and get that very string back",
        ),
    ],
)
async def test_a_key_is_found_wherever_clients_put_it(
    headers: dict[str, str], subprotocols: list[str], selected: str | None
) -> None:
    admission = await authenticate(OneKey(), headers, subprotocols)
    assert admission == Admission(Principal(KeyId("key_1"), "laptop"), selected)


@pytest.mark.parametrize(
    ("headers", "subprotocols", "complaint"),
    [
        pytest.param({}, [], "needs an API key", id="no key"),
        pytest.param({"authorization": "Bearer"}, [], "needs an API key", id="a scheme without a key"),
        pytest.param({"authorization": KEY}, [], "needs an API key", id="a key without a scheme"),
        pytest.param({"authorization": "Basic dXNlcjpwYXNz"}, [], "needs an API key", id="a password"),
        pytest.param({}, ["realtime"], "needs an API key", id="a browser that forgot its key"),
        pytest.param({}, ["xai-client-secret."], "needs an API key", id="an empty key in a sub-protocol"),
        pytest.param({"authorization": "Bearer vv_wrong"}, [], "wrong or was revoked", id="a wrong key"),
        pytest.param({}, ["xai-client-secret.vv_wrong"], "wrong or was revoked", id="a wrong key in a sub-protocol"),
        pytest.param(
            {"authorization": "Bearer vv_wrong", "x-api-key": KEY}, [], "wrong or was revoked", id="a wrong bearer key"
        ),
    ],
)
async def test_who_has_no_right_key_is_told_where_keys_come_from(
    headers: dict[str, str], subprotocols: list[str], complaint: str
) -> None:
    with pytest.raises(AuthenticationError, match=complaint) as caught:
        await authenticate(OneKey(), headers, subprotocols)
    problem = caught.value.problem
    assert (problem.status, problem.code, problem.kind) == (401, "invalid_api_key", "invalid_request_error")
    assert "vivavoce keys create" in problem.message
    assert "vv_" not in problem.message


def test_an_offered_key_is_never_printed() -> None:
    assert KEY not in repr(offered_key({"authorization": f"Bearer {KEY}"}))
