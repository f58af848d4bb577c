"""The state that the parts of one conversation share: settings, history, ids, deadlines, and the orders being drained.

Owned by `Conversation`; lives as long as it.
"""

from __future__ import annotations

from vivavoce.conversation.deadlines import Deadlines
from vivavoce.conversation.heard import HeardLedger
from vivavoce.conversation.history import History, PromptMessage, prompt_of
from vivavoce.conversation.identifiers import EventId, Identifiers, ItemId
from vivavoce.conversation.items import ItemReference, Message, Role
from vivavoce.conversation.notices import CommandRefused, Notice
from vivavoce.conversation.orders import Order, SearchAhead, Tell, WarmPrompt
from vivavoce.conversation.prompt_truncation import truncated
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Settings, Tool
from vivavoce.conversation.tool_sources import ToolSources

AS_CONFIGURED = ReplyOptions()


class Call:
    """What every part may read; `order` and `tell` are the only ways out.

    `caller_spoke` counts what the caller has said or written: turns with words, and messages.
    `caller_said` are the latest words of these: they stay said when their item is deleted.
    """

    def __init__(self, settings: Settings, id_prefix: str) -> None:
        self.settings = settings
        self.history = History()
        self.sources = ToolSources()
        self.ids = Identifiers(id_prefix)
        self.deadlines = Deadlines()
        self.ledgers: dict[ItemId, HeardLedger] = {}
        self.now = 0.0
        self.caller_spoke = 0
        self.caller_said = ""
        self._orders: list[Order] = []
        self._searched = ""

    def next_item_id(self) -> ItemId:
        """The next id that no item bears; clients may have chosen one of ours."""
        item_id = self.ids.next_item()
        while self.history.is_taken(item_id):
            item_id = self.ids.next_item()
        return item_id

    def reserved_item_id(self) -> ItemId:
        """An id for what clients see as an item and the history does not hold."""
        item_id = self.next_item_id()
        self.history.reserve(item_id)
        return item_id

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the model may call: the client's functions, then what the server runs. Of one name, the first."""
        named: dict[str, Tool] = {}
        for tool in (*self.settings.tools, *self.sources.tools):
            named.setdefault(tool.name, tool)
        return tuple(named.values())

    def search_ahead(self, words: str) -> None:
        """The caller's turn may be over with these words: what they may call for can be looked up already."""
        if words and words != self._searched and self.sources.search_files:
            self._searched = words
            self.order(SearchAhead(words))

    @property
    def agent_said(self) -> str:
        """What the agent said last, as it was heard."""
        for item in reversed(self.history.items):
            if isinstance(item, Message) and item.role is Role.ASSISTANT:
                return item.text
        return ""

    def warm(self, words: str = "") -> None:
        """Let the language model read the prompt as it is now, before it is needed.

        `words`: what the caller has said so far in a turn that is not over; should it go on otherwise, nothing is lost.
        """
        prompt = self.prompt()
        if words:
            prompt = (*prompt, PromptMessage("user", words))
        if prompt:
            self.order(WarmPrompt(prompt, self.tools))

    def prompt(self, options: ReplyOptions = AS_CONFIGURED) -> tuple[PromptMessage, ...]:
        """What the model is to see for a reply. References to items that are gone by now are left out."""
        given = options.instructions if options.instructions is not None else self.settings.instructions
        instructions = "\n\n".join(part for part in (given, self.sources.unavailable) if part)
        if options.input is None:
            return truncated(self.history.prompt(instructions), self.settings.truncation)
        known = [each for each in options.input if not isinstance(each, ItemReference) or each.item_id in self.history]
        opening = [PromptMessage("system", instructions)] if instructions else []
        return (*opening, *prompt_of(self.history.resolved(known)))

    def order(self, order: Order) -> None:
        self._orders.append(order)

    def tell(self, notice: Notice) -> None:
        self._orders.append(Tell(notice))

    def refuse(self, code: str, message: str, event_id: EventId | None, param: str | None = None) -> None:
        self.tell(CommandRefused(code, message, param, event_id))

    def drain(self) -> list[Order]:
        orders, self._orders = self._orders, []
        return orders
