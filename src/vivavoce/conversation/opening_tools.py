"""Opening the sources of tools that the settings name, and what clients and the model are told of them.

Owned by `Conversation`; lives as long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.events import ToolsFailed, ToolsOpened
from vivavoce.conversation.notices import ToolsListed, ToolsListFailed, ToolsListing
from vivavoce.conversation.orders import OpenTools
from vivavoce.conversation.replying import Replying, any_queued, may_warm
from vivavoce.conversation.settings import Tool

OPENING_PATIENCE_SECONDS = 1.5
"""How long replies wait for tools that are being opened; after it they begin with those that are there."""


class OpeningTools:
    """Lives as long as the call."""

    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying

    def follow_settings(self) -> None:
        """The call begins, or its settings have changed: other sources may be wanted."""
        settings = self._call.settings
        if self._call.sources.want(() if settings.only_transcribes else settings.tool_sources):
            self._call.order(OpenTools(self._call.sources.wanted))
            waits = self._call.deadlines.is_set(Deadline.TOOLS) and any_queued(self._replying)
            if not waits:  # who waits already does not wait longer
                self._call.deadlines.set(Deadline.TOOLS, self._call.now + OPENING_PATIENCE_SECONDS)
            self._settle()

    def give_up(self) -> None:
        """They have been waited for long enough."""
        self._call.sources.give_up_opening()
        self._settle()

    def handle(self, fact: ToolsOpened | ToolsFailed) -> None:
        """A source is there, or is not; of one that is no longer wanted nobody hears."""
        if fact.source not in self._call.sources.wanted:
            return
        if isinstance(fact, ToolsOpened):
            self._call.sources.open(fact.source, fact.tools)
            self._tell_listed(fact.tools)
        else:
            self._call.sources.fail(fact.source, fact.label, fact.message)
            self._tell_failed(fact)
        self._settle()
        if may_warm(self._replying):
            self._call.warm()

    def _settle(self) -> None:
        """What waits for tools begins, if there are none to wait for any more."""
        if not self._call.sources.opening:
            self._call.deadlines.clear(Deadline.TOOLS)
            self._replying.tools_settled()

    def _tell_listed(self, tools: tuple[Tool, ...]) -> None:
        """Clients know an MCP server by its label; of all other sources they hear nothing."""
        label = next((tool.label for tool in tools if tool.label), "")
        if label:
            item_id = self._call.reserved_item_id()
            previous = self._call.history.last_item_id
            self._call.tell(ToolsListing(item_id, label, previous))
            self._call.tell(ToolsListed(item_id, label, tools, previous))

    def _tell_failed(self, fact: ToolsFailed) -> None:
        if fact.label:
            item_id = self._call.reserved_item_id()
            self._call.tell(ToolsListing(item_id, fact.label, self._call.history.last_item_id))
            self._call.tell(ToolsListFailed(item_id, fact.label, fact.message))
