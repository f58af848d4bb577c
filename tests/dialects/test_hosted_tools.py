"""Tools that the server runs, on the wire: declared by clients, and told to those that can understand it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import CallId, EventId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, Item, ItemStatus, Message, Part, PartKind, Role, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplySnapshot
from vivavoce.conversation.settings import Modality, Settings, Tool
from vivavoce.conversation.tool_policy import Approval, OnInterruption, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.dialects.realtime.codec import CallConfigured, Inbound, RealtimeCodec
from vivavoce.dialects.wire import WireError
from vivavoce.tools.keys import source_key

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
SHOP: dict[str, Any] = {
    "type": "mcp",
    "server_url": "https://shop.example/mcp",
    "server_label": "shop",
    "authorization": "a secret",
    "headers": {"X-Key": "another secret"},
}
SEARCH: dict[str, Any] = {"type": "web_search", "allowed_domains": ["a.example"]}
CLOCK: dict[str, Any] = {"type": "function", "name": "clock", "description": "", "parameters": {"type": "object"}}
AGENTS = Settings(
    tools=(Tool("clock", "", '{"type":"object"}', policy=ToolPolicy(700)),),
    tool_sources=(source_key(SHOP), ToolSourceKey("system:1")),
)
"""A call with an agent that has a function and two sources."""

REPLY, BEFORE = ReplyId("resp_1"), ItemId("item_0")
CALL = ServerCall(ItemId("item_5"), CallId("call_5"), "find", '{"id":7}', ToolKind.MCP, "shop")
HOOK = ServerCall(ItemId("item_6"), CallId("call_6"), "book", "{}", ToolKind.WEBHOOK, "")
ASKING = replace(CALL, approval_item_id=ItemId("item_4"))
FOUND = replace(CALL, output="Seven.", status=ItemStatus.COMPLETED)
FAILED = replace(CALL, output="It does not answer.", failure=ToolFailure.UNREACHABLE, status=ItemStatus.COMPLETED)
SAID = Message(ItemId("item_9"), Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Hello."),))
LISTED = (Tool("find", "Finds.", '{"type":"object"}', ToolKind.MCP, source=source_key(SHOP), label="shop"),)


def codec(
    settings: Settings = AGENTS, *, beta: bool = False, agents: list[dict[str, Any]] | None = None
) -> RealtimeCodec:
    return RealtimeCodec(
        session_id="s",
        conversation_id="c",
        model="m",
        settings=settings,
        resolve_voice=lambda name: name,
        asked=Asked(beta=beta),
        agents_tools=agents or [],
    )


def receive(by: RealtimeCodec, event: dict[str, Any]) -> Inbound:
    return by.receive(client_events.decode(json.dumps(event)))


def update(by: RealtimeCodec, session: dict[str, Any]) -> CallConfigured:
    told = receive(by, {"type": "session.update", "session": session})
    assert isinstance(told, CallConfigured)
    return told


def shown(by: RealtimeCodec) -> Any:
    return json.loads(by.introduction()[0])["session"]["tools"]


def told(by: RealtimeCodec, *of: Notice) -> list[dict[str, Any]]:
    frames = [json.loads(frame) for notice in of for frame in by.send(notice)]
    for frame in frames:
        if not frame["type"].startswith("vivavoce."):
            STRICT.validate_python(frame)
    return frames


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


@pytest.fixture
def client() -> RealtimeCodec:
    """A client that has declared the shop's server."""
    by = codec(Settings())
    update(by, {"tools": [SHOP]})
    return by


# --- declaring --------------------------------------------------------------------------------------------------------


def test_what_the_server_runs_is_known_to_the_conversation_connectedits_keys_alone() -> None:
    configured = update(codec(Settings()), {"tools": [CLOCK, SHOP, SEARCH, SHOP | {"server_label": "other"}]})
    settings = configured.command.settings
    assert [tool.name for tool in settings.tools] == ["clock"]
    assert settings.tool_sources == tuple(source_key(each) for each in configured.declarations)
    assert list(configured.declarations) == [SHOP, SEARCH, SHOP | {"server_label": "other"}]
    assert "secret" not in repr(settings)


