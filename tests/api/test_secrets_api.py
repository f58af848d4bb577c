"""`/v1/secrets` over HTTP: stored, replaced, deleted by administrators; no answer and no row with a value in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from vivavoce.api.dependencies import authenticated
from vivavoce.api.errors import exception_handlers
from vivavoce.api.platform.secrets import router, secret_service
from vivavoce.services.callers import Caller
from vivavoce.services.secrets import SECRETS_MAXIMUM, SecretService
from vivavoce.store.database import sqlite_url
from vivavoce.store.errors import VaultError
from vivavoce.store.records import ALL_SCOPES, FIRST_ORGANISATION, OrganisationId
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

VALUE = "s3cret-value-of-the-orders-service"


@dataclass
class Setting:
    """The router over a store; who asks is what the headers say."""

    store: Store
    service: SecretService
    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, status: int, body: object = None, **headers: str) -> Any:
        asked = await self.http.request(method, f"/v1/secrets{path}", json=body, headers=headers)
        assert asked.status_code == status, asked.text
        assert VALUE not in asked.text
        return asked.json()


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    async def caller(request: Request) -> Caller:
        organisation = OrganisationId(request.headers.get("organisation", FIRST_ORGANISATION))
        return Caller(organisation, tuple(request.headers.get("scopes", " ".join(ALL_SCOPES)).split()))

    async with await Store.open(sqlite_url(tmp_path)) as store:
        service = SecretService(store, Vault(b"k" * 32))
        app = FastAPI(exception_handlers=exception_handlers())
        app.include_router(router)
        app.dependency_overrides |= {secret_service: lambda: service, authenticated: caller}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            yield Setting(store, service, http)


async def test_a_secret_is_stored_and_only_its_name_is_shown(setting: Setting) -> None:
    made = await setting.ask("POST", "", 201, {"name": "ORDERS_KEY", "value": VALUE})
    assert set(made) == {"name", "created_at", "updated_at"}
    assert (await setting.ask("GET", "", 200))["data"] == [made]
    kept = await setting.store.named_secrets.get(FIRST_ORGANISATION, "ORDERS_KEY")
    assert kept is not None
    assert VALUE not in kept.sealed
    assert await setting.service.values(FIRST_ORGANISATION, ["ORDERS_KEY", "OTHER"]) == {"ORDERS_KEY": VALUE}


async def test_a_secret_is_replaced_and_deleted(setting: Setting) -> None:
    await setting.ask("POST", "", 201, {"name": "K", "value": VALUE})
    await setting.ask("PUT", "/K", 200, {"value": VALUE + "2"})
    assert await setting.service.values(FIRST_ORGANISATION, ["K"]) == {"K": VALUE + "2"}
    assert await setting.ask("DELETE", "/K", 200) == {"name": "K", "deleted": True}
    assert await setting.service.values(FIRST_ORGANISATION, ["K"]) == {}


@pytest.mark.parametrize(
    ("method", "body"),
    [pytest.param("PUT", {"value": VALUE}, id="replacing it"), pytest.param("DELETE", None, id="deleting it")],
)
async def test_anothers_secret_is_not_there(setting: Setting, method: str, body: object) -> None:
    theirs = (await setting.store.organisations.add("Others")).organisation_id
    await setting.ask("POST", "", 201, {"name": "K", "value": VALUE})
    told = await setting.ask(method, "/K", 404, body, organisation=theirs)
    assert told["error"]["code"] == "secret_not_found"
    assert (await setting.ask("GET", "", 200, organisation=theirs))["data"] == []
    assert await setting.service.values(theirs, ["K"]) == {}
    assert await setting.service.values(FIRST_ORGANISATION, ["K"]) == {"K": VALUE}


async def test_a_second_secret_of_a_name_is_refused(setting: Setting) -> None:
    await setting.ask("POST", "", 201, {"name": "K", "value": VALUE})
    await setting.ask("POST", "", 409, {"name": "K", "value": VALUE})


@pytest.mark.parametrize(
    ("body", "param"),
    [
        pytest.param({"name": "1K", "value": VALUE}, "name", id="a name that begins with a digit"),
        pytest.param({"name": "a-b", "value": VALUE}, "name", id="a name with a dash"),
        pytest.param({"name": "K" * 65, "value": VALUE}, "name", id="a name too long"),
        pytest.param({"name": "K", "value": "short"}, "value", id="a value too short"),
        pytest.param({"name": "K", "value": "x" * 4097}, "value", id="a value too long"),
        pytest.param({"name": "K", "value": "one line\nand more"}, "value", id="two lines"),
        pytest.param({"name": "K", "value": " padded value "}, "value", id="spaces around"),
        pytest.param({"name": "K"}, "value", id="no value"),
    ],
)
async def test_what_cannot_be_a_secret_is_refused(setting: Setting, body: dict[str, str], param: str) -> None:
    told = await setting.ask("POST", "", 400, body)
    assert told["error"]["param"] == param
    assert body.get("value", "no value at all") not in str(told)


@pytest.mark.parametrize("scope", ["read", "write", "realtime"])
async def test_only_administrators_see_secrets(setting: Setting, scope: str) -> None:
    await setting.ask("GET", "", 403, scopes=scope)
    await setting.ask("POST", "", 403, {"name": "K", "value": VALUE}, scopes=scope)


async def test_an_organisation_has_a_limited_number(setting: Setting) -> None:
    for number in range(SECRETS_MAXIMUM):
        await setting.store.named_secrets.add(FIRST_ORGANISATION, f"K{number}", "sealed")
    told = await setting.ask("POST", "", 400, {"name": "K", "value": VALUE})
    assert told["error"]["code"] == "too_many_secrets"


async def test_a_row_that_was_given_another_name_cannot_be_read(setting: Setting) -> None:
    await setting.ask("POST", "", 201, {"name": "K", "value": VALUE})
    kept = await setting.store.named_secrets.get(FIRST_ORGANISATION, "K")
    assert kept is not None
    await setting.store.named_secrets.add(FIRST_ORGANISATION, "L", kept.sealed)
    with pytest.raises(VaultError):
        await setting.service.values(FIRST_ORGANISATION, ["L"])
