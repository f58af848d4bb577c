"""Stories of calls that somebody has to agree to: the caller, by saying so, or the client."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    Story,
    agent_says,
    at,
    caller_says,
    calls,
    falls_silent,
    item,
    reply,
    story,
    told,
    when_due,
    written,
)
from tool_stories import (
    BY_CALLER,
    BY_CLIENT,
    HOSTED,
    LOOKUP,
    asked,
    makes,
    result,
)

from vivavoce.conversation.events import ItemDeleteRequested, ReplyFailed, ToolApprovalGiven
from vivavoce.conversation.identifiers import EventId, ItemId
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import Approval, ToolPolicy

PAY = Tool("pay", "Pays.", "{}", policy=ToolPolicy(approval=Approval.CALLER))
GERMAN = replace(HOSTED, language="de")
WITHHELD = (*asked(BY_CALLER, text="Book it."), *makes(1, 3.0, ("c1", "book")))
AWAITED = (*asked(BY_CLIENT, text="Book it."), *makes(1, 3.0, ("c1", "book")))
ASKED_BACK = (*WITHHELD, *agent_says(2, "Shall I book it?", since=4.0), at(5.0, falls_silent(2, 1000), ...))


@told(
    story(
        "what the caller has to agree to is asked for first",
        HOSTED,
        asked(BY_CALLER, text="Book it."),
        at(
            3.0,
            calls(1, "c1", "book", '{"day":1}'),
            'reply 1 tool 0: item 2 runs book({"day":1}) as c1 in_progress after item 1',
            (
                'reply 1 tool 0 ended: item 2 runs book({"day":1}) as c1 gave \'Not run yet: the caller has '
                'to agree first. Say what book would do with {"day":1}, and ask for a yes. After the yes '
                "call book again with the same arguments.' (not_approved) after item 1, 0 ms"
            ),
        ),
        at(3.1, written(1)),
        at(
            3.2,
            falls_silent(1, 0),
            "reply 1 ended (completed): nothing",
            "reply 2 created (audio, eve)",
            (
                'start reply 2 (audio, eve, tool book): user: Book it. | assistant: book({"day":1}) as c1 | '
                'tool c1: Not run yet: the caller has to agree first. Say what book would do with {"day":1}, '
                "and ask for a yes. After the yes call book again with the same arguments."
            ),
        ),
    ),
    story(
        "after a yes it runs",
        HOSTED,
        ASKED_BACK,
        caller_says(4, "Yes, please.", since=6.0),
        at(
            8.0,
            calls(3, "c2", "book"),
            "reply 3 tool 0: item 5 runs book({}) as c2 in_progress after item 4",
            "run book({}) of webhook:orders as c2",
        ),
        at(8.1, calls(3, "c3", "book"), "reply 3 tool 0: item 6 runs book({}) as c3 in_progress after item 4"),
    ),
    story(
        "a yes is used up by the call that it was for",
        HOSTED,
        ASKED_BACK,
        caller_says(4, "Yes, please.", since=6.0),
        makes(3, 8.0, ("c2", "book")),
        at(8.5, result("c2", "booked"), ...),
        agent_says(4, "Done.", since=9.0),
        at(10.0, falls_silent(4, 1000), ...),
        caller_says(7, "Yes.", since=11.0),
        at(
            13.0,
            calls(5, "c3", "book"),
            "reply 5 tool 0: item 8 runs book({}) as c3 in_progress after item 7",
            (
                "reply 5 tool 0 ended: item 8 runs book({}) as c3 gave 'Not run yet: the caller has to agree "
                "first. Say what book would do with {}, and ask for a yes. After the yes call book again "
                "with the same arguments.' (not_approved) after item 7, 0 ms"
            ),
        ),
    ),
    story(
        "a yes to one thing is none to another",
        HOSTED,
        ASKED_BACK,
        caller_says(4, "Yes, please.", since=6.0),
        at(
            8.0,
            calls(3, "c2", "book", '{"day":2}'),
            'reply 3 tool 0: item 5 runs book({"day":2}) as c2 in_progress after item 4',
            (
                'reply 3 tool 0 ended: item 5 runs book({"day":2}) as c2 gave \'Not run yet: the caller has '
                'to agree first. Say what book would do with {"day":2}, and ask for a yes. After the yes '
                "call book again with the same arguments.' (not_approved) after item 4, 0 ms"
            ),
        ),
    ),
    story(
        "a yes with a but is no yes",
        HOSTED,
        ASKED_BACK,
        caller_says(4, "Yes, but not today.", since=6.0),
        at(
            8.0,
            calls(3, "c2", "book"),
            "reply 3 tool 0: item 5 runs book({}) as c2 in_progress after item 4",
            (
                "reply 3 tool 0 ended: item 5 runs book({}) as c2 gave 'Not run yet: the caller has to agree "
                "first. Say what book would do with {}, and ask for a yes. After the yes call book again "
                "with the same arguments.' (not_approved) after item 4, 0 ms"
            ),
        ),
    ),
    story(
        "a no that is deleted leaves no yes behind",
        HOSTED,
        ASKED_BACK,
        caller_says(4, "Yes, please.", since=6.0),
        at(7.6, ReplyFailed(reply(3), "gone"), ...),
        caller_says(5, "No.", since=8.0),
        at(9.9, ItemDeleteRequested(item(5)), ...),
        at(
            10.0,
            calls(4, "c2", "book"),
            "reply 4 tool 0: item 6 runs book({}) as c2 in_progress after item 4",
            (
                "reply 4 tool 0 ended: item 6 runs book({}) as c2 gave 'Not run yet: the caller has to agree "
                "first. Say what book would do with {}, and ask for a yes. After the yes call book again "
                "with the same arguments.' (not_approved) after item 4, 0 ms"
            ),
        ),
    ),
    story(
        "a yes that was said before the question is no answer to it",
        HOSTED,
        asked(BY_CALLER, text="Yes."),
        makes(1, 3.0, ("c1", "book")),
        at(
            4.0,
            calls(2, "c2", "book"),
            "reply 2 tool 0: item 3 runs book({}) as c2 in_progress after item 1",
            (
                "reply 2 tool 0 ended: item 3 runs book({}) as c2 gave 'Not run yet: the caller has to agree "
                "first. Say what book would do with {}, and ask for a yes. After the yes call book again "
                "with the same arguments.' (not_approved) after item 1, 0 ms"
            ),
        ),
    ),
    story(
        "in other languages the model has to understand the answer",
        GERMAN,
        ASKED_BACK,
        caller_says(4, "Ja, gerne.", since=6.0),
        at(
            8.0,
            calls(3, "c2", "book"),
            "reply 3 tool 0: item 5 runs book({}) as c2 in_progress after item 4",
            "run book({}) of webhook:orders as c2",
        ),
    ),
    story(
        "a client's function that the caller has to agree to is not told before",
        replace(HOSTED, tools=(PAY,)),
        asked(LOOKUP, text="Pay it."),
        makes(1, 3.0, ("c1", "pay")),
        agent_says(2, "Shall I pay?", since=4.0),
        at(5.0, falls_silent(2, 1000), ...),
        caller_says(4, "Go ahead.", since=6.0),
        at(8.0, calls(3, "c2", "pay"), "reply 3 call 0: item 5 calls pay({}) as c2 after item 4"),
    ),
    story(
        "what the client has to approve waits for it",
        HOSTED,
        asked(BY_CLIENT, text="Book it."),
        at(
            3.0,
            calls(1, "c1", "book"),
            "reply 1 tool 0: item 3 runs book({}) as c1 in_progress after item 2, waits for the client",
        ),
        at(3.1, written(1)),
        at(3.2, falls_silent(1, 0), "reply 1 ended (completed): item 3"),
        at(
            3.5,
            ToolApprovalGiven(item(4), approve=True, item_id=ItemId("fine")),
            "fine approves item 4 after item 3",
            "run book({}) of webhook:orders as c1",
        ),
        at(
            3.6,
            ToolApprovalGiven(item(4), approve=False, event_id=EventId("e1")),
            "refused: approval_request_not_found (item.approval_request_id) for e1",
        ),
        at(
            4.0,
            result("c1", "booked"),
            "reply 1 tool 0 ended: item 3 runs book({}) as c1 gave 'booked' after item 2, 1000 ms",
            "reply 2 created (audio, eve)",
            ("start reply 2 (audio, eve, tool book): user: Book it. | assistant: book({}) as c1 | tool c1: booked"),
        ),
    ),
    story(
        "what it denies does not run, and the model is told why",
        HOSTED,
        AWAITED,
        at(
            3.5,
            ToolApprovalGiven(item(4), approve=False, reason="too dear"),
            "item 5 denies item 4 as 'too dear' after item 3",
            (
                "reply 1 tool 0 ended: item 3 runs book({}) as c1 gave 'Not approved: too dear. It was not "
                "run.' (not_approved) after item 2, 500 ms"
            ),
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool book): user: Book it. | assistant: book({}) as c1 | tool "
                "c1: Not approved: too dear. It was not run."
            ),
        ),
    ),
    story(
        "what it has not approved in a minute does not run",
        HOSTED,
        AWAITED,
        when_due(4.4, ...),
        agent_says(2, "One moment, please.", since=4.4),
        at(5.4, falls_silent(2, 1000), ...),
        when_due(10.4, ...),
        agent_says(3, "I'm still looking.", since=10.4),
        at(11.4, falls_silent(3, 1000), ...),
        when_due(16.4, ...),
        agent_says(4, "It takes a little longer.", since=16.4),
        at(17.4, falls_silent(4, 1000), ...),
        when_due(
            63.0,
            (
                "reply 1 tool 0 ended: item 3 runs book({}) as c1 gave 'Not approved: nobody answered the "
                "request for approval in time. It was not run.' (not_approved) after item 7, 60000 ms"
            ),
            "reply 5 created (audio, eve)",
            (
                "start reply 5 (audio, eve, tool book): user: Book it. | assistant: One moment, please. | "
                "assistant: I'm still looking. | assistant: It takes a little longer. | assistant: book({}) "
                "as c1 | tool c1: Not approved: nobody answered the request for approval in time. It was not "
                "run."
            ),
        ),
    ),
    story(
        "an answer to no request is refused",
        HOSTED,
        asked(LOOKUP),
        at(
            3.0,
            ToolApprovalGiven(ItemId("nothing"), approve=True, event_id=EventId("e1")),
            "refused: approval_request_not_found (item.approval_request_id) for e1",
        ),
    ),
    story(
        "an answer whose id is taken is refused, and the request waits on",
        HOSTED,
        AWAITED,
        at(
            3.5,
            ToolApprovalGiven(item(4), approve=True, item_id=item(2), event_id=EventId("e1")),
            "refused: item_create_duplicate_item_id (item.id) for e1",
        ),
        at(
            3.6,
            ToolApprovalGiven(item(4), approve=True),
            "item 5 approves item 4 after item 3",
            "run book({}) of webhook:orders as c1",
        ),
    ),
    story(
        "a call that is asked for twice is approved once",
        HOSTED,
        asked(BY_CLIENT, text="Book it."),
        at(3.0, calls(1, "c1", "book"), ...),
        at(3.1, calls(1, "c2", "book"), "reply 1 tool 1: item 5 runs book({}) as c2 in_progress after item 3"),
    ),
)
def test_approvals(one: Story) -> None:
    one.play()
