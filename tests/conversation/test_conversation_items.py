"""Stories of the client's commands on items: create, delete, retrieve, and ids that cannot be had."""

from __future__ import annotations

from conversation_stories import (
    MANUAL,
    VAD,
    Story,
    agent_says,
    at,
    caller_says,
    calls,
    falls_silent,
    item,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
)

from vivavoce.conversation.events import (
    AudioCommitRequested,
    ItemCreateRequested,
    ItemDeleteRequested,
    ItemRetrieveRequested,
    ItemTruncateRequested,
    ResponseRequested,
)
from vivavoce.conversation.history import ROOT
from vivavoce.conversation.identifiers import CallId, EventId, ItemId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, Part, PartKind, Role

E1 = EventId("e1")


def typed(item_id: str, text: str, role: Role = Role.USER) -> Message:
    kind = PartKind.OUTPUT_TEXT if role is Role.ASSISTANT else PartKind.INPUT_TEXT
    return Message(ItemId(item_id), role, (Part(kind, text),))


def creates(new: Item, after: str | None = None) -> ItemCreateRequested:
    return ItemCreateRequested(new, None if after is None else ItemId(after), E1)


def prompts(expected: str) -> tuple[str, str]:
    return "reply 1 created (audio, eve)", f"start reply 1 (audio, eve): {expected}"


THREE = (
    at(1.0, creates(typed("a", "A")), ...),
    at(1.0, creates(typed("b", "B")), ...),
    at(1.0, creates(typed("c", "C")), ...),
)


@told(
    story(
        "an item keeps the id that the client chose",
        MANUAL,
        at(
            1.0,
            creates(typed("mine", "Hi")),
            "added: mine user input_text 'Hi' first",
            "done: mine user input_text 'Hi' first",
        ),
    ),
    story(
        "an item without an id gets the next",
        MANUAL,
        at(
            1.0,
            creates(typed("", "Hi")),
            "added: item 1 user input_text 'Hi' first",
            "done: item 1 user input_text 'Hi' first",
        ),
        at(
            1.0,
            creates(typed("", "Ho")),
            "added: item 2 user input_text 'Ho' after item 1",
            "done: item 2 user input_text 'Ho' after item 1",
        ),
    ),
    story(
        "items stand in the order in which they were put: at the end, at the front, behind another",
        MANUAL,
        THREE,
        at(1.1, creates(typed("z", "Z"), ROOT), "added: z user input_text 'Z' first", ...),
        at(1.2, creates(typed("m", "M"), "a"), "added: m user input_text 'M' after a", ...),
        at(1.3, creates(typed("y", "Y"), "c"), "added: y user input_text 'Y' after c", ...),
        at(1.4, ResponseRequested(), *prompts("user: Z | user: A | user: M | user: B | user: C | user: Y")),
    ),
    story(
        "every kind of item finds its place in the prompt",
        MANUAL,
        at(1.0, creates(typed("s", "Be kind.", Role.SYSTEM)), ...),
        at(1.0, creates(typed("u", "Hi")), ...),
        at(1.0, creates(typed("a", "Ho", Role.ASSISTANT)), ...),
        at(
            1.0,
            creates(FunctionCall(ItemId("f"), CallId("c1"), "weather", "{}")),
            "added: f calls weather({}) as c1 after a",
            "done: f calls weather({}) as c1 after a",
        ),
        at(1.0, creates(FunctionCallOutput(ItemId("o"), CallId("c1"), "sunny")), ...),
        at(1.0, creates(Message(ItemId("e"), Role.USER, ())), ...),
        at(
            1.1,
            ResponseRequested(),
            *prompts(
                "system: Be kind. | user: Hi | assistant: Ho | assistant: weather({}) as c1 | tool c1: sunny",
            ),
        ),
    ),
    story(
        "a taken id is refused and changes nothing",
        MANUAL,
        THREE,
        at(1.1, creates(typed("b", "Other")), "refused: item_create_duplicate_item_id (item.id) for e1"),
        at(1.2, ResponseRequested(), *prompts("user: A | user: B | user: C")),
    ),
    story(
        "an unknown predecessor is refused and changes nothing",
        MANUAL,
        THREE,
        at(
            1.1,
            creates(typed("d", "D"), "nowhere"),
            "refused: item_create_invalid_previous_item_id (previous_item_id) for e1",
        ),
        at(1.2, ItemRetrieveRequested(ItemId("d")), "refused: item_retrieve_invalid_item_id (item_id)"),
        at(1.3, ResponseRequested(), *prompts("user: A | user: B | user: C")),
    ),
    story(
        "a deleted item is gone, and its id is free again",
        MANUAL,
        THREE,
        at(1.1, ItemDeleteRequested(ItemId("b")), "deleted: b"),
        at(1.1, ItemDeleteRequested(ItemId("b"), E1), "refused: item_delete_invalid_item_id (item_id) for e1"),
        at(1.2, creates(typed("b", "B again"), "a"), "added: b user input_text 'B again' after a", ...),
        at(1.3, ResponseRequested(), *prompts("user: A | user: B again | user: C")),
    ),
    story(
        "an item can be read back as it is",
        MANUAL,
        THREE,
        at(1.1, ItemRetrieveRequested(ItemId("b"), E1), "retrieved: b user input_text 'B'"),
        at(1.1, ItemRetrieveRequested(ItemId("x"), E1), "refused: item_retrieve_invalid_item_id (item_id) for e1"),
    ),
    story(
        "a turn can be read back without its words, and then with them",
        MANUAL,
        at(1.0, AudioCommitRequested(500), ...),
        at(1.1, ItemRetrieveRequested(item(1)), "retrieved: item 1 user input_audio ..."),
        at(1.2, words(1, 1, "Good day."), ...),
        at(1.3, ItemRetrieveRequested(item(1)), "retrieved: item 1 user input_audio 'Good day.'"),
    ),
    story(
        "a message that was cut is read back as it was heard",
        VAD,
        caller_says(1, "Count!", since=1.0),
        agent_says(1, "One two three four.", since=3.0, lasts_ms=1900),
        at(3.1, ItemRetrieveRequested(item(2)), "retrieved: item 2 assistant output_audio '' in_progress"),
        at(4.9, falls_silent(1, 1900), ...),
        at(5.0, ItemTruncateRequested(item(2), 0, 1000), ...),
        at(5.1, ItemRetrieveRequested(item(2)), "retrieved: item 2 assistant output_audio 'One two'"),
    ),
    story(
        "a deleted message of the agent cannot be truncated, whatever bears its id now",
        MANUAL,
        at(1.0, ResponseRequested(), ...),
        agent_says(1, "Good day.", since=1.2),
        at(2.2, falls_silent(1, 1000), ...),
        at(2.3, ItemDeleteRequested(item(1)), "deleted: item 1"),
        at(2.4, ItemTruncateRequested(item(1), 0, 100), "refused: item_truncate_invalid_item_id (item_id)"),
        at(2.5, creates(typed(item(1), "Hi")), ...),
        at(2.6, ItemTruncateRequested(item(1), 0, 100), "refused: item_truncate_invalid_item_id (item_id)"),
    ),
)
def test_items(one: Story) -> None:
    one.play()