def test_declarations_are_shown_as_they_were_given_without_their_secrets(client: RealtimeCodec) -> None:
    assert shown(client) == [{key: SHOP[key] for key in ("type", "server_url", "server_label")}]


def test_a_session_that_changes_something_else_keeps_the_agents_tools_with_their_policies() -> None:
    by = codec()
    for configured in (by.configuration, update(by, {"instructions": "Be brief."})):
        assert configured.command.settings.tools == AGENTS.tools
        assert configured.command.settings.tool_sources == AGENTS.tool_sources
        assert not configured.declarations
    assert shown(by) == [CLOCK], "a client that asked for nothing is not shown tools that it may not know"


@pytest.mark.parametrize("tools", [pytest.param([], id="an empty list"), pytest.param(None, id="null")])
def test_a_client_may_take_the_agents_tools_away(tools: list[Any] | None) -> None:
    settings = update(codec(), {"tools": tools}).command.settings
    assert (settings.tools, settings.tool_sources) == ((), ())


def test_an_agents_tools_that_come_back_as_they_were_shown_are_the_agents() -> None:
    sent_back = {key: SHOP[key] for key in ("type", "server_url", "server_label")}
    configured = update(codec(agents=[SHOP]), {"tools": [{"type": "function", "function": CLOCK}, sent_back]})
    assert list(configured.declarations) == [SHOP]
    assert configured.command.settings.tool_sources == (source_key(SHOP),)
    assert configured.command.settings.tools == AGENTS.tools


def test_a_servers_address_that_was_changed_does_not_get_the_agents_secrets() -> None:
    other = {"type": "mcp", "server_url": "https://thief.example/mcp", "server_label": "shop"}
    assert list(update(codec(agents=[SHOP]), {"tools": [other]}).declarations) == [other]


def test_a_functions_policy_is_read_in_both_of_its_forms() -> None:
    policy = {"timeout_ms": 900, "on_interruption": "cancel", "confirm": True, "filler": "Wait."}
    flat = {**CLOCK, "policy": policy}
    nested = {"type": "function", "policy": policy, "function": {"name": "watch"}}
    settings = update(codec(Settings()), {"tools": [flat, nested]}).command.settings
    expected = ToolPolicy(900, OnInterruption.CANCEL, Approval.CALLER, "Wait.")
    assert [tool.policy for tool in settings.tools] == [expected, expected]


REFUSED = [
    pytest.param([SEARCH, {"type": "mcp", "server_label": "a"}], "[1].server_url", id="a server without an address"),
    pytest.param([SHOP, SHOP], "[1].server_label", id="two servers of one label"),
    pytest.param([SEARCH | {"excluded_domains": ["b.example"]}], "[0].excluded_domains", id="both kinds of domains"),
    pytest.param([{"type": "file_search", "max_num_results": 99}], "[0].max_num_results", id="too many results"),
    pytest.param([CLOCK | {"policy": {"timeout_ms": 1}}], "[0].policy.timeout_ms", id="a function's impossible policy"),
    pytest.param(
        [{"type": "webhook", "name": "book", "description": "Books."}], "[0].request", id="a webhook that goes nowhere"
    ),
    pytest.param([{"type": "system", "name": "explode"}], "[0].name", id="a system tool that there is not"),
    pytest.param([{"type": "telepathy"}], "[0].type", id="a type that there is not"),
    pytest.param([{"type": 7}], "[0].type", id="a type that is a number"),
    pytest.param([SHOP | {"server_label": f"s{n}"} for n in range(33)], "", id="more servers than there may be"),
]


