"""What files, standard input and flags of `agents` mean: what is sent, what is renamed, what is refused."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.cli.agents_input import (
    Change,
    Flags,
    InputError,
    change_by,
    change_in,
    chat_tools,
    check_text,
    is_file,
    joined,
    new_agent,
    read_json,
    tools_of,
)

FUNCTION = {"name": "lookupOrder", "parameters": {"properties": {"orderId": {"type": "string"}}}}
NESTED = {"type": "function", "function": FUNCTION}


@pytest.mark.parametrize(
    ("document", "flags", "sent"),
    [
        pytest.param(None, Flags("A", "B"), {"name": "A", "instructions": "B"}, id="flags alone make an agent"),
        pytest.param({"name": "A"}, Flags(), {"name": "A"}, id="a document alone makes an agent"),
        pytest.param({"agent": {"name": "A"}}, Flags(), {"name": "A"}, id="a document may wrap the agent"),
        pytest.param({"name": "A"}, Flags("B"), {"name": "B"}, id="a flag wins over the document"),
        pytest.param(
            {"name": "A", "collectionIds": ["c"], "voice": {"voiceId": "eve", "vadSilenceDurationMs": 3}},
            Flags(),
            {"name": "A", "collection_ids": ["c"], "voice": {"voice_id": "eve", "vad_silence_duration_ms": 3}},
            id="names in camelCase are understood",
        ),
        pytest.param(
            {"name": "A", "tools": [NESTED], "metadata": {"callerName": 1}},
            Flags(),
            {"name": "A", "tools": [NESTED], "metadata": {"callerName": 1}},
            id="what is inside tools and metadata is left as it is",
        ),
        pytest.param(
            {"name": "A", "voice": {"voice_id": "eve", "vad_threshold": 0.3}},
            Flags(voice="leo"),
            {"name": "A", "voice": {"voice_id": "leo", "vad_threshold": 0.3}},
            id="a voice by flag keeps the rest of the voice",
        ),
        pytest.param(
            {"agent_id": "agent_1", "id": "x", "created_at": "t", "version": 3, "name": "A"},
            Flags(),
            {"name": "A"},
            id="what the server makes is not sent back",
        ),
        pytest.param(
            {"name": "A", "instructions": "new", "system_prompt": "old"},
            Flags(),
            {"name": "A", "instructions": "new"},
            id="of two names for one thing the first is sent",
        ),
        pytest.param(
            {"name": "A", "system_prompt": "B"}, Flags(), {"name": "A", "system_prompt": "B"}, id="the other name works"
        ),
    ],
)
def test_a_new_agent(document: Any, flags: Flags, sent: dict[str, Any]) -> None:
    assert new_agent(document, flags) == sent


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="no name"),
        pytest.param({"name": ""}, id="an empty name"),
        pytest.param([], id="a list"),
        pytest.param("x", id="a text"),
    ],
)
def test_what_makes_no_agent(document: Any) -> None:
    with pytest.raises(InputError):
        new_agent(document, Flags())


@pytest.mark.parametrize(
    ("document", "change"),
    [
        pytest.param(
            {"agent": {"agentId": "agent_1", "name": "A"}},
            Change("agent_1", {"name": "A"}, whole=True),
            id="without a mask every field is meant",
        ),
        pytest.param(
            {"agent_id": "agent_1", "name": "A"}, Change("agent_1", {"name": "A"}, whole=True), id="unwrapped"
        ),
        pytest.param({"agent": {"id": "agt_1"}}, Change("agt_1", whole=True), id="an id of another dialect"),
        pytest.param(
            {"agent": {"agentId": "agent_1", "name": "A", "instructions": "B"}, "fieldMask": {"paths": ["name"]}},
            Change("agent_1", {"name": "A"}),
            id="a mask chooses",
        ),
        pytest.param(
            {"agent": {"agentId": "agent_1", "collectionIds": ["c"]}, "fieldMask": "collectionIds, instructions"},
            Change("agent_1", {"collection_ids": ["c"]}, ("instructions",)),
            id="a mask of protocol buffers, and a field to clear",
        ),
        pytest.param(
            {"agent": {"agentId": "agent_1"}, "field_mask": {"paths": ["name", "name"]}, "phoneNumberId": "pn_1"},
            Change("agent_1", {}, ("name",), "pn_1"),
            id="a number to assign",
        ),
    ],
)
def test_a_change_from_a_file(document: Any, change: Change) -> None:
    assert change_in(document) == change


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"agent": {"name": "A"}}, id="no id"),
        pytest.param({"agent": {"agentId": 7}}, id="an id that is no text"),
        pytest.param({"agent": {"agentId": "a"}, "fieldMask": {"paths": [1]}}, id="a mask of numbers"),
        pytest.param({"agent": {"agentId": "a"}, "fieldMask": 1}, id="a mask that is none"),
        pytest.param({"agent": {"agentId": "a"}, "phoneNumberId": 1}, id="a number's id that is no text"),
        pytest.param([], id="a list"),
    ],
)
def test_what_is_no_change(document: Any) -> None:
    with pytest.raises(InputError):
        change_in(document)


def test_flags_go_on_top_of_a_file() -> None:
    change = change_in({"agent": {"agentId": "agent_1", "name": "A", "instructions": "B"}})
    by_flags = change_by("agent_1", Flags("C"), clear_instructions=True, phone_number_id="")
    assert joined(change, by_flags) == Change("agent_1", {"name": "C"}, ("instructions",), "", whole=True)


def test_a_field_that_a_file_clears_and_a_flag_sets_is_set() -> None:
    change = Change("agent_1", {}, ("instructions", "tools"))
    by_flags = change_by("agent_1", Flags(instructions="B"), clear_instructions=False, phone_number_id=None)
    assert joined(change, by_flags) == Change("agent_1", {"instructions": "B"}, ("tools",))


def test_only_what_differs_from_the_stored_agent_is_sent() -> None:
    change = Change("agent_1", {"name": "A", "greeting": None, "voice": {"voice_id": "leo"}}, whole=True)
    assert change.against({"name": "A", "voice": {"voice_id": "eve"}}).values == {"voice": {"voice_id": "leo"}}


@pytest.mark.parametrize(
    ("target", "is_one"),
    [("agent_1", False), ("-", True), ("update.json", True), ("./x", True), ("here", True), ("a\0b", False)],
)
def test_the_argument_of_update_is_an_id_or_a_file(
    target: str, is_one: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").write_text("{}")
    assert is_file(target) is is_one


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "it is empty", id="nothing"),
        pytest.param(b'{"name": "A",\n oops}', "in line 2", id="a mistake is found by its line"),
        pytest.param(b'{"n": NaN}', "JSON has no NaN", id="what is no number"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="bytes that are no text"),
        pytest.param(b'{"n": "\\ud800"}', "not UTF-8", id="half a character"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="a tower of brackets"),
    ],
)
def test_a_file_that_cannot_be_sent(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        read_json(str(tmp_path / "a.json"), io.StringIO())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_json(str(tmp_path / "a.json"), io.StringIO())
    with pytest.raises(InputError, match="cannot be read"):
        read_json(str(tmp_path), io.StringIO())


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("\ufeff{}")
    assert read_json(str(tmp_path / "a.json"), io.StringIO()) == {}
    assert read_json("-", io.StringIO("\ufeff[]")) == []


def test_an_option_that_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        check_text(Flags(instructions="caf\udce9"))


def test_functions_are_nested_for_chat_completions_and_other_tools_are_not() -> None:
    flat = {"type": "function"} | FUNCTION
    assert chat_tools([flat, NESTED, {"type": "web_search"}]) == [NESTED, NESTED, {"type": "web_search"}]


@pytest.mark.parametrize("value", [None, {}, {"tools": {}}, ["x"], "x"])
def test_what_are_no_tools(value: Any) -> None:
    with pytest.raises(InputError, match="tools are a JSON list"):
        tools_of(value)


def test_tools_come_as_a_list_or_in_an_object() -> None:
    assert tools_of([NESTED]) == tools_of({"tools": [NESTED]}) == (NESTED,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_any_json_makes_an_agent_and_a_change_that_can_be_sent_or_is_refused(document: Any) -> None:
    with suppress(InputError):
        assert json.dumps(new_agent(document, Flags("A")))
    with suppress(InputError):
        assert change_in(document).agent_id


@given(st.dictionaries(st.sampled_from(["name", "instructions", "tools", "language", "metadata"]), json_values))
def test_what_is_not_renamed_is_sent_as_it_was_written(fields: dict[str, Any]) -> None:
    sent = new_agent({"name": "A"} | fields | {"name": "A"}, Flags())
    assert json.dumps(sent, sort_keys=True) == json.dumps(fields | {"name": "A"}, sort_keys=True)
