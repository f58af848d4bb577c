"""Another organisation's object is not there, everywhere: every route of the application is walked, whoever wrote it.

Organisation A has one object of every kind, with a word in every text that nobody else may read. Organisation B asks
every path and method for them, by every rendering of their ids, in paths, queries and bodies. It must be told 404,
never the word, and nothing of A may change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import select

from tests.serving import Served, scripted_settings, serving
from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.identifiers import Kind, as_uuid, new_identifier
from vivavoce.agents.resources import Avatar, Collection, Environment, PhoneNumber, Webhook
from vivavoce.api.application import DOCS_PATH
from vivavoce.store.client_secrets import ClientSecretRecord
from vivavoce.store.records import ApiKeyRecord, NewMessage, OrganisationId, PageRequest, TurnStages, TurnTiming
from vivavoce.store.rows import unix_ms
from vivavoce.store.schema import (
    agent_versions,
    knowledge_chunks,
    knowledge_revisions,
    metadata,
    webhook_deliveries,
)
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

WORD = "forbiddenfruit"
"""In every text of A."""

SECRET_NAME = "kitchen"
"""Of A's secret; who asks for a name that is not there is told that name."""

KINDS = {
    "agent_id": "agent",
    "agentId": "agent",
    "session_id": "session",
    "sessionId": "session",
    "thread_id": "thread",
    "threadId": "thread",
    "environment_id": "environment",
    "environmentId": "environment",
    "collection_id": "collection",
    "phone_number_id": "phone number",
    "phoneNumberId": "phone number",
    "avatar_id": "avatar",
    "avatarId": "avatar",
    "webhook_id": "webhook",
    "delivery_id": "delivery",
    "key_id": "key",
    "file_id": "file",
}
"""What the ids in paths, queries and bodies name, by the name of the parameter. Add yours here."""

COLLECTIONS = {"sessions": "session", "agents": "agent", "phone-numbers": "phone number", "files": "file"}
"""What `{id}` names, by the segment of the path before it. Add yours here."""

EVERYBODYS = {"voice_id", "model"}
"""Parameters that name what belongs to no organisation."""

NO_OBJECT = {"version": "1", "secret_name": SECRET_NAME}
"""Parameters that count or name something within an object or an organisation, and a value that A has."""


FORMS = {"/v1/collections/{collection_id}/documents": "data", "/v1/files": "file"}
"""Paths that take a file in a form, and the name of its field there."""

QUERIES = {"/v1/collections/{collection_id}/documents:batchGet": {"file_ids": "file_x"}}
"""What paths cannot be asked without."""


OF_CALLS_ALONE = {f"/v1/sessions/{{session_id}}/{each}" for each in ("recording", "journal", "replay")}
"""Nobody has called on A's session: there is nothing to hear yet."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A server with two organisations. `objects`: A's ids by kind, and the number of each."""

    served: Served
    ours: OrganisationId
    theirs: OrganisationId
    objects: Mapping[str, tuple[str, int | None]]
    our_key: str
    their_key: str


async def _filled(store: Store, ours: OrganisationId, key: ApiKeyRecord) -> dict[str, tuple[str, int | None]]:
    agent = await store.agents.add(
        ours, AgentDefinition(WORD, instructions=WORD, greeting=WORD, metadata={"k": WORD}, voice="ara")
    )
    thread = await store.threads.add(NewThread(ours, agent.agent_id, None, WORD, {"k": WORD}))
    later = datetime.now(UTC) + timedelta(hours=1)
    session = await store.sessions.add(
        NewSession(ours, agent.agent_id, thread.thread_id, "realtime", "web", later, active=True), 100
    )
    await store.threads.append(thread, NewMessage("user", WORD, session.session_id, client_id="c1"))
    await store.turns.add(ours, session.session_id, TurnTiming("resp_1", "item_1", 900, WORD, TurnStages(endpoint=300)))
    await store.recordings.begin(ours, session.session_id, "wav", 0)
    number = await store.phone_numbers.add(ours, PhoneNumber("+14155550199", name=WORD, agent_id=agent.agent_id))
    collection = await store.collections.add(ours, Collection(WORD))
    environment = await store.environments.add(ours, Environment(WORD, variables={"A": WORD}))
    avatar = await store.avatars.add(ours, Avatar(WORD, f"https://example.com/{WORD}"))
    webhook = await store.webhooks.add(ours, Webhook(f"https://example.com/{WORD}", ("agent.updated",), "x", WORD))
    at = datetime.now(UTC)
    sent = {
        "id": new_identifier(Kind.DELIVERY, unix_ms(at)),
        "organisation_id": ours,
        "webhook_id": webhook.resource_id,
    }
    sent |= {"webhook_id": webhook.resource_id, "event_id": "evt_1", "event_type": "agent.updated"}
    sent |= {"payload": WORD, "status": "delivered"}
    await store.named_secrets.add(ours, SECRET_NAME, WORD)
    await store.client_secrets.add("0" * 64, ClientSecretRecord(ours, WORD, at + timedelta(hours=1)))
    await store.client_secrets.add_call(ours, "0" * 64, session.session_id, 3_600)
    async with store._database.writing() as connection:  # by hand, or the server would send it
        await connection.execute(webhook_deliveries.insert().values(**sent, attempts=1, created_at=at, finished_at=at))
    delivery = (await store.deliveries.list(ours, webhook.resource_id, PageRequest())).items[0]
    return {
        "key": (key.key_id, None),
        "agent": (agent.agent_id, agent.seq),
        "thread": (thread.thread_id, thread.seq),
        "session": (session.session_id, session.seq),
        "phone number": (number.resource_id, number.seq),
        "collection": (collection.resource_id, collection.seq),
        "environment": (environment.resource_id, environment.seq),
        "avatar": (avatar.resource_id, avatar.seq),
        "webhook": (webhook.resource_id, webhook.seq),
        "delivery": (delivery.delivery_id, delivery.seq),
    }


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as served:
        store = served.server._store
        assert store is not None

        async def fill() -> Setting:
            ours = (await store.organisations.add(WORD, external_id=WORD)).organisation_id
            theirs = (await store.organisations.add("Others")).organisation_id
            our_key = await store.keys.create(WORD, organisation_id=ours)
            their_key = (await store.keys.create("theirs", organisation_id=theirs)).secret
            objects = await _filled(store, ours, our_key.record)
            return Setting(served, ours, theirs, objects, our_key.secret, their_key)

        filled = served.inside(fill)
        yield replace(filled, objects={**filled.objects, "file": (_written(filled), None)})


