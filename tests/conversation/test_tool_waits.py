"""Stories of the while that a tool runs: what the caller hears, and what the client has its part in."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    Story,
    Waits,
    agent_says,
    at,
    calls,
    fails,
    falls_silent,
    speaks,
    story,
    told,
    when_due,
    writes,
    written,
)
from tool_stories import BACKGROUND, FILLED, HOSTED, LOOKUP, asked, makes, result

from vivavoce.conversation.events import (
    ItemCreateRequested,
    ResponseCancelRequested,
    ResponseRequested,
)
from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import FunctionCallOutput
from vivavoce.conversation.settings import Fillers, Modality, Tool

WEATHER = Tool("weather", "Tells the weather.", "{}")
MIXED = replace(HOSTED, tools=(WEATHER,))


@told(
    story(
        "where the client has its own part, its response.create starts the answer",
        MIXED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup"), ("c2", "weather")),
        at(3.5, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 500 ms"),
        at(3.6, ItemCreateRequested(FunctionCallOutput(ItemId("sunny"), CallId("c2"), "sun")), ...),
        at(
            3.7,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool weather, tool lookup): user: Where is it? | assistant: "
                "lookup({}) as c1, weather({}) as c2 | tool c1: shipped | tool c2: sun"
            ),
        ),
    ),
    story(
        "a response that is asked for while tools run waits for them",
        MIXED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup"), ("c2", "weather")),
        at(3.3, ItemCreateRequested(FunctionCallOutput(ItemId("sunny"), CallId("c2"), "sun")), ...),
        at(3.4, ResponseRequested()),
        at(3.5, ResponseRequested(), "refused: conversation_already_has_active_response"),
        at(
            3.6,
            result("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 600 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool weather, tool lookup): user: Where is it? | assistant: "
                "lookup({}) as c1, weather({}) as c2 | tool c1: shipped | tool c2: sun"
            ),
        ),
    ),
    story(
        "one that is asked for while their reply is still spoken waits as well",
        HOSTED,
        asked(LOOKUP),
        agent_says(1, "Let me look.", since=3.0)[:2],
        at(3.1, calls(1, "c1", "lookup"), ...),
        at(3.2, written(1)),
        at(3.3, ResponseRequested()),
        at(3.4, speaks(1, "Let me look."), ...),
        at(
            4.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 2 assistant output_audio 'Let me look.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        at(
            4.5,
            result("c1"),
            "reply 1 tool 1 ended: item 3 runs lookup({}) as c1 gave 'shipped' after item 2, 1400 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: Let me look. | "
                "assistant: lookup({}) as c1 | tool c1: shipped"
            ),
        ),
    ),
    story(
        "who cancels the reply is not bothered with the result",
        HOSTED,
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(3.1, ResponseCancelRequested(), "cancel reply 1", "reply 1 ended (client_cancelled): nothing"),
        at(3.5, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 500 ms"),
        Waits(None),
    ),
)
def test_clients_that_have_their_part(one: Story) -> None:
    one.play()


@told(
    story(
        "a tool's own words are said at once if its reply has none, and stand before the call",
        HOSTED,
        asked(FILLED),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(3.1, written(1)),
        at(
            3.2,
            falls_silent(1, 0),
            "reply 1 ended (completed): nothing",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve, tool lookup): script 'One second.'",
        ),
        at(
            3.3,
            writes(2, "One second."),
            "reply 2 message 0 added: item 3 assistant output_audio '' in_progress after item 1",
        ),
        at(3.4, written(2)),
        at(3.5, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 3, 500 ms"),
        at(3.6, speaks(2, "One second."), ...),
        at(
            4.2,
            falls_silent(2, 800),
            "reply 2 message 0 done: item 3 assistant output_audio 'One second.' after item 1",
            "reply 2 ended (completed): item 3",
            (
                "warm: user: Where is it? | assistant: One second. | assistant: lookup({}) as c1 | tool c1: "
                "shipped, tool lookup"
            ),
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: One second. | "
                "assistant: lookup({}) as c1 | tool c1: shipped"
            ),
        ),
    ),
    story(
        "a reply with words of its own needs no others",
        HOSTED,
        asked(FILLED),
        agent_says(1, "Let me look.", since=3.0)[:2],
        at(3.1, calls(1, "c1", "lookup"), ...),
        at(3.2, written(1)),
        at(3.4, speaks(1, "Let me look."), ...),
        at(
            4.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 2 assistant output_audio 'Let me look.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
    ),
    story(
        "a tool that takes long is waited for with the words of the session",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        when_due(
            4.4, "reply 2 created (audio, eve)", "start reply 2 (audio, eve, tool lookup): script 'One moment, please.'"
        ),
    ),
    story(
        "who has heard words for the wait is left alone for longer",
        HOSTED,
        asked(FILLED),
        makes(1, 3.0, ("c1", "lookup")),
        agent_says(2, "One second.", since=3.3),
        at(4.3, falls_silent(2, 1000), ...),
        when_due(9.3, ...),
        agent_says(3, "One moment, please.", since=9.3),
        at(10.3, falls_silent(3, 1000), ...),
        Waits(15.3),
    ),
    story(
        "a session that wants to wait longer before it says so does",
        replace(HOSTED, fillers=Fillers(late_tool_ms=3000)),
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        Waits(6.2),
    ),
    story(
        "nobody fills the wait of those who read",
        replace(HOSTED, modality=Modality.TEXT),
        asked(FILLED),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(3.1, written(1), "reply 1 ended (completed): nothing"),
        Waits(None),
    ),
    story(
        "an answer to a result that fails is apologised for",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(
            4.0,
            fails(2),
            "cancel reply 2",
            "reply 2 ended (failed 'the model is gone'): nothing",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): script 'Sorry, something went wrong there. Could "
                "you say that again?'"
            ),
        ),
    ),
    story(
        "so is one that is empty",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(4.0, written(2)),
        at(
            4.1,
            falls_silent(2, 0),
            "reply 2 ended (completed): nothing",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): script 'Sorry, something went wrong there. Could "
                "you say that again?'"
            ),
        ),
    ),
    story(
        "a session without words for it stays silent",
        replace(HOSTED, fillers=Fillers(failure_words="")),
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(4.0, fails(2), "cancel reply 2", "reply 2 ended (failed 'the model is gone'): nothing"),
    ),
    story(
        "a call in the background lets the conversation go on, and speaks up when it has ended",
        HOSTED,
        asked(BACKGROUND),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(3.1, written(1)),
        at(
            3.2,
            falls_silent(1, 0),
            "reply 1 ended (completed): nothing",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: Running in the background: go on with the conversation. The result will be told "
                "here when it is there."
            ),
        ),
        agent_says(2, "I am on it.", since=4.0),
        at(
            4.5, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 1500 ms"
        ),
        at(
            5.0,
            falls_silent(2, 1000),
            "reply 2 message 0 done: item 3 assistant output_audio 'I am on it.' after item 1",
            "reply 2 ended (completed): item 3",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped | assistant: I am on it. | system: There is now a result of lookup: tell "
                "the caller what matters of it, briefly."
            ),
        ),
    ),
    story(
        "a reply that has told of it already says nothing more of it",
        HOSTED,
        asked(BACKGROUND),
        agent_says(1, "I am on it.", since=3.0)[:2],
        at(3.1, calls(1, "c1", "lookup"), ...),
        at(3.2, written(1)),
        at(3.4, speaks(1, "I am on it."), ...),
        at(
            4.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 2 assistant output_audio 'I am on it.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        at(
            6.0,
            result("c1"),
            "reply 1 tool 1 ended: item 3 runs lookup({}) as c1 gave 'shipped' after item 2, 2900 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: I am on it. | "
                "assistant: lookup({}) as c1 | tool c1: shipped | system: There is now a result of lookup: "
                "tell the caller what matters of it, briefly."
            ),
        ),
    ),
)
def test_what_the_caller_hears_meanwhile(one: Story) -> None:
    one.play()
