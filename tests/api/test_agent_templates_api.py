"""The templates over HTTP, and agents found by a part of their names."""

from __future__ import annotations

from pathlib import Path

from tests.platform_application import application_open


async def test_a_template_can_be_sent_back_to_make_an_agent(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        listed = (await opened.http.get("/v1/agent-templates")).json()["data"]
        assert len(listed) == 6
        for template in listed:
            made = await opened.http.post("/v1/agents", json=template["agent"])
            assert made.status_code == 201, made.text
            assert made.json()["greeting"] == template["agent"]["greeting"]
            assert made.json()["tools"] == template["agent"]["tools"]


async def test_templates_are_not_shown_to_who_has_no_key(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        assert (await opened.client(None).get("/v1/agent-templates")).status_code == 401


async def test_agents_are_found_by_a_part_of_their_name_in_any_case(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        for name in ("Order Support", "Clinic Receptionist", "Order Desk"):
            assert (await opened.http.post("/v1/agents", json={"name": name})).status_code == 201
        found = (await opened.http.get("/v1/agents", params={"search": "ORDER"})).json()["agents"]
        assert [agent["name"] for agent in found] == ["Order Desk", "Order Support"]
        assert (await opened.http.get("/v1/agents", params={"search": "nobody"})).json()["agents"] == []