def _written(setting: Setting) -> str:
    """The id of the file of a text in A's collection that searches find."""
    headers = {"Authorization": f"Bearer {setting.our_key}"}
    with httpx.Client(base_url=setting.served.url, headers=headers, trust_env=False, timeout=60) as client:
        place = f"/v1/collections/{setting.objects['collection'][0]}"
        written = client.post(f"{place}/texts", json={"name": WORD, "text": WORD}).json()["file_id"]
        while not client.get(f"{place}/documents/{written}").json()["searchable"]:
            pass
    return str(written)


# --- every operation ------------------------------------------------------------------------------------------------


def _operations(setting: Setting) -> list[tuple[str, str]]:
    return [
        (method, route.path or "")
        for route in iter_route_contexts(setting.served.server._app.routes)
        if isinstance(route.original_route, APIRoute) and route.path != DOCS_PATH
        for method in sorted(route.methods or ())
    ]


def _kind_in_path(path: str, name: str) -> str | None:
    """The kind of object that a parameter of a path names; None where it is nobody's. Fails for an unknown one."""
    if name in EVERYBODYS or name in NO_OBJECT:
        return None
    before = path.split("{" + name + "}")[0].rstrip("/").rpartition("/")[2]
    kind = COLLECTIONS.get(before) if name == "id" else KINDS.get(name)
    assert kind is not None, f"{path}: what does {{{name}}} name? Add it here."
    return kind


def _renderings(of: tuple[str, int | None]) -> list[str]:
    identifier, number = of
    return [identifier, as_uuid(identifier), *([] if number is None else [str(number)])]


def _path_for(setting: Setting, path: str, rendering: int) -> tuple[str, bool]:
    """The path with A's ids in it; and whether there are any."""
    names = re.findall(r"\{(\w+)\}", path)
    named = False
    for name in names:
        kind = _kind_in_path(path, name)
        value = NO_OBJECT.get(name, "nobody")
        if kind is not None:
            renderings = _renderings(setting.objects[kind])
            value, named = renderings[min(rendering, len(renderings) - 1)], True
        path = path.replace("{" + name + "}", value)
    return path, named


