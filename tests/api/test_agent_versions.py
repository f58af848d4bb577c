"""Every change of an agent keeps what it was before, and any of it can be made the present again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.platform_application import Opened, application_open


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _changed_twice(opened: Opened) -> str:
    made = (await opened.http.post("/v1/agents", json={"name": "One", "instructions": "Be brief."})).json()
    for name in ("Two", "Three"):
        change = {"agent": {"name": name}, "field_mask": {"paths": ["name"]}}
        (await opened.http.patch(f"/v1/agents/{made['agent_id']}", json=change)).raise_for_status()
    return str(made["agent_id"])


async def test_the_versions_are_listed_newest_first_with_the_whole_agent(opened: Opened) -> None:
    agent_id = await _changed_twice(opened)
    listed = (await opened.http.get(f"/v1/agents/{agent_id}/versions")).json()
    assert [(each["version"], each["agent"]["name"]) for each in listed["versions"]] == [
        (3, "Three"),
        (2, "Two"),
        (1, "One"),
    ]
    assert {each["agent"]["instructions"] for each in listed["versions"]} == {"Be brief."}
    older = (await opened.http.get(f"/v1/agents/{agent_id}/versions?limit=1&before=3")).json()
    assert [each["version"] for each in older["versions"]] == [2]
    assert older["has_more"] is True


async def test_a_change_to_what_it_was_anyway_is_no_version(opened: Opened) -> None:
    agent_id = await _changed_twice(opened)
    change = {"agent": {"name": "Three"}, "field_mask": {"paths": ["name"]}}
    (await opened.http.patch(f"/v1/agents/{agent_id}", json=change)).raise_for_status()
    assert (await opened.http.get(f"/v1/agents/{agent_id}")).json()["version"] == 3


async def test_a_former_version_becomes_the_present_as_a_new_one(opened: Opened) -> None:
    agent_id = await _changed_twice(opened)
    restored = await opened.http.post(f"/v1/agents/{agent_id}/versions/1/restore")
    assert restored.status_code == 200
    assert (restored.json()["name"], restored.json()["version"]) == ("One", 4)
    assert (await opened.http.get(f"/v1/agents/{agent_id}/versions/3")).json()["agent"]["name"] == "Three"


@pytest.mark.parametrize(
    ("version", "status"),
    [
        pytest.param("9", 404, id="a version that never was"),
        pytest.param("0", 400, id="a number below the first"),
        pytest.param("one", 400, id="no number"),
        pytest.param("99999999999999999999", 400, id="a number beyond every database"),
    ],
)
async def test_a_version_that_cannot_be_restored(opened: Opened, version: str, status: int) -> None:
    agent_id = await _changed_twice(opened)
    assert (await opened.http.post(f"/v1/agents/{agent_id}/versions/{version}/restore")).status_code == status
