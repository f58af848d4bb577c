"""Names for declarations of tools: the same declaration has the same key, wherever it was read. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from vivavoce.conversation.tool_policy import ToolSourceKey

HOSTED_KINDS = ("webhook", "system", "mcp", "file_search", "web_search", "x_search")
"""Types of declarations that the server runs; all others are the client's."""


def is_hosted(declaration: Mapping[str, Any]) -> bool:
    return declaration.get("type", "function") in HOSTED_KINDS


def source_key(declaration: Mapping[str, Any]) -> ToolSourceKey:
    """What a declaration is called from here on. It tells nothing of what is in it but the type."""
    written = json.dumps(declaration, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return ToolSourceKey(f"{declaration['type']}:{hashlib.sha256(written.encode()).hexdigest()[:16]}")
