"""Documents on their way into a collection and out of it, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.knowing import OURS, Knowing, WordEmbedder, knowing, others

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.resources import FieldDefinition
from vivavoce.engines.ports import EngineError
from vivavoce.knowledge.filters import filter_of
from vivavoce.knowledge.passages import ChunkConfiguration
from vivavoce.knowledge.search import RetrievalMode
from vivavoce.services.errors import ConflictError
from vivavoce.services.knowledge.ingestion import FAILURES_MAXIMUM
from vivavoce.store.documents import DocumentStatus
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.schema import knowledge_documents
from vivavoce.store.store import Store

PETS = "# Pets\n\nA dog must be on a lead.\n\nCats travel in a basket.\n\n# Cars\n\nA car costs ten pounds."


async def test_a_document_is_processed_and_each_mode_finds_the_passage_that_it_should(known: Knowing) -> None:
    collection = await known.collection()
    file_id = await known.add(collection, PETS)
    before = await known.service.document(OURS, collection.resource_id, file_id)
    assert before.status is DocumentStatus.PROCESSING
    await known.settle()
    document = await known.service.document(OURS, collection.resource_id, file_id)
    assert (document.status, document.chunks_done, document.chunks_total) == (DocumentStatus.PROCESSED, 3, 3)
    assert (await known.found(collection, "dogs"))[0] == "A dog must be on a lead."
    assert (await known.found(collection, "hound", mode=RetrievalMode.SEMANTIC))[0] == "A dog must be on a lead."
    assert await known.found(collection, "hound", mode=RetrievalMode.KEYWORD) == []
    assert (await known.found(collection, "lead", mode=RetrievalMode.KEYWORD)) == ["A dog must be on a lead."]


async def test_what_cannot_be_read_fails_with_its_reason(known: Knowing) -> None:
    collection = await known.collection()
    file_id = await known.add(collection, "  \n ")
    await known.settle()
    document = await known.service.document(OURS, collection.resource_id, file_id)
    assert (document.status, document.error_code) == (DocumentStatus.FAILED, "no_text")
    assert "no text" in str(document.error_message)


async def test_the_old_passages_answer_until_all_new_ones_are_there(known: Knowing) -> None:
    collection = await known.collection()
    entry = await known.service.write_entry(OURS, collection.resource_id, "note", "The door code is apple.", {})
    await known.settle()
    assert await known.found(collection, "door code") == ["The door code is apple."]
    seen: list[list[str]] = []

    async def look() -> None:
        seen.append(await known.found(collection, "door code"))

    known.embedder.before = look
    await known.service.change_document(
        OURS, collection.resource_id, entry.file_id, text="\n\n".join(f"The door code is pear {n}." for n in range(20))
    )
    await known.settle()
    assert seen == [["The door code is apple."]] * 3
    assert len(await known.found(collection, "door code pear", limit=50)) == 20


async def test_a_document_that_fails_anew_goes_on_answering_as_before(known: Knowing) -> None:
    collection = await known.collection()
    entry = await known.service.write_entry(OURS, collection.resource_id, "note", "The bell is brass.", {})
    await known.settle()
    await known.service.change_document(OURS, collection.resource_id, entry.file_id, text=" ")
    await known.settle()
    document = await known.service.document(OURS, collection.resource_id, entry.file_id)
    assert document.status is DocumentStatus.FAILED
    assert await known.found(collection, "bell") == ["The bell is brass."]


async def test_another_way_of_cutting_indexes_the_collection_anew(known: Knowing) -> None:
    collection = await known.collection()
    await known.add(collection, "abcdefghij klmnop")
    await known.settle()
    await known.service.change_collection(
        OURS, collection.resource_id, lambda former: replace(former, chunking=ChunkConfiguration(16, 0))
    )
    assert await known.ingestion.work()
    await known.settle()
    assert await known.found(collection, "abcdefghij") == ["abcdefghij klmno"]
    changed = await known.service.change_collection(
        OURS, collection.resource_id, lambda former: replace(former, description="new", chunking=former.chunking)
    )
    assert changed.body.description == "new"
    assert not await known.ingestion.work()


async def test_another_embedder_indexes_everything_anew_once(store: Store, tmp_path: Path) -> None:
    former = knowing(store, tmp_path)
    collection = await former.collection()
    await former.add(collection, PETS)
    await former.settle()
    newer = knowing(store, tmp_path, WordEmbedder("words-2"))
    await newer.ingestion._begin()
    await newer.settle()
    assert len(newer.embedder.embedded) == 3
    await newer.ingestion._begin()
    await newer.settle()
    assert len(newer.embedder.embedded) == 3
    assert (await newer.found(collection, "hound"))[0] == "A dog must be on a lead."


async def test_a_deleted_document_is_found_no_more_and_leaves_its_file(known: Knowing) -> None:
    collection = await known.collection()
    file_id = await known.add(collection, PETS)
    await known.settle()
    await known.service.delete_document(OURS, collection.resource_id, file_id)
    assert await known.found(collection, "dog") == []
    await known.settle()
    with pytest.raises(UnknownRecordError):
        await known.service.document(OURS, collection.resource_id, file_id)
    assert known.service.files.path_of(await known.service.files.get(OURS, file_id)).read_text() == PETS


async def test_a_deleted_document_can_be_attached_again_before_it_is_cleared_away(known: Knowing) -> None:
    collection = await known.collection()
    file_id = await known.add(collection, PETS)
    await known.settle()
    await known.service.delete_document(OURS, collection.resource_id, file_id)
    await known.service.attach(OURS, collection.resource_id, file_id, {})
    assert await known.found(collection, "dog") == []
    await known.settle()
    assert (await known.found(collection, "dog"))[0] == "A dog must be on a lead."
    assert len(await known.found(collection, "dog", limit=50)) == 3


async def test_a_deleted_file_takes_its_documents_with_it_from_every_collection(known: Knowing) -> None:
    one, other = await known.collection(), await known.collection()
    file_id = await known.add(one, PETS)
    await known.service.attach(OURS, other.resource_id, file_id, {})
    await known.settle()
    path = known.service.files.path_of(await known.service.files.get(OURS, file_id))
    await known.service.files.delete(OURS, file_id)
    assert not path.exists()
    assert [await known.found(each, "dog") for each in (one, other)] == [[], []]
    await known.settle()
    assert (await known.service.totals([one, other])) == {}


async def test_a_deleted_collection_takes_its_texts_with_it(known: Knowing) -> None:
    collection = await known.collection()
    entry = await known.service.write_entry(OURS, collection.resource_id, "note", PETS, {})
    await known.settle()
    await known.service.delete_collection(OURS, collection.resource_id)
    assert await known.found(collection, "dog") == []
    await known.settle()
    assert not known.shelf.path_of(entry.file_id).exists()


async def test_a_document_deleted_while_it_is_indexed_stays_deleted(known: Knowing) -> None:
    collection = await known.collection()
    file_id = await known.add(collection, PETS)

    async def delete() -> None:
        known.embedder.before = lambda: None
        await known.service.delete_document(OURS, collection.resource_id, file_id)

    known.embedder.before = delete
    await known.settle()
    assert await known.found(collection, "dog") == []
    assert (await known.service.documents_named(OURS, collection.resource_id, [file_id])) == []


async def test_the_same_bytes_twice_are_two_files_and_the_same_file_twice_is_one_document(known: Knowing) -> None:
    collection = await known.collection()
    one, other = await known.add(collection, PETS), await known.add(collection, PETS)
    assert one != other
    await known.service.attach(OURS, collection.resource_id, one, {"year": 2020})
    await known.settle()
    totals = (await known.service.totals([collection]))[collection.seq]
    assert (totals.documents, totals.chunks) == (2, 6)


async def test_filters_choose_documents_by_their_fields(known: Knowing) -> None:
    collection = await known.collection()
    await known.add(collection, "Fees are low.", year=2019, author="Kim")
    newer = await known.add(collection, "Fees are high.", year=2024, author="Kim")
    await known.settle()
    for mode in RetrievalMode:
        asked = await known.found(collection, "fees", mode=mode, wanted=filter_of('year >= 2020 AND author = "Kim"'))
        assert asked == ["Fees are high."], mode
    await known.service.change_document(OURS, collection.resource_id, newer, fields={"year": 1999})
    assert await known.found(collection, "fees", wanted=filter_of("year >= 2020")) == []


async def test_nobody_finds_what_is_another_organisations(known: Knowing) -> None:
    theirs = await others(known.store)
    collection = await known.collection(theirs)
    file_id = await known.add(collection, PETS, caller=theirs)
    mine = await known.collection()
    await known.add(mine, "A dog of ours.")
    await known.settle()
    assert await known.found(collection, "dog") == []
    assert (await known.found(mine, "dog")) == ["A dog of ours."]
    for asked in (
        known.service.attach(OURS, mine.resource_id, file_id, {}),
        known.service.attach(OURS, collection.resource_id, file_id, {}),
        known.service.files.delete(OURS, file_id),
        known.service.document(OURS, collection.resource_id, file_id),
    ):
        with pytest.raises(UnknownRecordError):
            await asked


async def test_organisations_take_turns(known: Knowing) -> None:
    theirs = await others(known.store)
    ours, other = await known.collection(), await known.collection(theirs)
    for number in range(4):
        await known.add(ours, f"ours {number}")
    await known.add(other, "theirs", caller=theirs)
    await known.ingestion.work()
    await known.ingestion.work()
    assert await known.found(other, "theirs", caller=theirs) == ["theirs"]


async def test_fields_that_are_required_or_unique_are_minded(known: Knowing) -> None:
    definitions = FieldDefinition("isbn", required=True, unique=True), FieldDefinition("city", inject_into_chunk=True)
    collection = await known.collection(field_definitions=definitions)
    with pytest.raises(InvalidFieldError, match=r"fields\.isbn: is required"):
        await known.add(collection, "x")
    file_id = await known.add(collection, "A town by the sea.", isbn="1", city="Ansel")
    with pytest.raises(ConflictError, match="unique"):
        await known.add(collection, "y", isbn="1")
    await known.service.attach(OURS, collection.resource_id, file_id, {"isbn": "1", "city": "Ansel"})
    await known.settle()
    assert await known.found(collection, "Ansel", mode=RetrievalMode.KEYWORD) == ["city: Ansel\nA town by the sea."]


async def test_an_engine_that_fails_is_asked_again_and_at_last_not_any_more(known: Knowing) -> None:
    collection = await known.collection()
    file_id = await known.add(collection, PETS)

    def fail() -> None:
        raise EngineError("out of order")

    known.embedder.before = fail
    for _ in range(FAILURES_MAXIMUM):
        await known.ingestion.work()
        document = await known.service.document(OURS, collection.resource_id, file_id)
        if document.status is not DocumentStatus.FAILED:
            # the wait before the next attempt is over
            await known.store.knowledge.documents.change(document, {"n": 1}, reindex=False)
            await _end_wait(known)
    document = await known.service.document(OURS, collection.resource_id, file_id)
    assert (document.status, document.error_code) == (DocumentStatus.FAILED, "internal_error")


async def _end_wait(known: Knowing) -> None:
    async with known.store._database.writing() as connection:
        await connection.execute(update(knowledge_documents).values(claimed_until=None))


async def test_of_many_files_each_is_found(known: Knowing) -> None:
    collection = await known.collection()
    for number in range(50):
        await known.add(collection, f"The locker {number} belongs to person{number}.")
    await known.settle()
    totals = (await known.service.totals([collection]))[collection.seq]
    assert (totals.documents, totals.chunks) == (50, 50)
    for number in (0, 25, 49):
        best = (await known.found(collection, f"who is person{number}"))[0]
        assert best == f"The locker {number} belongs to person{number}."


async def test_two_servers_share_the_work_and_see_each_others_changes(
    store: Store, tmp_path: Path, store_url: str
) -> None:
    async with await Store.open(store_url) as second:
        one, other = knowing(store, tmp_path), knowing(second, tmp_path)
        collection = await one.collection()
        files = [await one.add(collection, f"Number {n} is here.") for n in range(12)]
        await asyncio.gather(one.settle(), other.settle())
        await one.settle()
        assert len(one.embedder.embedded) + len(other.embedder.embedded) == 12
        assert len(await other.found(collection, "number", limit=50)) == 12
        await one.service.delete_document(OURS, collection.resource_id, files[3])
        assert len(await other.found(collection, "number", limit=50)) == 11
