"""Who has to agree before a call runs: the caller, by saying so, or the client, by an answer of its own.

Consent of the caller is for one call with the very arguments that it was asked for, and is used up by it. Owned by
`ToolCalls`; lives as long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.events import ToolApprovalGiven
from vivavoce.conversation.history import DuplicateItemError
from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.notices import ToolApprovalSettled
from vivavoce.conversation.spoken_words import consists_of, phrases, spoken_words

APPROVAL_PATIENCE_SECONDS = 60.0
"""How long a client may take to approve a call."""

Asked = tuple[str, str]
"""The name and the arguments of a call, written in one way only."""


class Consents:
    """What the caller has been asked, or is being asked."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._asked_at: dict[Asked, int] = {}

    def use(self, asked: Asked) -> bool:
        """True if the caller has been asked for this call and the latest words since then agree; for one call."""
        at = self._asked_at.get(asked)
        if at is None or at == self._call.caller_spoke:
            return False
        if not agrees(self._call.caller_said, self._call.settings.language):
            return False
        del self._asked_at[asked]
        return True

    def ask(self, asked: Asked) -> None:
        """The caller is asked from here on."""
        self._asked_at[asked] = self._call.caller_spoke


def agrees(words: str, language: str | None) -> bool:
    """Whether these words of the caller are a plain yes. The list is English; of other languages any words count."""
    if language is not None and not language.casefold().startswith("en"):
        return bool(words)
    spoken = spoken_words(words)
    return consists_of(spoken, _YES | _WITH_IT) and any(consists_of(spoken[at:], _YES) for at in range(len(spoken)))


_YES = phrases(
    *(
        "yes",
        "yeah",
        "yep",
        "yup",
        "yes please",
        "sure",
        "of course",
        "okay",
        "all right",
        "alright",
        "right",
        "correct",
    ),
    *("exactly", "absolutely", "definitely", "certainly", "that's right", "that's correct", "that's fine", "it is"),
    *(
        "fine",
        "i do",
        "please do",
        "go ahead",
        "please go ahead",
        "do it",
        "do that",
        "do so",
        "sounds good",
        "perfect",
    ),
    *(
        "sounds great",
        "great",
        "go for it",
        "i agree",
        "agreed",
        "i confirm",
        "confirmed",
        "you can",
        "you may",
        "uh-huh",
    ),
    *("mm-hmm", "mhm", "by all means", "that would be great", "that's it", "that is right", "that is correct"),
)
_WITH_IT = phrases("please", "thanks", "thank you", "and", "so", "oh", "well", "now", "um", "uh", "then", "just")
"""What may stand beside a yes and change nothing."""


class ClientApprovals:
    """Calls that wait for the client's word."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waiting: dict[ItemId, tuple[CallId, float]] = {}

    def ask(self, item_id: ItemId, call_id: CallId) -> None:
        """The client is asked by this item."""
        self._waiting[item_id] = call_id, self._call.now + APPROVAL_PATIENCE_SECONDS
        self._watch()

    def settle(self, command: ToolApprovalGiven) -> CallId | None:
        """The call that it is about; None if the command is refused."""
        waiting = self._waiting.get(command.approval_item_id)
        if waiting is None:
            message = f"no request for approval '{command.approval_item_id}' waits for an answer"
            self._call.refuse("approval_request_not_found", message, command.event_id, "item.approval_request_id")
            return None
        if command.item_id is not None and self._call.history.is_taken(command.item_id):
            refusal = str(DuplicateItemError(command.item_id))
            self._call.refuse("item_create_duplicate_item_id", refusal, command.event_id, "item.id")
            return None
        self.forget(waiting[0])
        item_id = command.item_id or self._call.next_item_id()
        self._call.history.reserve(item_id)
        previous = self._call.history.last_item_id
        asked_by = command.approval_item_id
        self._call.tell(ToolApprovalSettled(item_id, asked_by, command.approve, command.reason, previous))
        return waiting[0]

    def overdue(self) -> list[CallId]:
        """Those that have waited long enough; they wait no longer."""
        late = [call_id for call_id, until in self._waiting.values() if until <= self._call.now]
        for call_id in late:
            self.forget(call_id)
        self._watch()
        return late

    def forget(self, call_id: CallId) -> None:
        """It waits no longer."""
        self._waiting = {item_id: waiting for item_id, waiting in self._waiting.items() if waiting[0] != call_id}
        self._watch()

    def _watch(self) -> None:
        until = min((until for _, until in self._waiting.values()), default=None)
        if until is None:
            self._call.deadlines.clear(Deadline.APPROVAL)
        else:
            self._call.deadlines.set(Deadline.APPROVAL, until)