@told(
    story(
        "the agent's message takes the next free id when the client has used the one it would get",
        MANUAL,
        at(1.0, creates(typed(item(1), "Hi")), ...),
        at(1.0, creates(typed(item(2), "Ho")), ...),
        at(1.1, ResponseRequested(), ...),
        at(
            1.2,
            writes(1, "Good"),
            "reply 1 message 0 added: item 3 assistant output_audio '' in_progress after item 2",
        ),
    ),
    story(
        "a tool call takes the next free id when the client has used the one it would get",
        MANUAL,
        at(1.0, creates(typed(item(1), "Hi")), ...),
        at(1.1, ResponseRequested(), ...),
        at(1.2, calls(1, "c1"), "reply 1 call 0: item 2 calls weather({}) as c1 after item 1"),
    ),
    story(
        "an item without an id gets one that the client has not used",
        MANUAL,
        at(1.0, creates(typed(item(1), "Hi")), ...),
        at(1.1, creates(typed("", "Ho")), "added: item 2 user input_text 'Ho' after item 1", ...),
    ),
    story(
        "a turn takes the next free id when the client has used the one it would get",
        VAD,
        at(1.0, creates(typed(item(1), "Hi")), ...),
        at(1.1, starts(1000), "speech started: item 2 at 700 ms", "open turn item 2 from 700 ms"),
    ),
    story(
        "a committed turn takes the next free id when the client has used the one it would get",
        MANUAL,
        at(1.0, creates(typed(item(1), "Hi")), ...),
        at(1.1, AudioCommitRequested(500), "take the buffer as item 2", ...),
    ),
    story(
        "the id of a turn that is being spoken is taken",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, creates(typed(item(1), "Hi")), "refused: item_create_duplicate_item_id (item.id) for e1"),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
        ),
    ),
    story(
        "a turn that is being spoken cannot be deleted, read or stood behind",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.2, ItemDeleteRequested(item(1)), "refused: item_delete_invalid_item_id (item_id)"),
        at(1.3, ItemRetrieveRequested(item(1)), "refused: item_retrieve_invalid_item_id (item_id)"),
        at(
            1.4,
            creates(typed("a", "A"), item(1)),
            "refused: item_create_invalid_previous_item_id (previous_item_id) for e1",
        ),
    ),
)
def test_ids_that_the_client_chose(one: Story) -> None:
    one.play()
