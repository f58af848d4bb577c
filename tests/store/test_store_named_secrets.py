"""Named secrets in the database: their organisation's alone, one of a name, gone when they are deleted."""

from __future__ import annotations

import pytest

from vivavoce.store.errors import DuplicateRecordError, UnknownRecordError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import OrganisationId
from vivavoce.store.store import Store


@pytest.fixture
async def theirs(store: Store) -> OrganisationId:
    return (await store.organisations.add("Others")).organisation_id


async def test_a_secret_comes_back_sealed_as_it_was(store: Store) -> None:
    added = await store.named_secrets.add(OURS, "KEY", "sealed")
    assert await store.named_secrets.get(OURS, "KEY") == added
    assert "sealed" not in repr(added)


async def test_secrets_are_listed_by_name_for_their_organisation_alone(store: Store, theirs: OrganisationId) -> None:
    for organisation, name in ((OURS, "B"), (OURS, "A"), (theirs, "C")):
        await store.named_secrets.add(organisation, name, "x")
    assert [each.name for each in await store.named_secrets.list(OURS)] == ["A", "B"]
    assert (await store.named_secrets.count(OURS), await store.named_secrets.count(theirs)) == (2, 1)
    assert await store.named_secrets.get(theirs, "A") is None


async def test_an_organisation_has_one_secret_of_a_name(store: Store, theirs: OrganisationId) -> None:
    await store.named_secrets.add(OURS, "KEY", "x")
    await store.named_secrets.add(theirs, "KEY", "y")
    with pytest.raises(DuplicateRecordError):
        await store.named_secrets.add(OURS, "KEY", "z")


async def test_a_new_value_replaces_the_former(store: Store, theirs: OrganisationId) -> None:
    added = await store.named_secrets.add(OURS, "KEY", "x")
    replaced = await store.named_secrets.replace(OURS, "KEY", "y")
    assert (replaced.sealed, replaced.created_at) == ("y", added.created_at)
    assert replaced.updated_at >= added.updated_at
    with pytest.raises(UnknownRecordError):
        await store.named_secrets.replace(theirs, "KEY", "z")


async def test_a_deleted_secret_is_gone(store: Store, theirs: OrganisationId) -> None:
    await store.named_secrets.add(OURS, "KEY", "x")
    with pytest.raises(UnknownRecordError):
        await store.named_secrets.delete(theirs, "KEY")
    await store.named_secrets.delete(OURS, "KEY")
    assert await store.named_secrets.get(OURS, "KEY") is None
    with pytest.raises(UnknownRecordError):
        await store.named_secrets.delete(OURS, "KEY")
