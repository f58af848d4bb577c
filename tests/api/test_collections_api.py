"""Collections, files and documents as clients see them, in xAI's shapes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.platform_application import Opened, application_open

from vivavoce.api.platform import knowledge_shapes
from vivavoce.app.platform import RunningPlatform
from vivavoce.services.knowledge import shelf

TEXT = b"# Fares\n\nA single ticket costs ten pounds.\n\n# Pets\n\nDogs travel free of charge on a lead."


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _ask(opened: Opened, method: str, path: str, status: int, **sent: Any) -> dict[str, Any]:
    answer = await opened.http.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _collection(opened: Opened, **fields: Any) -> str:
    made = await _ask(opened, "POST", "/v1/collections", 201, json={"collection_name": "C"} | fields)
    return str(made["collection_id"])


async def _indexed(running: RunningPlatform) -> None:
    """What the server does in the background, until nothing is left."""
    ingestion = running.platform.knowledge._wake.__self__  # type: ignore[attr-defined]
    while await ingestion.work():
        pass


async def _uploaded(opened: Opened, collection: str, content: bytes = TEXT, **fields: Any) -> dict[str, Any]:
    path = f"/v1/collections/{collection}/documents"
    return await _ask(
        opened,
        "POST",
        path,
        201,
        files={"data": ("guide.md", content, "text/markdown")},
        data={"fields": json.dumps(fields)},
    )


async def test_a_document_goes_from_upload_to_match(opened: Opened) -> None:
    collection = await _collection(opened)
    added = await _uploaded(opened, collection, year=2024)
    assert (added["status"], added["searchable"], added["fields"]) == (
        "DOCUMENT_STATUS_PROCESSING",
        False,
        {"year": 2024},
    )
    await _indexed(opened.running)
    shown = await _ask(opened, "GET", f"/v1/collections/{collection}/documents/{added['file_id']}", 200)
    assert (shown["status"], shown["searchable"]) == ("DOCUMENT_STATUS_PROCESSED", True)
    assert shown["chunks_done"] == shown["chunks_total"] > 0
    assert shown["file_metadata"]["name"] == "guide.md"
    for mode in ("hybrid", "semantic", "keyword", {"type": "hybrid"}):
        body = {
            "query": "what does a ticket cost",
            "source": {"collection_ids": [collection]},
            "retrieval_mode": mode,
            "filter": "year = 2024",
            "limit": 1,
        }
        (match,) = (await _ask(opened, "POST", "/v1/documents/search", 200, json=body))["matches"]
        assert "ten pounds" in match["chunk_content"]
        assert (match["file_id"], match["collection_ids"]) == (added["file_id"], [collection])
        assert match["name"] == "guide.md"
    body = {
        "query": "ticket",
        "source": {"collection_ids": [collection]},
        "filter": {"type": "eq", "key": "year", "value": 1},
    }
    assert (await _ask(opened, "POST", "/v1/documents/search", 200, json=body))["matches"] == []
    held = await _ask(opened, "GET", f"/v1/collections/{collection}", 200)
    assert (held["documents_count"], held["total_file_size"]) == (1, len(TEXT))


async def test_a_file_is_uploaded_attached_got_back_and_deleted(opened: Opened) -> None:
    collection = await _collection(opened)
    kept = await _ask(opened, "POST", "/v1/files", 201, files={"file": ("a.html", b"<b>x</b>", "text/html")})
    assert (kept["filename"], kept["bytes"], kept["object"]) == ("a.html", 8, "file")
    documents = f"/v1/collections/{collection}/documents"
    attached = await _ask(opened, "POST", f"{documents}/{kept['id']}", 201, json={"fields": {"k": "v"}})
    assert attached["file_id"] == kept["id"]
    again = await _ask(opened, "POST", f"{documents}/{kept['id']}", 201)
    assert again["fields"] == {}
    assert [each["id"] for each in (await _ask(opened, "GET", "/v1/files", 200))["data"]] == [kept["id"]]
    content = await opened.http.get(f"/v1/files/{kept['id']}/content")
    assert (content.content, content.headers["content-type"]) == (b"<b>x</b>", "application/octet-stream")
    several = await _ask(opened, "GET", f"{documents}:batchGet?file_ids={kept['id']}&file_ids=file_x", 200)
    assert [each["file_id"] for each in several["documents"]] == [kept["id"]]
    await _ask(opened, "DELETE", f"/v1/files/{kept['id']}", 200)
    await _ask(opened, "GET", f"/v1/files/{kept['id']}", 404)
    assert (await _ask(opened, "GET", documents, 200))["documents"] == []


async def test_a_text_is_written_changed_and_taken_away(opened: Opened) -> None:
    collection = await _collection(opened)
    written = await _ask(
        opened, "POST", f"/v1/collections/{collection}/texts", 201, json={"name": "note", "text": "The code is apple."}
    )
    assert written["is_text"] is True
    path = f"/v1/collections/{collection}/documents/{written['file_id']}"
    changed = await _ask(opened, "PATCH", path, 200, json={"text": "The code is pear.", "name": "memo"})
    assert changed["file_metadata"]["name"] == "memo"
    await _indexed(opened.running)
    body = {"query": "code", "source": {"collection_ids": [collection]}}
    (match,) = (await _ask(opened, "POST", "/v1/documents/search", 200, json=body))["matches"]
    assert match["chunk_content"] == "The code is pear."
    assert (await _ask(opened, "PATCH", path, 400, json={"text": "  "}))["error"]["param"] == "text"
    await _ask(opened, "DELETE", path, 200)
    await _ask(opened, "GET", path, 404)


async def test_collections_are_listed_under_both_names_and_changed_by_put(opened: Opened) -> None:
    collection = await _collection(opened, field_definitions=[{"key": "author", "required": True}])
    page = await _ask(opened, "GET", "/v1/collections", 200)
    assert page["collections"] == page["data"]
    sent = {
        "collection_name": "D",
        "chunk_configuration": {"chars_configuration": {"max_chunk_size_chars": 400, "chunk_overlap_chars": 40}},
    }
    changed = await _ask(opened, "PUT", f"/v1/collections/{collection}", 200, json=sent)
    assert changed["collection_name"] == "D"
    assert changed["chunk_configuration"]["chars_configuration"]["max_chunk_size_chars"] == 400
    assert changed["field_definitions"][0]["key"] == "author"
    refused = await opened.http.post(f"/v1/collections/{collection}/texts", json={"name": "n", "text": "t"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "fields.author")


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        pytest.param(
            {"chunk_configuration": {"tokens_configuration": {"max_chunk_size_tokens": 1}}},
            "chunk_configuration",
            id="passages that are too small",
        ),
        pytest.param(
            {"chunk_configuration": {"bytes_configuration": {"max_chunk_size_bytes": 100, "chunk_overlap_bytes": 90}}},
            "chunk_configuration",
            id="passages that share too much",
        ),
        pytest.param(
            {
                "chunk_configuration": {
                    "bytes_configuration": {"max_chunk_size_bytes": 100},
                    "chars_configuration": {"max_chunk_size_chars": 100},
                }
            },
            "chunk_configuration",
            id="two units",
        ),
        pytest.param(
            {"field_definitions": [{"key": "a"}, {"key": "a"}]}, "field_definitions[1].key", id="a field defined twice"
        ),
    ],
)
async def test_a_collection_that_cannot_be_is_refused(opened: Opened, sent: dict[str, Any], param: str) -> None:
    refused = await _ask(opened, "POST", "/v1/collections", 400, json={"collection_name": "C"} | sent)
    assert refused["error"]["param"] == param


@pytest.mark.parametrize(
    ("sent", "status", "param"),
    [
        pytest.param({"filter": "year ="}, 400, "filter", id="a filter that is none"),
        pytest.param({"filter": {"type": "x"}}, 400, "filter", id="a filter of an unknown type"),
        pytest.param({"limit": 0}, 400, "limit", id="no passages at all"),
        pytest.param({"retrieval_mode": "magic"}, 400, None, id="an unknown way of looking"),
        pytest.param({"source": {"collection_ids": ["col_x"]}}, 404, None, id="a collection that is not there"),
    ],
)
async def test_a_search_that_cannot_be_is_refused(
    opened: Opened, sent: dict[str, Any], status: int, param: str | None
) -> None:
    collection = await _collection(opened)
    body = {"query": "q", "source": {"collection_ids": [collection]}} | sent
    refused = await _ask(opened, "POST", "/v1/documents/search", status, json=body)
    if param is not None:
        assert refused["error"]["param"] == param


async def test_a_file_that_is_too_large_is_refused_and_not_kept(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("vivavoce.api.application.DOCUMENT_BYTES_MAXIMUM", 10_000)
    monkeypatch.setattr(opened.running.platform.knowledge.files._shelf, "_bytes_maximum", 5_000)
    whole = await opened.http.post("/v1/files", files={"file": ("a.txt", b"x" * 20_000, "text/plain")})
    assert (whole.status_code, whole.json()["error"]["code"]) == (413, "request_too_large")
    inside = await opened.http.post("/v1/files", files={"file": ("a.txt", b"x" * 6_000, "text/plain")})
    assert (inside.status_code, inside.json()["error"]["code"]) == (413, "request_too_large")
    assert list((tmp_path / "files").iterdir()) == []
    assert (await _ask(opened, "GET", "/v1/files", 200))["data"] == []
    assert knowledge_shapes.DOCUMENT_BYTES_MAXIMUM > shelf.FILE_BYTES_MAXIMUM


async def test_a_strangers_file_is_not_even_taken_in(opened: Opened) -> None:
    taken = []

    async def body() -> AsyncGenerator[bytes]:
        taken.append("the body")
        yield b"x"

    async with opened.client(None) as stranger:
        answer = await stranger.post(
            "/v1/files", content=body(), headers={"content-type": "multipart/form-data; boundary=x"}
        )
    assert (answer.status_code, taken) == (401, [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/v1/collections/{collection}", id="their collection"),
        pytest.param("GET", "/v1/collections/{collection}/documents", id="its documents"),
        pytest.param("GET", "/v1/collections/{collection}/documents/{file}", id="one of its documents"),
        pytest.param("DELETE", "/v1/collections/{collection}/documents/{file}", id="taking one away"),
        pytest.param("GET", "/v1/files/{file}", id="their file"),
        pytest.param("GET", "/v1/files/{file}/content", id="its bytes"),
        pytest.param("DELETE", "/v1/files/{file}", id="deleting it"),
    ],
)
async def test_another_organisations_things_are_not_there(opened: Opened, method: str, path: str) -> None:
    collection = await _collection(opened)
    added = await _uploaded(opened, collection)
    others = await opened.store.organisations.add("Others")
    async with opened.client(await opened.new_key(organisation_id=others.organisation_id)) as theirs:
        answer = await theirs.request(method, path.format(collection=collection, file=added["file_id"]))
        body = {"query": "ticket", "source": {"collection_ids": [collection]}}
        searched = await theirs.post("/v1/documents/search", json=body)
    assert (answer.status_code, searched.status_code) == (404, 404)


async def test_an_agent_may_only_have_collections_that_are_there(opened: Opened) -> None:
    collection = await _collection(opened)
    made = await _ask(opened, "POST", "/v1/agents", 201, json={"name": "A", "collection_ids": [collection]})
    refused = await _ask(opened, "POST", "/v1/agents", 400, json={"name": "A", "collection_ids": [collection, "col_x"]})
    assert refused["error"]["param"] == "collection_ids[1]"
    await _ask(opened, "DELETE", f"/v1/collections/{collection}", 200)
    agent = made.get("agent_id") or made.get("id")
    await _ask(opened, "PATCH", f"/v1/agents/{agent}", 200, json={"name": "B"})
    changed = await opened.http.patch(f"/v1/agents/{agent}", json={"collection_ids": ["col_x"]})
    assert changed.status_code == 400


async def test_a_key_that_may_only_read_changes_nothing(opened: Opened) -> None:
    collection = await _collection(opened)
    async with opened.client(await opened.new_key("read")) as reader:
        for asked in (
            reader.post("/v1/files", files={"file": ("a", b"x")}),
            reader.post(f"/v1/collections/{collection}/texts", json={"name": "n", "text": "t"}),
            reader.delete(f"/v1/collections/{collection}"),
        ):
            assert (await asked).status_code == 403
        found: httpx.Response = await reader.get(f"/v1/collections/{collection}")
        assert found.status_code == 200
