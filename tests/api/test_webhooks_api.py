"""`/v1/webhooks` over HTTP: made, changed, tested, read back; secrets shown once; nothing of anybody else's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from fastapi import FastAPI, Request
from standardwebhooks.webhooks import Webhook as Verifier
from tests.webhook_receiver import answer, receiving

from vivavoce.agents.identifiers import as_uuid
from vivavoce.agents.resources import WEBHOOK_EVENTS
from vivavoce.api.dependencies import authenticated
from vivavoce.api.errors import exception_handlers
from vivavoce.api.platform.webhook_shapes import EventType
from vivavoce.api.platform.webhooks import router, webhook_service
from vivavoce.services.callers import Caller
from vivavoce.services.webhooks.announcer import WEBHOOKS_MAXIMUM
from vivavoce.services.webhooks.running import RunningWebhooks
from vivavoce.store.database import sqlite_url
from vivavoce.store.records import ALL_SCOPES, FIRST_ORGANISATION, OrganisationId
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

URL = "https://example.com/hooks"


@dataclass
class Setting:
    """The router over a store. The caller's organisation and scopes are what the request's headers say."""

    store: Store
    webhooks: RunningWebhooks
    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, status: int, body: object = None, **headers: str) -> Any:
        asked = await self.http.request(method, f"/v1/webhooks{path}", json=body, headers=headers)
        assert asked.status_code == status, asked.text
        return asked.json()

    async def made(self, **body: object) -> Any:
        return await self.ask("POST", "", 201, {"url": URL, **body})


def application(store: Store, *, allow_private: bool) -> tuple[FastAPI, RunningWebhooks]:
    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(router)
    webhooks = RunningWebhooks(
        store,
        Vault(b"k" * 32),
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        allow_private=allow_private,
    )
    app.dependency_overrides[webhook_service] = lambda: webhooks.service

    async def caller(request: Request) -> Caller:
        organisation = OrganisationId(request.headers.get("organisation", FIRST_ORGANISATION))
        return Caller(organisation, tuple(request.headers.get("scopes", " ".join(ALL_SCOPES)).split()))

    app.dependency_overrides[authenticated] = caller
    return app, webhooks


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        app, webhooks = application(store, allow_private=True)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            yield Setting(store, webhooks, http)
        await webhooks.close()


async def test_a_webhook_is_made_with_a_secret_that_is_shown_once(setting: Setting) -> None:
    made = await setting.made(events=["session.ended", "session.ended"], description="billing")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["id"].startswith("wh_")
    assert (made["url"], made["events"], made["description"]) == (URL, ["session.ended"], "billing")
    assert (made["enabled"], made["status"]) == (True, "enabled")
    assert await setting.ask("GET", f"/{made['id']}", 200) == made
    listed = await setting.ask("GET", "", 200)
    assert listed == {"data": [made], "has_more": False, "pagination_token": None}
    changed = await setting.http.patch(f"/v1/webhooks/{made['id']}", json={"description": "x"})
    assert secret not in changed.text


async def test_a_webhook_wants_every_event_unless_some_are_named(setting: Setting) -> None:
    assert (await setting.made())["events"] == list(WEBHOOK_EVENTS) == list(get_args(EventType))


async def test_a_change_touches_what_it_names(setting: Setting) -> None:
    made = await setting.made(description="before")
    changed = await setting.ask("PATCH", f"/{made['id']}", 200, {"enabled": False, "unknown": 1})
    assert (changed["enabled"], changed["status"], changed["description"]) == (False, "disabled", "before")
    changed = await setting.ask(
        "PATCH", f"/{made['id']}", 200, {"url": "https://example.org/", "events": ["agent.updated"]}
    )
    assert (changed["url"], changed["events"], changed["enabled"]) == ("https://example.org/", ["agent.updated"], False)


WRONG = [
    pytest.param({}, "url", id="no address"),
    pytest.param({"url": "example.com"}, "url", id="no scheme"),
    pytest.param({"url": "ftp://example.com/"}, "url", id="another scheme"),
    pytest.param({"url": "https://user:pass@example.com/"}, "url", id="a password in the address"),
    pytest.param({"url": "https://exa%mple.com:99999/"}, "url", id="an address that is none"),
    pytest.param({"url": "https://" + "a" * 70 + ".com/\u0001"}, "url", id="an address with a control character"),
    pytest.param({"url": "https://example.com/" + "a" * 2048}, "url", id="an address that is too long"),
    pytest.param({"url": 5}, "url", id="an address that is no text"),
    pytest.param({"url": "http://169.254.169.254/latest"}, "url", id="a metadata address"),
    pytest.param({"url": URL, "events": []}, "events", id="no event"),
    pytest.param({"url": URL, "events": ["session.ended", "nothing"]}, "events[1]", id="an unknown event"),
    pytest.param({"url": URL, "events": "session.ended"}, "events", id="an event instead of a list"),
    pytest.param({"url": URL, "description": "a" * 1001}, "description", id="too much description"),
    pytest.param({"url": URL, "description": "a\u0000"}, "description", id="a description with a NUL"),
    pytest.param({"url": URL, "enabled": "perhaps"}, "enabled", id="neither enabled nor disabled"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
async def test_what_is_wrong_is_named(setting: Setting, body: dict[str, object], param: str) -> None:
    told = await setting.ask("POST", "", 400, body)
    assert told["error"]["param"] == param
    made = await setting.made()
    if body:
        told = await setting.ask("PATCH", f"/{made['id']}", 400, body)
        assert told["error"]["param"] == param


@pytest.mark.parametrize("field", ["url", "events", "description", "enabled"], ids="null for {}".format)
async def test_a_change_to_nothing_is_refused(setting: Setting, field: str) -> None:
    made = await setting.made()
    told = await setting.ask("PATCH", f"/{made['id']}", 400, {field: None})
    assert told["error"]["param"] == field


async def test_an_address_within_is_refused_where_the_operator_does_not_allow_it(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        app, webhooks = application(store, allow_private=False)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            for host in ("127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "localhost:8080", "10.0.0.1"):
                told = await http.post("/v1/webhooks", json={"url": f"http://{host}/"})
                assert (told.status_code, told.json()["error"]["param"]) == (400, "url"), host
        await webhooks.close()


ROUTES = [
    pytest.param("GET", "/{}", id="reading it"),
    pytest.param("PATCH", "/{}", id="changing it"),
    pytest.param("DELETE", "/{}", id="deleting it"),
    pytest.param("POST", "/{}/rotate-secret", id="rotating its secret"),
    pytest.param("POST", "/{}/test", id="testing it"),
    pytest.param("GET", "/{}/deliveries", id="reading its log"),
    pytest.param("POST", "/{}/deliveries/dlv_01k00000000000000000000000/retry", id="sending a delivery again"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_another_organisations_webhook_is_not_there(setting: Setting, method: str, path: str) -> None:
    other = await setting.store.organisations.add("other")
    made = await setting.made()
    body: dict[str, object] | None = {} if method == "PATCH" else None
    for identifier in (made["id"], as_uuid(made["id"])):
        told = await setting.ask(method, path.format(identifier), 404, body, organisation=other.organisation_id)
        assert told["error"]["code"] == "webhook_not_found"
    assert (await setting.ask("GET", "", 200, organisation=other.organisation_id))["data"] == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("identifier", ["nothing", "agent_01k00000000000000000000000", "999", "a" * 500])
async def test_an_id_that_names_nothing_is_not_found(setting: Setting, method: str, path: str, identifier: str) -> None:
    await setting.ask(method, path.format(identifier), 404, {} if method == "PATCH" else None)


@pytest.mark.parametrize(("method", "path"), [*ROUTES, pytest.param("POST", "", id="making one")])
async def test_a_key_without_the_scope_may_not(setting: Setting, method: str, path: str) -> None:
    told = await setting.ask(method, path.format("wh_1"), 403, {"url": URL}, scopes="read write realtime")
    assert told["error"]["code"] == "insufficient_scope"


async def test_every_way_to_write_its_id_finds_it(setting: Setting) -> None:
    made = await setting.made()
    bare = made["id"].removeprefix("wh_")
    for identifier in (made["id"].upper(), bare, as_uuid(made["id"]), "1"):
        assert (await setting.ask("GET", f"/{identifier}", 200))["id"] == made["id"]


async def test_a_deleted_webhook_is_gone(setting: Setting) -> None:
    made = await setting.made()
    assert await setting.ask("DELETE", f"/{made['id']}", 200) == {"id": made["id"], "deleted": True}
    await setting.ask("GET", f"/{made['id']}", 404)
    await setting.ask("DELETE", f"/{made['id']}", 404)


async def test_a_list_is_read_page_by_page(setting: Setting) -> None:
    made = [(await setting.made())["id"] for _ in range(5)]
    seen: list[str] = []
    query = "?limit=2"
    while True:
        page = await setting.ask("GET", query, 200)
        seen += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            break
        query = f"?limit=2&pagination_token={page['pagination_token']}"
    assert seen == made[::-1]


async def test_an_organisation_has_only_so_many_webhooks(setting: Setting) -> None:
    for _ in range(WEBHOOKS_MAXIMUM):
        await setting.made()
    told = await setting.ask("POST", "", 400, {"url": URL})
    assert told["error"]["code"] == "too_many_webhooks"


async def test_a_test_is_sent_logged_and_sent_again(setting: Setting) -> None:
    async with receiving(answer(500, body=b"a secret of the receiver"), answer(200)) as receiver:
        made = await setting.made(url=receiver.url, events=["agent.updated"])
        event_id = (await setting.ask("POST", f"/{made['id']}/test", 202))["event_id"]
        await setting.webhooks.sender.deliver_due()
        (failed,) = (await setting.ask("GET", f"/{made['id']}/deliveries", 200))["data"]
        assert (failed["event_id"], failed["event_type"], failed["status"]) == (event_id, "webhook.test", "pending")
        assert (failed["attempts"], failed["last_status_code"], failed["last_error"]) == (1, 500, "HTTP 500")
        retried = await setting.ask("POST", f"/{made['id']}/deliveries/{failed['id']}/retry", 202)
        assert (retried["id"], retried["status"]) == (failed["id"], "pending")
        await setting.webhooks.sender.deliver_due()
    (delivered,) = (await setting.ask("GET", f"/{made['id']}/deliveries", 200))["data"]
    assert (delivered["status"], delivered["attempts"], delivered["last_error"]) == ("delivered", 2, None)
    for request in receiver.received:
        event = Verifier(made["secret"]).verify(request.body, dict(request.headers))
        assert (event["id"], event["type"], event["data"]["webhook_id"]) == (event_id, "webhook.test", made["id"])


async def test_sending_again_wakes_the_sender(setting: Setting) -> None:
    async with receiving() as receiver:
        made = await setting.made(url=receiver.url)
        await setting.ask("POST", f"/{made['id']}/test", 202)
        await setting.webhooks.sender.deliver_due()
        receiver.came.clear()
        running = asyncio.create_task(setting.webhooks.run())
        (delivery,) = (await setting.ask("GET", f"/{made['id']}/deliveries", 200))["data"]
        await setting.ask("POST", f"/{made['id']}/deliveries/{delivery['id']}/retry", 202)
        await receiver.came.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]


async def test_a_delivery_that_is_not_there_is_not_sent_again(setting: Setting) -> None:
    made = await setting.made()
    for identifier in ("dlv_01k00000000000000000000000", "nothing", "7"):
        told = await setting.ask("POST", f"/{made['id']}/deliveries/{identifier}/retry", 404)
        assert told["error"]["code"] == "delivery_not_found"


async def test_a_disabled_webhook_is_not_tested(setting: Setting) -> None:
    made = await setting.made(enabled=False)
    told = await setting.ask("POST", f"/{made['id']}/test", 409)
    assert told["error"]["code"] == "webhook_disabled"


async def test_after_a_rotation_both_secrets_verify(setting: Setting) -> None:
    async with receiving() as receiver:
        made = await setting.made(url=receiver.url)
        rotated = await setting.ask("POST", f"/{made['id']}/rotate-secret", 200)
        await setting.ask("POST", f"/{made['id']}/test", 202)
        await setting.webhooks.sender.deliver_due()
    (request,) = receiver.received
    assert rotated["secret"] != made["secret"]
    for secret in (made["secret"], rotated["secret"]):
        assert Verifier(secret).verify(request.body, dict(request.headers))["type"] == "webhook.test"


async def test_a_change_counts_for_the_next_event(setting: Setting) -> None:
    async with receiving() as receiver:
        announcer = setting.webhooks.announcer
        await announcer.announce(FIRST_ORGANISATION, "session.ended", {})
        made = await setting.made(url=receiver.url)
        await announcer.announce(FIRST_ORGANISATION, "session.ended", {})
        assert await setting.webhooks.sender.deliver_due() == 1
        await setting.ask("PATCH", f"/{made['id']}", 200, {"events": ["agent.updated"]})
        await announcer.announce(FIRST_ORGANISATION, "session.ended", {})
        assert await setting.webhooks.sender.deliver_due() == 0


def test_every_field_of_the_document_is_described() -> None:
    app = FastAPI()
    app.include_router(router)
    document = app.openapi()
    shapes = document["components"]["schemas"]
    silent = [
        f"{shape}.{name}"
        for shape, schema in shapes.items()
        if shape not in ("HTTPValidationError", "ValidationError")
        for name, field in schema.get("properties", {}).items()
        if "description" not in field
    ]
    assert not silent
    assert "default" not in shapes["WebhookChange"]["properties"]["url"]
    assert all(
        "summary" in each and "description" in each for path in document["paths"].values() for each in path.values()
    )


async def test_before_the_server_is_ready_it_says_so() -> None:
    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        assert (await http.get("/v1/webhooks")).status_code == 503
