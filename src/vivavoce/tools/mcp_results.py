"""What an MCP tool gives back, in words that a language model can read. Pure; knows the MCP library's types."""

from __future__ import annotations

import json
from collections.abc import Iterator

import mcp_types

TEXT_CHARACTERS_MAXIMUM = 4_000
_CUT = " … [cut: the result is longer]"


def text_of(result: mcp_types.CallToolResult) -> str:
    """The texts, one below the other; what cannot be read aloud is described. At most 4000 characters.

    `structuredContent` is taken where there is no text beside it: servers repeat it as text for clients that do not
    know it (MCP 2025-06-18, "Structured Content").
    """
    told = "\n".join(_described(result)).strip()
    if not any(isinstance(block, mcp_types.TextContent) for block in result.content):
        structured = result.structured_content
        if structured is not None:
            told = "\n".join(filter(None, [json.dumps(structured, ensure_ascii=False), told]))
    return cut(told or "The tool gave no text.")


def cut(text: str, maximum: int = TEXT_CHARACTERS_MAXIMUM) -> str:
    """The text, no longer than that, and saying so where something is missing."""
    return text if len(text) <= maximum else text[: maximum - len(_CUT)] + _CUT


def _described(result: mcp_types.CallToolResult) -> Iterator[str]:
    for block in result.content:
        match block:
            case mcp_types.TextContent():
                yield block.text
            case mcp_types.ImageContent():
                yield f"[an image ({block.mime_type}) that cannot be shown here]"
            case mcp_types.AudioContent():
                yield f"[a sound ({block.mime_type}) that cannot be played here]"
            case mcp_types.ResourceLink():
                yield f"[a link to {block.title or block.name}: {block.uri}]"
            case mcp_types.EmbeddedResource(resource=mcp_types.TextResourceContents() as resource):
                yield resource.text
            case _:
                yield "[something that is not text]"
