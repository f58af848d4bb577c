"""How one tool is to be called: who runs it, how long it may take, and what the caller has to do with it. Values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

ToolSourceKey = NewType("ToolSourceKey", str)
"""Names one declaration of tools that the server runs (a webhook, an MCP server, a search), as the shell knows it."""


class ToolKind(StrEnum):
    """What runs a tool. All but functions are run by the server."""

    FUNCTION = "function"
    WEBHOOK = "webhook"
    MCP = "mcp"
    FILE_SEARCH = "file_search"
    WEB_SEARCH = "web_search"
    X_SEARCH = "x_search"
    SYSTEM = "system"


class OnInterruption(StrEnum):
    """What becomes of a call that is still running when the caller speaks up.

    `CANCEL` gives it up. `FINISH` lets it end, and its result is told with the next answer. `BACKGROUND` lets the
    conversation go on at once, interrupted or not; the agent speaks up when the result is there.
    """

    CANCEL = "cancel"
    FINISH = "finish"
    BACKGROUND = "background"


class Approval(StrEnum):
    """Who has to agree before a call runs: nobody, the caller by voice, or the client (`mcp_approval_request`)."""

    NOBODY = "nobody"
    CALLER = "caller"
    CLIENT = "client"


class ToolDirective(StrEnum):
    """What the agent does with a result: answer, say nothing, or say goodbye and end the call."""

    ANSWER = "answer"
    STAY_SILENT = "stay_silent"
    END_CALL = "end_call"


class ToolFailure(StrEnum):
    """Why a call came to nothing."""

    INVALID_ARGUMENTS = "invalid_arguments"
    NOT_SAID = "not_said"
    """A required argument that the caller never said."""
    NOT_CONFIGURED = "not_configured"
    NOT_APPROVED = "not_approved"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """The far end answered that it will not, or cannot."""
    UNUSABLE_RESULT = "unusable_result"
    UNKNOWN_TOOL = "unknown_tool"


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """`timeout_ms`: after it the call is given up, and the model told so. `filler`: said at once when the tool is
    called without a word before it; None: the session's words for a wait, when it lasts.
    """

    timeout_ms: int = 10_000
    on_interruption: OnInterruption = OnInterruption.FINISH
    approval: Approval = Approval.NOBODY
    filler: str | None = None


AS_USUAL = ToolPolicy()
