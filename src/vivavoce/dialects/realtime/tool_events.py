"""What clients are told of tools that the server runs: OpenAI's events of MCP servers, and this server's own.

Pure: one notice in, the events' dicts out. Who is told which is decided by `tool_telling`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import ServerCall
from vivavoce.conversation.settings import Tool

EventObject = dict[str, Any]

SENT_TO_WHO_HAS_SERVERS = (
    "mcp_list_tools.in_progress",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
)
"""What only sessions get whose client declared an MCP server: others break on items that they do not know."""

CALL_STARTED, CALL_ENDED = "vivavoce.tool_call.started", "vivavoce.tool_call.ended"


# --- lists of tools ---------------------------------------------------------------------------------------------------


def listing_events(notice: notices.ToolsListing, previous: ItemId | None) -> list[EventObject]:
    item = _list_object(notice.item_id, notice.label, ())
    return [
        {"type": "conversation.item.added", "item": item, "previous_item_id": previous},
        {"type": "mcp_list_tools.in_progress", "item_id": notice.item_id},
    ]


def listed_events(notice: notices.ToolsListed, previous: ItemId | None) -> list[EventObject]:
    item = _list_object(notice.item_id, notice.label, notice.tools)
    return [
        {"type": "conversation.item.done", "item": item, "previous_item_id": previous},
        {"type": "mcp_list_tools.completed", "item_id": notice.item_id},
    ]


def list_failed_events(notice: notices.ToolsListFailed) -> list[EventObject]:
    """`error` is xAI's and ours: OpenAI says that it failed, and not why."""
    return [{"type": "mcp_list_tools.failed", "item_id": notice.item_id, "error": {"message": notice.message}}]


def _list_object(item_id: ItemId, label: str, tools: tuple[Tool, ...]) -> EventObject:
    listed = [
        {
            "name": tool.name,
            "description": tool.description or None,
            "input_schema": msgspec.json.decode(tool.parameters),
            "annotations": None,
        }
        for tool in tools
    ]
    return {"id": item_id, "type": "mcp_list_tools", "server_label": label, "tools": listed}


# --- calls of MCP servers ---------------------------------------------------------------------------------------------


def call_object(call: ServerCall) -> EventObject:
    """The item of a call (OpenAI GA, RealtimeMcpToolCall)."""
    failed = call.failure is not None
    return {
        "id": call.item_id,
        "type": "mcp_call",
        "server_label": call.label,
        "name": call.name,
        "arguments": call.arguments,
        "approval_request_id": call.approval_item_id,
        "output": None if failed else call.output,
        "error": {"type": "tool_execution_error", "message": call.output or ""} if failed else None,
    }


def approval_object(call: ServerCall) -> EventObject:
    """The item that asks the client whether a call may be made (OpenAI GA, RealtimeMcpApprovalRequest)."""
    return {
        "id": call.approval_item_id,
        "type": "mcp_approval_request",
        "server_label": call.label,
        "name": call.name,
        "arguments": call.arguments,
    }


def called_events(notice: notices.ReplyCalledTool, previous: ItemId | None) -> list[EventObject]:
    """A call that is made at once. It is the reply's output as it begins; what comes of it is told with its item."""
    call = notice.item
    item = call_object(call)
    where = {"response_id": notice.reply_id, "item_id": call.item_id, "output_index": notice.output_index}
    return [
        _output("added", notice, {**item, "arguments": ""}),
        {"type": "conversation.item.added", "item": {**item, "arguments": ""}, "previous_item_id": previous},
        {"type": "response.mcp_call_arguments.delta", **where, "delta": call.arguments},
        {"type": "response.mcp_call_arguments.done", **where, "arguments": call.arguments},
        _output("done", notice, item),
        in_progress_event(notice),
    ]


def approval_asked_events(notice: notices.ReplyCalledTool, previous: ItemId | None) -> list[EventObject]:
    """A call that waits for the client's word."""
    item = approval_object(notice.item)
    return [
        _output("added", notice, item),
        {"type": "conversation.item.added", "item": item, "previous_item_id": previous},
        _output("done", notice, item),
        {"type": "conversation.item.done", "item": item, "previous_item_id": previous},
    ]


def approval_given_events(notice: notices.ToolApprovalSettled, previous: ItemId | None) -> list[EventObject]:
    """The client's word, as an item."""
    item = {
        "id": notice.item_id,
        "type": "mcp_approval_response",
        "approval_request_id": notice.approval_item_id,
        "approve": notice.approve,
        "reason": notice.reason,
    }
    return [
        {"type": f"conversation.item.{what}", "item": item, "previous_item_id": previous} for what in ("added", "done")
    ]


def in_progress_event(notice: notices.ReplyCalledTool) -> EventObject:
    where = {"item_id": notice.item.item_id, "output_index": notice.output_index}
    return {"type": "response.mcp_call.in_progress", **where}


def ended_events(notice: notices.ToolCallEnded, previous: ItemId | None) -> list[EventObject]:
    call = notice.item
    what = "completed" if call.failure is None else "failed"
    item = call_object(call)
    told: EventObject = {
        "type": f"response.mcp_call.{what}",
        "item_id": call.item_id,
        "output_index": notice.output_index,
    }
    if call.failure is not None:
        told["error"] = item["error"]  # xAI's and ours: OpenAI has it in the item alone
    return [told, {"type": "conversation.item.done", "item": item, "previous_item_id": previous}]


def _output(what: str, notice: notices.ReplyCalledTool, item: EventObject) -> EventObject:
    return {
        "type": f"response.output_item.{what}",
        "response_id": notice.reply_id,
        "output_index": notice.output_index,
        "item": item,
    }


# --- this server's own ------------------------------------------------------------------------------------------------


def own_events(notice: notices.Notice) -> list[EventObject]:
    """Every call that the server runs; only for sessions that asked for it."""
    match notice:
        case notices.ReplyCalledTool():
            about = _about(notice.item, notice.reply_id)
            asked = {"waits_for": notice.waits_for.value, "approval_request_id": notice.item.approval_item_id}
            return [{"type": CALL_STARTED, **about, **asked}]
        case notices.ToolCallEnded():
            failure = notice.item.failure
            error = None if failure is None else {"code": failure.value, "message": notice.item.output or ""}
            ended = {"output": notice.item.output, "error": error, "duration_ms": notice.duration_ms}
            return [{"type": CALL_ENDED, **_about(notice.item, notice.reply_id), **ended}]
        case _:
            return []


def _about(call: ServerCall, reply_id: str) -> EventObject:
    return {
        "item_id": call.item_id,
        "call_id": call.call_id,
        "response_id": reply_id,
        "kind": call.kind.value,
        "server_label": call.label or None,
        "name": call.name,
        "arguments": call.arguments,
    }
