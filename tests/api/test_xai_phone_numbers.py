"""Phone numbers and voices of the xAI API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.xai_client import Json, Platform
from tests.serving import scripted_settings, serving


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as served, Platform(served).open() as one:
        yield one


# --- phone numbers --------------------------------------------------------------------------------------------------


def test_a_number_is_reassigned_and_unassigned(platform: Platform) -> None:
    first, second = platform.number(), platform.number()
    agent = platform.create(phone_number_id=first["phone_number_id"])
    other = platform.create()

    def assign(to: Json, number_id: str) -> None:
        body = {"agent": {}, "field_mask": {"paths": ["name"]}, "phoneNumberId": number_id}
        assert platform.patch(to, body).status_code == 200

    assign(agent, second["phone_number_id"])
    assert platform.get(agent)["phone_number_id"] == second["phone_number_id"]
    assign(other, second["phone_number_id"])
    assert platform.get(agent)["phone_number_id"] is None
    assert platform.get(other)["phone_number_id"] == second["phone_number_id"]
    assign(other, "")
    assert platform.get(other)["phone_number_id"] is None


def test_a_number_that_is_not_there_is_not_assigned_and_nothing_changes(platform: Platform) -> None:
    agent = platform.create()
    answer = platform.patch(agent, {"agent": {"name": "B"}, "phone_number_id": "pn_" + "0" * 26})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "phone_number_not_found"
    assert platform.get(agent) == agent


def test_a_mask_beyond_the_name_still_clears_when_a_number_is_assigned(platform: Platform) -> None:
    agent = platform.create(instructions="Be brief.")
    number = platform.number()["phone_number_id"]
    body = {"agent": {}, "field_mask": {"paths": ["instructions"]}, "phone_number_id": number}
    assert platform.patch(agent, body).status_code == 200
    assert (platform.get(agent)["instructions"], platform.get(agent)["phone_number_id"]) == ("", number)


def test_a_number_is_listed_renamed_and_released(platform: Platform) -> None:
    number = platform.number()
    path = f"/v1/phone-numbers/{number['phone_number_id']}"
    agent = platform.create(phone_number_id=number["phone_number_id"])
    assert platform.http.get("/v1/phone-numbers").json()["phone_numbers"][0]["agent_id"] == agent["agent_id"]
    assert platform.http.patch(path, json={"name": "New"}).json()["phone_number"]["name"] == "New"
    assert platform.http.delete(path).json() == {"phone_number_id": number["phone_number_id"], "deleted": True}
    assert platform.http.get(path).status_code == 404
    assert platform.get(agent)["phone_number_id"] is None


@pytest.mark.parametrize("area_code", ["", "41", "4155", "115", "015", "911", "690", "abc", "４１５", "41\n", "\u0000"])
def test_an_area_code_that_is_none_is_refused(platform: Platform, area_code: str) -> None:
    answer = platform.http.post("/v1/phone-numbers", json={"area_code": area_code, "name": "Line"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "area_code"


def test_an_area_gives_each_of_its_hundred_numbers_once(platform: Platform) -> None:
    taken = {platform.number("907")["phone_number"] for _ in range(100)}
    assert taken == {f"+19075550{line}" for line in range(100, 200)}
    answer = platform.http.post("/v1/phone-numbers", json={"area_code": "907", "name": "Line"})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "no_number_left"


TRUNK: Json = {
    "origin": "byo_trunk",
    "name": "Head office",
    "phone_number": "+14155552671",
    "webhook": {"name": "Calls", "url": "https://example.com/calls"},
    "sip_auth": {"digest": {"username": "office", "password": "hidden-in-the-vault"}},
}


def test_a_number_of_ones_own_is_kept_and_its_secrets_are_shown_once_or_never(platform: Platform) -> None:
    answer = platform.http.post("/v2/phone-numbers", json=TRUNK)
    assert answer.status_code == 201
    assert answer.json()["signing_secret"].startswith("whsec_")
    phone = answer.json()["phone_number"]
    assert (phone["origin"], phone["webhook"]) == ("byo_trunk", TRUNK["webhook"])
    shown = platform.http.get(f"/v1/phone-numbers/{phone['phone_number_id']}").text
    assert "whsec_" not in shown + platform.http.get("/v2/phone-numbers").text
    assert "hidden-in-the-vault" not in answer.text + shown
    assert platform.http.post("/v2/phone-numbers", json=TRUNK).status_code == 409


BAD_TRUNKS: list[Any] = [
    pytest.param({"origin": "provisioned"}, "origin", id="another origin"),
    pytest.param({"phone_number": "4155552671"}, "phone_number", id="a number without its country"),
    pytest.param({"webhook": {"url": "ftp://example.com"}}, "webhook.url", id="a webhook that is not HTTP"),
    pytest.param({"sip_auth": {}}, "sip_auth", id="a trunk that proves nothing"),
    pytest.param({"sip_auth": {"digest": {"username": "a"}}}, "sip_auth.digest.password", id="no password"),
]


@pytest.mark.parametrize(("changed", "param"), BAD_TRUNKS)
def test_a_trunk_that_cannot_be_is_refused(platform: Platform, changed: Json, param: str) -> None:
    answer = platform.http.post("/v2/phone-numbers", json=TRUNK | {"phone_number": "+14155552672"} | changed)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


# --- voices ---------------------------------------------------------------------------------------------------------


def test_the_voices_of_the_document_are_listed(platform: Platform) -> None:
    voices = platform.http.get("/v1/voices").json()["voices"]
    assert {"eve", "ara", "rex", "sal", "leo"} <= {voice["voice_id"] for voice in voices}
    assert platform.http.get("/v1/tts/voices").json()["voices"] == voices


@pytest.mark.parametrize("name", ["eve", "EVE", "marin"])
def test_a_voice_is_found_by_its_name_and_by_its_aliases_in_any_case(platform: Platform, name: str) -> None:
    assert platform.http.get(f"/v1/voices/{name}").json()["voice_id"] == "eve"


def test_a_voice_that_is_not_there_is_404(platform: Platform) -> None:
    answer = platform.http.get("/v1/voices/nobody")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "voice_not_found")