class Bodies:
    """Makes the least body that a schema of the document takes, with A's ids wherever one fits."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._document = setting.served.server._app.openapi()

    def of(self, method: str, path: str, *, with_ids: bool) -> Any:
        operation = self._document["paths"].get(re.sub(r"^/compat/\w+", "", path), {}).get(method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else self._value(content["schema"], with_ids)

    def query_of(self, method: str, path: str) -> dict[str, str]:
        operation = self._document["paths"].get(re.sub(r"^/compat/\w+", "", path), {}).get(method.lower(), {})
        names = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        return {name: self._setting.objects[KINDS[name]][0] for name in names if name in KINDS}

    def _value(self, schema: dict[str, Any], with_ids: bool, name: str = "") -> Any:
        if "$ref" in schema:
            return self._value(
                self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], with_ids, name
            )
        if with_ids and name in KINDS:
            identifier, number = self._setting.objects[KINDS[name]]
            kinds = {each.get("type") for each in schema.get("anyOf", [schema])}
            return number if kinds <= {"integer", "null"} else identifier
        for key in ("const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._value(next(each for each in schema[key] if each.get("type") != "null"), with_ids, name)
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                required = schema.get("required", ())
                chosen = {
                    field: each
                    for field, each in schema.get("properties", {}).items()
                    if field in required or (with_ids and field in KINDS)
                }
                return {field: self._value(each, with_ids, field) for field, each in chosen.items()}
            case "array":
                return [self._value(schema["items"], with_ids)] * max(1, schema.get("minItems", 0))
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _:
                return "https://example.com/x" if "url" in name.lower() else "+14155550123" if "number" in name else "x"


# --- what A has -----------------------------------------------------------------------------------------------------


def _rows_of(setting: Setting, organisation_id: OrganisationId) -> dict[str, list[str]]:
    """Every row of an organisation, in every table."""
    store = setting.served.server._store
    assert store is not None

    async def read() -> dict[str, list[str]]:
        found = {}
        async with store._database.reading() as connection:
            for table in metadata.sorted_tables:
                if table is agent_versions:
                    condition = table.c.agent_id == setting.objects["agent"][0]
                elif table in (knowledge_chunks, knowledge_revisions):
                    condition = table.c.collection_seq == setting.objects["collection"][1]
                else:
                    column = table.c.id if table.name == "organisations" else table.c.organisation_id
                    condition = column == organisation_id
                found[table.name] = [
                    str(tuple(row)) for row in await connection.execute(select(table).where(condition))
                ]
        return found

    return setting.served.inside(read)


def _ask(setting: Setting, client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    asked = client.request(method, path, timeout=60, **options)
    assert asked.status_code < 500 or asked.status_code in (501, 503), f"{method} {path}: {asked.text}"
    told = f"{asked.text} {asked.headers}"
    assert WORD not in told, f"{method} {path} tells what belongs to somebody else: {told}"
    return asked


@pytest.fixture(scope="module")
def client(setting: Setting) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=setting.served.url, headers={"Authorization": f"Bearer {setting.their_key}"}, trust_env=False
    ) as one:
        yield one


RENDERINGS = [pytest.param(0, id="by our id"), pytest.param(1, id="by its UUID"), pytest.param(2, id="by its number")]


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_another_organisations_object_is_404_on_every_path_and_stays_as_it_is(
    setting: Setting, client: httpx.Client, rendering: int
) -> None:
    bodies, before, walked = Bodies(setting), _rows_of(setting, setting.ours), 0
    assert all(len(rows) for name, rows in before.items() if name != "idempotent_answers"), before.keys()
    for method, template in _operations(setting):
        path, named = _path_for(setting, template, rendering)
        if not named:
            continue
        walked += 1
        sent: dict[str, Any] = {"json": bodies.of(method, template, with_ids=False)}
        if method == "POST" and template in FORMS:
            sent = {"files": {FORMS[template]: ("x.txt", b"x")}}
        asked = _ask(setting, client, method, path, params=QUERIES.get(template), **sent)
        assert asked.status_code == 404, f"{method} {template}: {asked.status_code} {asked.text}"
        assert _rows_of(setting, setting.ours) == before, f"{method} {template} changes what belongs to somebody else"
    assert walked > 50


def test_its_own_organisation_finds_every_object(setting: Setting) -> None:
    """Or the others would be told 404 for the wrong reason."""
    headers = {"Authorization": f"Bearer {setting.our_key}"}
    seen = 0
    with httpx.Client(base_url=setting.served.url, headers=headers, trust_env=False) as client:
        for method, template in _operations(setting):
            path, named = _path_for(setting, template, 0)
            if method == "GET" and named and template not in OF_CALLS_ALONE:
                answer = client.get(path, params=QUERIES.get(template), timeout=60)
                assert answer.status_code == 200, f"{template}: {answer.text}"
                seen += WORD in answer.text
    assert seen > 20


def test_lists_and_new_objects_hold_nothing_of_another_organisation(setting: Setting, client: httpx.Client) -> None:
    bodies, before = Bodies(setting), _rows_of(setting, setting.ours)
    forbidden = [identifier for identifier, _ in setting.objects.values()]
    for method, template in _operations(setting):
        path, named = _path_for(setting, template, 0)
        if named:
            continue
        for with_ids in (False, True):
            body = bodies.of(method, template, with_ids=with_ids)
            query = bodies.query_of(method, template) if with_ids else {}
            asked = _ask(setting, client, method, path, json=body, params=query)
            if not asked.is_success:
                continue
            sent = json.dumps([body, query])
            told = [each for each in forbidden if each in asked.text and each not in sent]
            assert not told, f"{method} {template}: {asked.text}"
        assert _rows_of(setting, setting.ours) == before, f"{method} {template} changes what belongs to somebody else"
    held = _rows_of(setting, setting.theirs)
    for each in (agent_versions, knowledge_chunks, knowledge_revisions):
        held.pop(each.name)  # those of our agent and our collection
    naming = [row for rows in held.values() for row in rows if any(each in row for each in forbidden)]
    assert held["agents"]
    assert not naming, f"objects of theirs name ours: {naming}"
