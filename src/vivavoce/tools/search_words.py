"""What the model gives to a search: one text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.ports import ToolError

QUERY_CHARACTERS_MAXIMUM = 300

QUERY_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to look for, in a few words."}},
    "required": ["query"],
    "additionalProperties": False,
}


def query_of(arguments: str) -> str:
    """The words to search for, in one line and of bounded length. Raises `ToolError`."""
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        given = None
    query = given.get("query") if isinstance(given, Mapping) else None
    words = " ".join(query.split()) if isinstance(query, str) else ""
    if not words:
        raise ToolError(ToolFailure.INVALID_ARGUMENTS, "A search needs a query: say what to look for.")
    return words[:QUERY_CHARACTERS_MAXIMUM]