@pytest.mark.parametrize(("tools", "field"), REFUSED)
def test_a_fault_is_refused_with_its_path_and_the_former_tools_stay(tools: list[Any], field: str) -> None:
    by = codec()
    before = update(by, {"tools": [SEARCH]})
    with pytest.raises(WireError) as refused:
        update(by, {"tools": tools})
    assert (refused.value.code, refused.value.param) == ("invalid_value", f"session.tools{field}")
    assert "secret" not in refused.value.message
    assert by.configuration == replace(before, command=by.configuration.command)
    assert by.configuration.command.settings == before.command.settings


def test_a_choice_may_name_a_tool_that_the_server_runs() -> None:
    request = {"url": "https://a.example/book", "headers": {"X-Key": "a secret"}}
    hook = {"type": "webhook", "name": "book", "description": "Books a table.", "request": request}
    by = codec(Settings())
    choice = {"type": "function", "name": "book"}
    assert update(by, {"tools": [hook], "tool_choice": choice}).command.settings.tool_choice == "book"
    assert shown(by) == [{**hook, "request": {"url": "https://a.example/book"}}]


@pytest.mark.parametrize(
    ("tools", "name"),
    [
        pytest.param([{"type": "web_search"}], "web_search", id="a search is called as its type is"),
        pytest.param([SHOP], "lookup_order", id="a server's tools are known when it is open"),
        pytest.param(None, "lookup_order", id="the agent's tools are known when they are open"),
    ],
)
def test_a_choice_may_name_a_tool_that_is_yet_to_come(tools: list[Any] | None, name: str) -> None:
    wanted: dict[str, Any] = {"tool_choice": name} if tools is None else {"tools": tools, "tool_choice": name}
    assert update(codec(), wanted).command.settings.tool_choice == name


def test_a_choice_of_a_tool_that_nobody_can_bring_is_refused() -> None:
    with pytest.raises(WireError) as refused:
        update(codec(), {"tools": [{"type": "web_search"}], "tool_choice": "lookup_order"})
    assert refused.value.param == "session.tool_choice"


def test_a_conversation_that_is_to_go_on_keeps_the_clients_tools_and_not_the_agents() -> None:
    by = codec()
    update(by, {"resumption": {"enabled": True}})
    assert by.resumption is not None
    assert "tools" not in by.resumption
    update(by, {"tools": [SEARCH]})
    assert by.resumption["tools"] == [SEARCH]


# --- a client that declared a server ----------------------------------------------------------------------------------


def test_a_list_of_tools_is_an_item_of_openais(client: RealtimeCodec) -> None:
    listing = notices.ToolsListing(ItemId("item_2"), "shop", BEFORE)
    frames = told(client, listing, notices.ToolsListed(ItemId("item_2"), "shop", LISTED, BEFORE))
    assert kinds(frames) == [
        "conversation.item.added",
        "mcp_list_tools.in_progress",
        "conversation.item.done",
        "mcp_list_tools.completed",
    ]
    item = frames[2]["item"]
    assert (item["id"], item["type"], item["server_label"]) == ("item_2", "mcp_list_tools", "shop")
    tool = {"name": "find", "description": "Finds.", "input_schema": {"type": "object"}, "annotations": None}
    assert item["tools"] == [tool]


def test_a_list_that_cannot_be_had_says_why(client: RealtimeCodec) -> None:
    client.send(notices.ToolsListing(ItemId("item_2"), "shop", BEFORE))
    frames = told(client, notices.ToolsListFailed(ItemId("item_2"), "shop", "nobody answers"))
    assert kinds(frames) == ["mcp_list_tools.failed"]
    assert (frames[0]["item_id"], frames[0]["error"]) == ("item_2", {"message": "nobody answers"})


