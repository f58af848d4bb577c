"""Clients that come back to a conversation: what is there again, who may, until when, and what stays on the disk."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.serving import KEY, Served, scripted_settings, serving

Event = dict[str, Any]
OPT_IN: Event = {"resumption": {"enabled": True}}
TOOL: Event = {"type": "function", "name": "look_up", "description": "Looks it up.", "parameters": {"type": "object"}}


@pytest.fixture(scope="module", params=[True, False], ids=["with journals", "without journals"])
def data_and_served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Served]]:
    data = tmp_path_factory.mktemp("coming_back")
    with serving(scripted_settings(data, journal=request.param)) as running:
        yield data, running


@pytest.fixture
def data(data_and_served: tuple[Path, Served]) -> Path:
    return data_and_served[0]


@pytest.fixture
def served(data_and_served: tuple[Path, Served]) -> Served:
    return data_and_served[1]


class Call:
    """One connection. Lives within `calling`."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self.session = self.told("session.created")["session"]
        self.conversation_id: str = self.told("conversation.created")["conversation"]["id"]

    def told(self, kind: str) -> Event:
        while (event := self.next())["type"] != kind:
            assert event["type"] != "error", event
        return event

    def next(self) -> Event:
        event: Event = json.loads(self._websocket.recv(timeout=30))
        return event

    def send(self, kind: str, **fields: Any) -> None:
        self._websocket.send(json.dumps({"type": kind, **fields}))

    def write(self, text: str) -> Event:
        content = [{"type": "input_text", "text": text}]
        self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        item: Event = self.told("conversation.item.done")["item"]
        return item

    def answer(self, **fields: Any) -> Event:
        self.send("response.create", response={"output_modalities": ["text"], **fields})
        item: Event = self.told("response.done")["response"]["output"][-1]
        return item

    def opt_in(self, **fields: Any) -> list[Event]:
        """The items that are told again."""
        self.send("session.update", session={**OPT_IN, **fields})
        self.told("session.updated")
        self.send("conversation.item.retrieve", item_id="nothing")
        events: list[Event] = []
        while (event := self.next())["type"] != "error":
            events.append(event)
        return [event["item"] for event in events if event["type"] == "conversation.item.created"]

    def knows(self, item_id: str) -> Event:
        self.send("conversation.item.retrieve", item_id=item_id)
        item: Event = self.told("conversation.item.retrieved")["item"]
        return item


@contextmanager
def calling(served: Served, conversation_id: str | None = None, secret: str = KEY, query: str = "") -> Iterator[Call]:
    address = served.websocket_url + (f"?conversation_id={conversation_id}" if conversation_id else query)
    with connect(address, additional_headers={"Authorization": f"Bearer {secret}"}, proxy=None) as websocket:
        yield Call(websocket)


def refused(served: Served, conversation_id: str, secret: str = KEY) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as raised, calling(served, conversation_id, secret):
        pass
    response = raised.value.response
    code: str = json.loads(response.body or b"{}")["error"]["code"]
    return response.status_code, code


def posted(served: Served, path: str, body: Mapping[str, Any], key: str = KEY) -> Event:
    answer = httpx.post(served.url + path, json=body, headers={"authorization": f"Bearer {key}"})
    told: Event = answer.raise_for_status().json()
    return told


def test_items_configuration_and_ids_are_there_again(served: Served) -> None:
    with calling(served) as call:
        before = call.conversation_id
        call.opt_in(instructions="Whisper.", tools=[TOOL], audio={"output": {"voice": "marin", "speed": 1.2}})
        items = [call.write("Good morning"), call.answer()]
    with calling(served, before) as again:
        assert again.conversation_id == before
        assert (again.session["instructions"], again.session["tools"]) == ("Whisper.", [TOOL])
        assert (again.session["audio"]["output"]["voice"], again.session["audio"]["output"]["speed"]) == ("marin", 1.2)
        assert again.opt_in() == items


