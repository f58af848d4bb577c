"""The SDK's collections, files, environments, secrets and what the server tells of itself, against a real server."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import pytest
from scripted_http import Answer, answering
from tests.serving import KEY, Served, scripted_settings, serving

from vivavoce.client import Vivavoce
from vivavoce.client.errors import ConflictError, NotFoundError, ServerUnreachableError, UnexpectedAnswerError

FERRIES = b"# Ferries\n\nThe last ferry to the island leaves at nine in the evening.\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


async def test_documents_are_uploaded_written_attached_found_and_removed(served: Served) -> None:
    heard: list[tuple[int, int]] = []
    async with Vivavoce(served.url, KEY) as client:
        made = await client.collections.create("Ferries", metadata={"of": "summer"})
        changed = await client.collections.update(made.collection_id, collection_description="Timetables")
        assert (changed.collection_name, changed.collection_description) == ("Ferries", "Timetables")
        sent = await client.collections.upload(
            made.collection_id,
            io.BytesIO(FERRIES),
            "some/where/ferries.md",
            fields={"year": 2026},
            progress=lambda done, total: heard.append((done, total)),
        )
        assert (sent.name, sent.fields) == ("ferries.md", {"year": 2026})
        assert heard[-1] == (len(FERRIES), len(FERRIES))
        written = await client.collections.write(made.collection_id, "Dogs", "Dogs ride for free on every ferry.")
        loose = await client.files.upload(io.BytesIO(b"Cats pay full fare."), "cats.txt")
        assert (await client.files.get(loose.id)).filename == "cats.txt"
        attached = await client.collections.attach(made.collection_id, loose.id)
        for each in (sent, written, attached):
            ended = await client.collections.indexed(made.collection_id, each.file_id, every_seconds=0.02)
            assert ended.status == "DOCUMENT_STATUS_PROCESSED"
        assert len(await client.collections.documents(made.collection_id, limit=2).all()) == 3
        (match,) = await client.collections.search([made.collection_id], "last ferry to the island", limit=1)
        assert (match.name, match.heading) == ("ferries.md", "Ferries")
        renamed = await client.collections.update_document(made.collection_id, written.file_id, fields={"a": 1})
        assert renamed.fields == {"a": 1}
        await client.collections.remove(made.collection_id, sent.file_id)
        with pytest.raises(NotFoundError):
            await client.collections.document(made.collection_id, sent.file_id)
        assert {each.id for each in await client.files.list().all()} >= {loose.id, sent.file_id}
        await client.files.delete(loose.id)
        await client.collections.delete(made.collection_id)
        with pytest.raises(NotFoundError):
            await client.collections.get(made.collection_id)


async def test_secrets_are_set_twice_under_one_name(served: Served) -> None:
    async with Vivavoce(served.url, KEY) as client:
        first = await client.secrets.set("ORDERS_KEY", "first-value-123")
        second = await client.secrets.set("ORDERS_KEY", "second-value-123")
        assert (first.name, second.name) == ("ORDERS_KEY", "ORDERS_KEY")
        with pytest.raises(ConflictError):
            await client.secrets.create("ORDERS_KEY", "third-value-123")
        assert [each.name for each in await client.secrets.list().all()] == ["ORDERS_KEY"]
        await client.secrets.delete("ORDERS_KEY")
        with pytest.raises(NotFoundError):
            await client.secrets.replace("ORDERS_KEY", "fourth-value-123")


async def test_environments_come_without_the_values_of_their_secrets(served: Served) -> None:
    async with Vivavoce(served.url, KEY) as client:
        made = await client.environments.create("Shop", variables={"A": "1"}, secrets={"TOKEN": "very-secret"})
        assert (made.variables, made.secret_names) == ({"A": "1"}, ("TOKEN",))
        assert "very-secret" not in repr(made.raw)
        assert (await client.environments.update(made.id, name="Store")).name == "Store"
        assert [each.id for each in await client.environments.list().all()] == [made.id]
        await client.environments.delete(made.id)
        with pytest.raises(NotFoundError):
            await client.environments.get(made.id)


async def test_the_server_tells_of_itself(served: Served) -> None:
    async with Vivavoce(served.url, KEY) as client:
        assert (await client.organisation()).id.startswith("org_")
        told = {each.name: each for each in await client.capabilities()}
        assert not told["web_search"].configured
        assert "VIVAVOCE_WEB_SEARCH" in told["web_search"].remedy


async def test_an_upload_is_never_sent_twice() -> None:
    connections: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(await reader.readuntil(b"\r\n\r\n"))
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Vivavoce(f"http://127.0.0.1:{port}", KEY) as client:
            with pytest.raises(ServerUnreachableError):
                await client.files.upload(io.BytesIO(FERRIES), "ferries.md")
    assert len(connections) == 1


async def test_a_search_without_a_list_is_not_taken_for_nothing_found() -> None:
    async with answering(Answer(200, {})) as server, Vivavoce(server.url, KEY) as client:
        with pytest.raises(UnexpectedAnswerError):
            await client.collections.search(["col_1"], "ferry")