def test_a_call_is_told_as_it_begins_and_its_item_is_done_when_it_has_ended(client: RealtimeCodec) -> None:
    frames = told(client, notices.ReplyCalledTool(REPLY, 1, CALL, BEFORE))
    assert kinds(frames) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.output_item.done",
        "response.mcp_call.in_progress",
    ]
    assert [frame.get("output_index", 1) for frame in frames] == [1] * 6
    frames = told(client, notices.ToolCallEnded(REPLY, 1, FOUND, BEFORE, 320))
    assert kinds(frames) == ["response.mcp_call.completed", "conversation.item.done"]
    assert frames[1]["item"] == {
        "id": "item_5",
        "type": "mcp_call",
        "server_label": "shop",
        "name": "find",
        "arguments": '{"id":7}',
        "approval_request_id": None,
        "output": "Seven.",
        "error": None,
    }


def test_a_call_that_failed_says_why_and_has_no_output(client: RealtimeCodec) -> None:
    client.send(notices.ReplyCalledTool(REPLY, 0, CALL, BEFORE))
    frames = told(client, notices.ToolCallEnded(REPLY, 0, FAILED, BEFORE, 10_000))
    assert kinds(frames) == ["response.mcp_call.failed", "conversation.item.done"]
    error = {"type": "tool_execution_error", "message": "It does not answer."}
    assert (frames[1]["item"]["error"], frames[1]["item"]["output"]) == (error, None)


def test_a_call_that_needs_the_clients_word_is_a_request_until_the_client_has_answered(client: RealtimeCodec) -> None:
    frames = told(client, notices.ReplyCalledTool(REPLY, 0, ASKING, BEFORE, Approval.CLIENT))
    assert kinds(frames) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.output_item.done",
        "conversation.item.done",
    ]
    assert (frames[0]["item"]["type"], frames[0]["item"]["id"]) == ("mcp_approval_request", "item_4")
    done = told(client, notices.ReplyDone(_ended((ASKING,))))
    assert done[0]["response"]["output"][0]["type"] == "mcp_approval_request"
    said = told(client, notices.ItemDone(SAID, CALL.item_id))
    assert said[0]["previous_item_id"] == "item_4", "the call itself is no item yet"

    settled = _settled("why not", CALL.item_id, approve=True)
    frames = told(client, settled)
    assert kinds(frames) == [
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.added",
        "response.mcp_call.in_progress",
    ]
    assert frames[0]["item"]["approve"] is True
    assert (frames[2]["item"]["type"], frames[2]["item"]["approval_request_id"]) == ("mcp_call", "item_4")
    over = replace(FOUND, approval_item_id=ItemId("item_4"))
    assert kinds(told(client, notices.ToolCallEnded(REPLY, 0, over, BEFORE, 50))) == [
        "response.mcp_call.completed",
        "conversation.item.done",
    ]


def test_a_call_that_the_client_refused_is_never_in_progress(client: RealtimeCodec) -> None:
    client.send(notices.ReplyCalledTool(REPLY, 0, ASKING, BEFORE, Approval.CLIENT))
    settled = _settled(None, BEFORE, approve=False)
    refused = replace(ASKING, output="The client said no.", failure=ToolFailure.NOT_APPROVED)
    frames = told(client, settled, notices.ToolCallEnded(REPLY, 0, refused, BEFORE, 50))
    assert "response.mcp_call.in_progress" not in kinds(frames)
    assert kinds(frames)[-2:] == ["response.mcp_call.failed", "conversation.item.done"]


def test_a_call_that_nobody_answered_for_becomes_an_item_when_it_has_failed(client: RealtimeCodec) -> None:
    client.send(notices.ReplyCalledTool(REPLY, 0, ASKING, BEFORE, Approval.CLIENT))
    late = replace(ASKING, output="Nobody answered.", failure=ToolFailure.NOT_APPROVED)
    frames = told(client, notices.ToolCallEnded(REPLY, 0, late, BEFORE, 60_000))
    assert kinds(frames) == ["conversation.item.added", "response.mcp_call.failed", "conversation.item.done"]