def test_a_client_that_does_not_ask_again_is_told_nothing_and_goes_on(served: Served) -> None:
    with calling(served) as call:
        call.opt_in()
        item = call.write("Good morning")
    with calling(served, call.conversation_id) as again:
        assert again.knows(item["id"]) == item
        answer = again.answer()
    with calling(served, call.conversation_id) as third:
        assert [each["id"] for each in third.opt_in()] == [item["id"], answer["id"]]


def test_a_call_of_a_function_waits_for_its_output(served: Served) -> None:
    with calling(served) as call:
        call.opt_in(tools=[TOOL])
        call.write("What is the time?")
        wanted = call.answer(tool_choice="required")
        assert wanted["type"] == "function_call"
    with calling(served, call.conversation_id) as again:
        assert again.opt_in()[-1] == wanted
        output = {"type": "function_call_output", "call_id": wanted["call_id"], "output": "Noon"}
        again.send("conversation.item.create", item=output)
        assert again.answer()["status"] == "completed"


def test_the_conversation_is_named_after_its_thread(served: Served) -> None:
    with calling(served) as call:
        call.write("Good morning")
        ulid = call.conversation_id.removeprefix("conv_")
        headers = {"authorization": f"Bearer {KEY}"}
        assert httpx.get(f"{served.url}/v1/threads/thr_{ulid}", headers=headers).status_code == 200


def test_the_latest_connection_takes_the_conversation_from_the_one_before(served: Served) -> None:
    with calling(served) as call:
        call.opt_in()
        item = call.write("Good morning")
        with calling(served, call.conversation_id) as again:
            assert again.opt_in() == [item]
            with pytest.raises(ConnectionClosed):
                call.told("nothing that there is")
        headers = {"authorization": f"Bearer {KEY}"}
        former = httpx.get(f"{served.url}/v1/sessions/{call.session['id']}", headers=headers).json()
    assert former["status"] in ("ended", "completed"), former


def test_a_client_secret_comes_back_too(served: Served) -> None:
    secret = posted(served, "/v1/realtime/client_secrets", {"session": OPT_IN})["value"]
    with calling(served, secret=secret) as call:
        call.opt_in()
        item = call.write("Good morning")
    with calling(served, call.conversation_id, secret) as again:
        assert again.opt_in() == [item]


def test_a_client_secret_does_not_come_back_to_a_call_with_an_agent_that_it_does_not_name(served: Served) -> None:
    agent_id = posted(served, "/v1/agents", {"name": "Ann"})["agent"]["agent_id"]
    with calling(served, query=f"?agent_id={agent_id}") as call:
        call.opt_in()
    secret = posted(served, "/v1/realtime/client_secrets", {})["value"]
    assert refused(served, call.conversation_id, secret) == (403, "not_granted")


def test_an_agent_is_with_the_caller_who_comes_back_and_does_not_greet_again(served: Served) -> None:
    agent = {"name": "Ann", "instructions": "Be Ann.", "greeting": "Hello, Ann here."}
    agent_id = posted(served, "/v1/agents", agent)["agent"]["agent_id"]
    with calling(served, query=f"?agent_id={agent_id}") as call:
        call.opt_in()
        call.write("Good morning")
    with calling(served, call.conversation_id) as again:
        assert "Be Ann." in again.session["instructions"]
        texts = [item["content"] for item in again.opt_in() if item["role"] == "user"]
        again.write("Are you there?")
    assert len(texts) == 1


def test_who_did_not_ask_for_it_cannot_come_back(served: Served) -> None:
    with calling(served) as call:
        call.write("Good morning")
    assert refused(served, call.conversation_id) == (404, "conversation_not_found")


def test_who_asks_no_more_cannot_come_back(served: Served) -> None:
    with calling(served) as call:
        call.opt_in()
        call.send("session.update", session={"resumption": {"enabled": False}})
        call.told("session.updated")
    assert refused(served, call.conversation_id) == (404, "conversation_not_found")


