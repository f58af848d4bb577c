"""Stories of tools that ask for silence, or for the end of the call."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    Story,
    Waits,
    agent_says,
    at,
    caller_says,
    calls,
    falls_silent,
    pauses,
    played,
    speaks,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
    written,
)
from tool_stories import (
    BOOK,
    HOSTED,
    LOOKUP,
    asked,
    hangs_up,
    makes,
    result,
    stays_silent,
)

from vivavoce.conversation.settings import Modality


@told(
    story(
        "a tool that ends the call says goodbye first",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            hangs_up("c1", "Goodbye!"),
            ("reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'The call ends.' after item 1, 500 ms"),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve, tool lookup): script 'Goodbye!'",
        ),
        agent_says(2, "Goodbye!", since=4.0),
        at(5.0, falls_silent(2, 1000), ...),
        when_due(5.5, "call ended: end_call", "end the call: end_call"),
    ),
    story(
        "without a goodbye of its own the model finds one",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            hangs_up("c1", ""),
            ("reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'The call ends.' after item 1, 500 ms"),
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup, tool choice none): user: Where is it? | assistant: "
                "lookup({}) as c1 | tool c1: The call ends. | system: The call ends after this answer: "
                "answer briefly, then say goodbye."
            ),
        ),
        agent_says(2, "Bye!", since=4.0),
        at(5.0, falls_silent(2, 1000), ...),
        when_due(5.5, "call ended: end_call", "end the call: end_call"),
    ),
    story(
        "a goodbye that was said with the call is not said again",
        HOSTED,
        asked(LOOKUP),
        agent_says(1, "Goodbye!", since=3.0)[:2],
        at(3.1, calls(1, "c1", "lookup"), ...),
        at(3.2, written(1)),
        at(3.4, speaks(1, "Goodbye!"), ...),
        at(
            3.5,
            hangs_up("c1", ""),
            ("reply 1 tool 1 ended: item 3 runs lookup({}) as c1 gave 'The call ends.' after item 2, 400 ms"),
        ),
        at(
            4.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 2 assistant output_audio 'Goodbye!' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        when_due(4.5, "call ended: end_call", "end the call: end_call"),
    ),
    story(
        "a caller who speaks up during the goodbye is still there",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, hangs_up("c1", "Goodbye!"), ...),
        agent_says(2, "Goodbye!", since=4.0),
        at(4.3, played(2, 300)),
        at(
            4.4,
            starts(4400),
            "speech started: item 4 at 4100 ms",
            "cancel reply 2",
            "reply 2 message 0 done: item 3 assistant output_audio '' incomplete after item 1",
            "reply 2 ended (turn_detected): item 3",
            ("warm: user: Where is it? | assistant: lookup({}) as c1 | tool c1: The call ends., tool lookup"),
            "open turn item 4 from 4100 ms",
        ),
        at(5.5, pauses(5400, 5.4), ...),
        at(5.7, words(4, 1, "One more thing."), ...),
        when_due(
            5.9,
            "speech stopped: item 4 at 5400 ms",
            "close turn item 4",
            "committed: item 4 after item 3",
            "added: item 4 user input_audio ... after item 3",
            "transcript grew: item 4 'One more thing.'",
            "transcript: item 4 'One more thing.' of 1.0 s",
            "done: item 4 user input_audio 'One more thing.' after item 3",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: The call ends. | user: One more thing."
            ),
        ),
    ),
    story(
        "a caller who has gone on meanwhile is not hung up on",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "One more thing.", since=3.5)[:-1],
        at(
            4.9,
            hangs_up("c1", "Goodbye!"),
            ("reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'The call ends.' after item 1, 1900 ms"),
        ),
        when_due(
            5.0,
            "speech stopped: item 3 at 4500 ms",
            "close turn item 3",
            "committed: item 3 after item 1",
            "added: item 3 user input_audio ... after item 1",
            "transcript grew: item 3 'One more thing.'",
            "transcript: item 3 'One more thing.' of 1.0 s",
            "done: item 3 user input_audio 'One more thing.' after item 1",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: The call ends. | user: One more thing."
            ),
        ),
        agent_says(2, "Yes?", since=5.5),
        at(
            6.5,
            falls_silent(2, 1000),
            "reply 2 message 0 done: item 4 assistant output_audio 'Yes?' after item 3",
            "reply 2 ended (completed): item 4",
        ),
        Waits(None),
    ),
    story(
        "nor is one who has been answered meanwhile",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "One more thing.", since=3.5),
        agent_says(2, "Yes?", since=5.5),
        at(6.0, hangs_up("c1", "Goodbye!"), ...),
        at(
            6.5,
            falls_silent(2, 1000),
            "reply 2 message 0 done: item 4 assistant output_audio 'Yes?' after item 3",
            "reply 2 ended (completed): item 4",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: The call ends. | user: One more thing. | assistant: Yes? | system: There is now a "
                "result of lookup: tell the caller what matters of it, briefly."
            ),
        ),
    ),
    story(
        "those who read are told goodbye, and the call ends",
        replace(HOSTED, modality=Modality.TEXT),
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(3.1, written(1), ...),
        at(
            3.5,
            hangs_up("c1", "Goodbye!"),
            ("reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'The call ends.' after item 1, 500 ms"),
            "reply 2 created (text, eve)",
            "start reply 2 (text, eve, tool lookup): script 'Goodbye!'",
        ),
        at(3.6, writes(2, "Goodbye!"), ...),
        at(
            3.7,
            written(2),
            "reply 2 message 0 done: item 3 assistant output_text 'Goodbye!' after item 1",
            "reply 2 ended (completed): item 3",
            "call ended: end_call",
            "end the call: end_call",
        ),
    ),
    story(
        "a tool that wants silence has it",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            stays_silent("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Waiting.' after item 1, 500 ms",
        ),
        Waits(None),
    ),
    story(
        "silence that one tool wants does not swallow what another brings",
        HOSTED,
        asked(LOOKUP, BOOK),
        makes(1, 3.0, ("c1", "lookup"), ("c2", "book")),
        at(
            3.5,
            stays_silent("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Waiting.' after item 1, 500 ms",
        ),
        at(
            3.6,
            result("c2", "booked"),
            "reply 1 tool 0 ended: item 3 runs book({}) as c2 gave 'booked' after item 1, 600 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup, tool book): user: Where is it? | assistant: "
                "lookup({}) as c1, book({}) as c2 | tool c1: Waiting. | tool c2: booked"
            ),
        ),
    ),
    story(
        "the last answer of a call may use tools, and says goodbye with what they brought",
        replace(HOSTED, max_turns=1),
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            result("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 500 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped | system: The call ends after this answer: answer briefly, then say "
                "goodbye."
            ),
        ),
        agent_says(2, "Shipped. Goodbye!", since=4.0),
        at(5.0, falls_silent(2, 1000), ...),
        when_due(5.5, "call ended: max_turns", "end the call: max_turns"),
    ),
    story(
        "a last answer whose tool wants silence is over",
        replace(HOSTED, max_turns=1),
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, stays_silent("c1"), ...),
        when_due(4.0, "call ended: max_turns", "end the call: max_turns"),
    ),
)
def test_what_tools_ask_for(one: Story) -> None:
    one.play()