def test_the_clients_word_goes_to_the_conversation() -> None:
    answer = {"type": "mcp_approval_response", "approval_request_id": "item_4", "approve": False, "reason": "No."}
    given = receive(codec(), {"type": "conversation.item.create", "event_id": "e", "item": {**answer, "id": "mine"}})
    assert given == events.ToolApprovalGiven(
        ItemId("item_4"), approve=False, reason="No.", item_id=ItemId("mine"), event_id=EventId("e")
    )


@pytest.mark.parametrize("missing", ["approval_request_id", "approve"])
def test_half_an_answer_is_refused(missing: str) -> None:
    answer = {"type": "mcp_approval_response", "approval_request_id": "item_4", "approve": True}
    del answer[missing]
    with pytest.raises(WireError) as refused:
        receive(codec(), {"type": "conversation.item.create", "item": answer})
    assert (refused.value.code, refused.value.param) == ("missing_required_parameter", f"item.{missing}")


def test_a_call_can_be_asked_for_again(client: RealtimeCodec) -> None:
    client.send(notices.ReplyCalledTool(REPLY, 0, CALL, BEFORE))
    frames = told(client, notices.ItemRetrieved(FOUND))
    assert (kinds(frames), frames[0]["item"]["output"]) == (["conversation.item.retrieved"], "Seven.")


# --- a client that declared none --------------------------------------------------------------------------------------


def beta_client() -> RealtimeCodec:
    by = codec(Settings(), beta=True)
    update(by, {"tools": [SHOP]})
    return by


STRANGERS = [
    pytest.param(codec, id="a client of an agent with a server"),
    pytest.param(beta_client, id="a client of the beta, which has no servers"),
]


@pytest.mark.parametrize("connected", STRANGERS)
def test_who_knows_no_servers_is_told_nothing_of_them(connected: Callable[[], RealtimeCodec]) -> None:
    by = connected()
    silent: list[Notice] = [
        notices.ToolsListing(ItemId("item_2"), "shop", BEFORE),
        notices.ToolsListed(ItemId("item_2"), "shop", LISTED, BEFORE),
        notices.ToolsListFailed(ItemId("item_2"), "shop", "no"),
        notices.ReplyCalledTool(REPLY, 0, ASKING, BEFORE, Approval.CLIENT),
        _settled(None, CALL.item_id, approve=True),
        notices.ToolCallEnded(REPLY, 0, FOUND, BEFORE, 50),
        notices.ItemDone(FOUND, BEFORE),
        notices.ItemRetrieved(FOUND),
        notices.ItemDeleted(CALL.item_id),
    ]
    assert [by.send(notice) for notice in silent] == [[]] * len(silent)


def test_a_hidden_call_leaves_no_gap() -> None:
    by = codec()
    function = FunctionCall(ItemId("item_8"), CallId("call_8"), "clock", "{}")
    by.send(notices.ReplyCalledTool(REPLY, 0, CALL, BEFORE))
    by.send(notices.ReplyCalledTool(REPLY, 1, HOOK, CALL.item_id))
    frames = told(by, notices.ReplyCalledFunction(REPLY, 1, function, CALL.item_id))
    assert {frame["output_index"] for frame in frames if "output_index" in frame} == {0}
    assert {frame["previous_item_id"] for frame in frames if "previous_item_id" in frame} == {"item_0"}
    done = told(by, notices.ReplyDone(_ended((CALL, function))))
    assert [item["type"] for item in done[0]["response"]["output"]] == ["function_call"]
    committed = told(by, notices.AudioCommitted(ItemId("item_10"), CALL.item_id))
    assert committed[0]["previous_item_id"] == "item_0"