@pytest.mark.parametrize("name", ["conv_01jzzzzzzzzzzzzzzzzzzzzzzz", "nonsense", "7", "../../secret"])
def test_a_conversation_that_never_was_is_not_found(served: Served, name: str) -> None:
    assert refused(served, name) == (404, "conversation_not_found")


def test_another_organisation_does_not_find_it(served: Served) -> None:
    store = served.server._store
    assert store is not None

    async def another_key() -> str:
        other = await store.organisations.add("Other")
        return (await store.keys.create("theirs", organisation_id=other.organisation_id)).secret

    with calling(served) as call:
        call.opt_in()
    assert refused(served, call.conversation_id, served.inside(another_key)) == (404, "conversation_not_found")


def test_after_half_an_hour_it_is_too_late_and_what_was_kept_is_deleted(data: Path, served: Served) -> None:
    with calling(served) as call:
        call.opt_in()
        call.write("Good morning")
    session_id = call.session["id"]
    served.inside(lambda: served.server.directory.gone(session_id))
    kept = [path for path in data.rglob("*.json*") if session_id in path.name or "resumption" in path.parts]
    assert kept
    long_ago = time.time() - 31 * 60
    for path in kept:
        os.utime(path, (long_ago, long_ago))
    assert refused(served, call.conversation_id) == (404, "conversation_not_found")
    platform = served.server._platform
    assert platform is not None
    platform.resumptions.forget_old(())
    left = list((data / "resumption").iterdir())
    assert not [path for path in left if session_id in path.name]
    assert not [path for path in left if call.conversation_id.removeprefix("conv_") in path.name]


def test_a_caller_who_is_silent_for_half_an_hour_is_not_forgotten(data: Path, served: Served) -> None:
    platform = served.server._platform
    assert platform is not None
    with calling(served) as call:
        call.opt_in()
        item = call.write("Good morning")
        long_ago = time.time() - 31 * 60
        for path in (data / "resumption").iterdir():
            os.utime(path, (long_ago, long_ago))
        platform.resumptions.forget_old(served.server.directory.session_ids())
    with calling(served, call.conversation_id) as again:
        assert again.opt_in() == [item]


def test_a_folder_that_cannot_be_written_is_told_and_the_call_goes_on(data: Path, served: Served) -> None:
    with calling(served) as call:
        ulid = call.conversation_id.removeprefix("conv_")
        folder = data / "resumption" / f"thr_{ulid}.json"
        folder.mkdir(parents=True)
        call.send("session.update", session=OPT_IN)
        while (event := call.next())["type"] != "error":
            assert event["type"] != "session.updated"
        assert event["error"]["code"] == "resumption_failed"
        assert call.write("Good morning")["status"] == "completed"
    folder.rmdir()


def test_what_is_kept_is_for_the_owner_of_the_server_only(data: Path, served: Served) -> None:
    with calling(served) as call:
        call.opt_in()
        call.write("Good morning")
    kept = list((data / "resumption").iterdir())
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert (data / "resumption").stat().st_mode & 0o777 == 0o700


def test_a_call_that_did_not_ask_leaves_nothing_to_come_back_to(data: Path, served: Served) -> None:
    with calling(served) as call:
        call.write("Good morning")
    folder = data / "resumption"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    assert not [name for name in names if call.conversation_id.removeprefix("conv_") in name]
    assert not [name for name in names if call.session["id"] in name]


def test_who_comes_back_is_not_greeted_again_and_has_the_turns_that_are_left(served: Served) -> None:
    with calling(served) as call:
        before = call.conversation_id
        call.opt_in(vivavoce={"greeting": "Ahoy!", "max_turns": 2})
        assert call.told("response.done")["response"]["output"][0]["content"][0]["transcript"] == "Ahoy!"
        call.write("Good morning")
        call.answer()
    with calling(served, before) as again:
        again.write("And now?")
        again.answer()
        with pytest.raises(ConnectionClosed):
            again.told("response.created")
