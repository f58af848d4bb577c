"""Whether the caller has said what a model puts into a tool's arguments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vivavoce.conversation.settings import Tool


def check_grounded(tool: Tool, values: Mapping[str, Any], said: Sequence[str]) -> None:
    """Raises `ToolError` (`NOT_SAID`) for a required argument that nobody said."""