def test_other_kinds_are_hidden_from_who_declared_a_server_too(client: RealtimeCodec) -> None:
    client.send(notices.ReplyCalledTool(REPLY, 0, HOOK, BEFORE))
    other = replace(CALL, item_id=ItemId("item_3"), label="agents")
    client.send(notices.ReplyCalledTool(REPLY, 0, other, BEFORE))
    frames = told(client, notices.ReplyCalledTool(REPLY, 1, CALL, other.item_id))
    assert (frames[0]["output_index"], frames[1]["previous_item_id"]) == (0, "item_0")
    client.send(notices.ReplyDone(_ended((other, CALL))))
    assert told(client, notices.ToolCallEnded(REPLY, 1, FOUND, other.item_id, 9))[0]["output_index"] == 0


def test_calls_outside_the_conversation_are_no_items_of_it(client: RealtimeCodec) -> None:
    called = notices.ReplyCalledTool(REPLY, 0, CALL, None, in_conversation=False)
    frames = told(client, called, notices.ToolCallEnded(REPLY, 0, FOUND, None, 9, in_conversation=False))
    assert not [kind for kind in kinds(frames) if kind.startswith("conversation.")]
    assert kinds(frames)[-1] == "response.mcp_call.completed"


def test_calls_of_an_earlier_connection_are_told_only_to_who_knows_their_server() -> None:
    past: tuple[Item, ...] = (SAID, HOOK, FOUND)
    for tools, expected in (([], ["message"]), ([SHOP], ["message", "mcp_call"])):
        by = RealtimeCodec(
            session_id="s",
            conversation_id="c",
            model="m",
            settings=Settings(),
            resolve_voice=lambda name: name,
            replay=past,
        )
        settings = update(by, {"resumption": {"enabled": True}, "tools": tools}).command.settings
        frames = [json.loads(frame) for frame in by.send(notices.SessionUpdated(settings))]
        assert [frame["item"]["type"] for frame in frames[1:]] == expected


# --- this server's own events -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("connected", STRANGERS)
def test_who_asks_is_told_of_every_call(connected: Callable[[], RealtimeCodec]) -> None:
    by = connected()
    update(by, {"vivavoce": {"tool_calls": True}})
    frames = told(by, notices.ReplyCalledTool(REPLY, 0, HOOK, BEFORE, Approval.CALLER))
    about = {
        "item_id": "item_6",
        "call_id": "call_6",
        "response_id": "resp_1",
        "kind": "webhook",
        "server_label": None,
        "name": "book",
        "arguments": "{}",
    }
    del frames[0]["event_id"]
    started = {"type": "vivavoce.tool_call.started", **about, "waits_for": "caller", "approval_request_id": None}
    assert frames == [started]
    refused = replace(HOOK, output="It is full.", failure=ToolFailure.REFUSED)
    frames = told(by, notices.ToolCallEnded(REPLY, 0, refused, BEFORE, 45))
    del frames[0]["event_id"]
    error = {"code": "refused", "message": "It is full."}
    ended = {"type": "vivavoce.tool_call.ended", **about, "output": "It is full.", "error": error, "duration_ms": 45}
    assert frames == [ended]


def test_who_declared_a_server_and_asks_is_told_both_ways(client: RealtimeCodec) -> None:
    update(client, {"vivavoce": {"tool_calls": True}})
    frames = told(
        client, notices.ReplyCalledTool(REPLY, 0, CALL, BEFORE), notices.ToolCallEnded(REPLY, 0, FOUND, BEFORE, 5)
    )
    assert kinds(frames)[5:] == [
        "response.mcp_call.in_progress",
        "vivavoce.tool_call.started",
        "response.mcp_call.completed",
        "conversation.item.done",
        "vivavoce.tool_call.ended",
    ]
    assert frames[-1]["error"] is None


def _settled(reason: str | None, previous: ItemId, *, approve: bool) -> notices.ToolApprovalSettled:
    return notices.ToolApprovalSettled(ItemId("item_7"), ItemId("item_4"), approve, reason, previous)


def _ended(output: tuple[Item, ...]) -> ReplySnapshot:
    return ReplySnapshot(REPLY, Modality.AUDIO, "eve", None, None, output, EndReason.COMPLETED)
