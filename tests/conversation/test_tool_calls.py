"""Stories of calls that the server runs: made, run once, and answered."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    Story,
    Waits,
    agent_says,
    at,
    caller_says,
    calls,
    falls_silent,
    goes_on,
    item,
    pauses,
    speaks,
    story,
    told,
    when_due,
    words,
    writes,
    written,
)
from tool_stories import BOOK, HOSTED, LOOKUP, asked, hosted, makes, opened, result

from vivavoce.conversation.events import (
    ItemDeleteRequested,
    ResponseRequested,
)
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Modality, Speculation
from vivavoce.conversation.tool_policy import ToolFailure, ToolKind


@told(
    story(
        "a tool runs when the model calls it, and its result is answered",
        HOSTED,
        asked(LOOKUP),
        at(
            3.0,
            calls(1, "c1", "lookup"),
            "reply 1 tool 0: item 2 runs lookup({}) as c1 in_progress after item 1",
            "run lookup({}) of webhook:orders as c1",
        ),
        at(3.1, written(1)),
        at(3.2, falls_silent(1, 0), "reply 1 ended (completed): nothing"),
        at(
            3.5,
            result("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 500 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped"
            ),
        ),
    ),
    story(
        "a result that comes before its reply is over is answered when it is",
        HOSTED,
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(3.05, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 50 ms"),
        at(3.1, written(1)),
        at(
            3.2,
            falls_silent(1, 0),
            "reply 1 ended (completed): nothing",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped"
            ),
        ),
    ),
    story(
        "calls made together run at the same time, and the last result is waited for",
        HOSTED,
        asked(LOOKUP, BOOK),
        makes(1, 3.0, ("c1", "lookup"), ("c2", "book")),
        at(
            3.5,
            result("c2", "booked"),
            "reply 1 tool 0 ended: item 3 runs book({}) as c2 gave 'booked' after item 1, 500 ms",
        ),
        at(
            3.6,
            result("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 600 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup, tool book): user: Where is it? | assistant: "
                "lookup({}) as c1, book({}) as c2 | tool c1: shipped | tool c2: booked"
            ),
        ),
    ),
    story(
        "calls of one reply after another are not shown as if they were made together",
        HOSTED,
        asked(LOOKUP, BOOK),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        makes(2, 4.0, ("c2", "book")),
        at(
            4.5,
            result("c2", "booked"),
            "reply 2 tool 0 ended: item 3 runs book({}) as c2 gave 'booked' after item 1, 500 ms",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup, tool book): user: Where is it? | assistant: "
                "lookup({}) as c1 | tool c1: shipped | assistant: book({}) as c2 | tool c2: booked"
            ),
        ),
    ),
    story(
        "a call that names itself like an earlier one is another",
        HOSTED,
        asked(LOOKUP, BOOK),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(
            4.0,
            calls(2, "c1", "book"),
            "reply 2 tool 0: item 3 runs book({}) as c1_item_00003 in_progress after item 1",
            "run book({}) of webhook:orders as c1_item_00003",
        ),
    ),
    story(
        "a failure is a result like any other",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            result("c1", "no answer within 10 seconds", ToolFailure.TIMED_OUT),
            (
                "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'no answer within 10 seconds' "
                "(timed_out) after item 1, 500 ms"
            ),
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: no answer within 10 seconds"
            ),
        ),
    ),
    story(
        "a second result of the same call is nothing",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(3.6, result("c1", "lost")),
    ),
    story(
        "a tool that is not there ends at once, and the model is told which there are",
        HOSTED,
        asked(LOOKUP),
        at(
            3.0,
            calls(1, "c1", "sing"),
            "reply 1 tool 0: item 2 runs sing({}) as c1 in_progress after item 1",
            (
                "reply 1 tool 0 ended: item 2 runs sing({}) as c1 gave \"There is no tool 'sing'. There are: "
                'lookup." (unknown_tool) after item 1, 0 ms'
            ),
        ),
    ),
    story(
        "clients see the calls of their servers among the items",
        HOSTED,
        asked(hosted(kind=ToolKind.MCP)),
        at(
            3.0,
            calls(1, "c1", "lookup"),
            "reply 1 tool 0: item 3 runs lookup({}) as c1 in_progress after item 2",
            "run lookup({}) of webhook:orders as c1",
        ),
        at(3.1, written(1)),
        at(3.2, falls_silent(1, 0), "reply 1 ended (completed): item 3"),
        at(
            3.5,
            result("c1"),
            "reply 1 tool 0 ended: item 3 runs lookup({}) as c1 gave 'shipped' after item 2, 500 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped"
            ),
        ),
        at(
            4.0,
            writes(2, "It was shipped."),
            "reply 2 message 0 added: item 4 assistant output_audio '' in_progress after item 3",
        ),
    ),
    story(
        "a call that its client has deleted is not answered",
        HOSTED,
        asked(hosted(kind=ToolKind.MCP)),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.3, ItemDeleteRequested(item(3)), ...),
        at(3.5, result("c1"), "reply 1 tool 0 ended: item 3 runs lookup({}) as c1 gave 'shipped' first, 500 ms"),
    ),
    story(
        "the answer belongs to the turn that the call was made in",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(4.0, writes(2, "Shipped."), ...),
        at(
            4.2,
            speaks(2, "Shipped."),
            "reply 2 timed from the end of item 1: 500, 300, 2000, -, 2200 ms",
            "reply 2 message 0 grew: item 3 output_audio 'Shipped.'",
        ),
    ),
    story(
        "what a reply beside the conversation calls is run and told, and not followed up",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        at(1.0, ResponseRequested(ReplyOptions(in_conversation=False, modality=Modality.TEXT)), ...),
        at(
            1.5,
            calls(1, "c1", "lookup"),
            "reply 1 tool 0: item 1 runs lookup({}) as c1 in_progress first, beside",
            "run lookup({}) of webhook:orders as c1",
        ),
        at(1.6, written(1), "reply 1 ended (completed): nothing"),
        at(
            2.0, result("c1"), "reply 1 tool 0 ended: item 1 runs lookup({}) as c1 gave 'shipped' first, 500 ms, beside"
        ),
        Waits(None),
    ),
    story(
        "the answer to a response that the client shaped has the same shape, and need not call again",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        at(1.0, ResponseRequested(ReplyOptions(modality=Modality.TEXT, tool_choice="lookup")), ...),
        at(1.5, calls(1, "c1", "lookup"), ...),
        at(1.6, written(1), ...),
        at(
            2.0,
            result("c1"),
            "reply 1 tool 0 ended: item 1 runs lookup({}) as c1 gave 'shipped' first, 500 ms",
            "reply 2 created (text, eve)",
            "start reply 2 (text, eve, tool lookup): assistant: lookup({}) as c1 | tool c1: shipped",
        ),
    ),
    story(
        "an answer to a call that was required may be words",
        replace(HOSTED, tool_choice="required"),
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            result("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 500 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped"
            ),
        ),
    ),
    story(
        "a call behind the gate does not run before the turn is over",
        replace(HOSTED, speculation=Speculation()),
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        caller_says(1, "Where is it?", since=1.0)[:-1],
        at(2.35, calls(1, "c1", "lookup")),
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
            "transcript grew: item 1 'Where is it?'",
            "transcript: item 1 'Where is it?' of 1.0 s",
            "done: item 1 user input_audio 'Where is it?' first",
            "reply 1 created (audio, eve)",
            "open the gate of reply 1",
            "reply 1 tool 0: item 2 runs lookup({}) as c1 in_progress after item 1",
            "run lookup({}) of webhook:orders as c1",
        ),
    ),
    story(
        "a call behind the gate of a turn that goes on in other words never runs",
        replace(HOSTED, speculation=Speculation()),
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        caller_says(1, "Where is it?", since=1.0)[:-1],
        at(2.35, calls(1, "c1", "lookup")),
        at(2.4, goes_on(2400)),
        at(3.1, pauses(3000, 3.0), ...),
        at(
            3.2,
            words(1, 2, "Where is it? Forget it."),
            "cancel reply 1",
            "start reply 2 (audio, eve, tool lookup, gated): user: Where is it? Forget it.",
        ),
    ),
)
def test_running(one: Story) -> None:
    one.play()


@told(
    story(
        "a call like one under way joins it",
        HOSTED,
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup", '{"a": 1, "b": 2}'), ...),
        at(
            3.1,
            calls(1, "c2", "lookup", '{"b":2,"a":1}'),
            'reply 1 tool 0: item 3 runs lookup({"b":2,"a":1}) as c2 in_progress after item 1',
        ),
        at(3.2, written(1), ...),
        at(3.3, falls_silent(1, 0), ...),
        at(
            3.5,
            result("c1"),
            ('reply 1 tool 0 ended: item 2 runs lookup({"a": 1, "b": 2}) as c1 gave \'shipped\' after item 1, 500 ms'),
            ('reply 1 tool 0 ended: item 3 runs lookup({"b":2,"a":1}) as c2 gave \'shipped\' after item 1, 400 ms'),
            "reply 2 created (audio, eve)",
            (
                'start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({"a": 1, '
                '"b": 2}) as c1, lookup({"b":2,"a":1}) as c2 | tool c1: shipped | tool c2: shipped'
            ),
        ),
    ),
    story(
        "a call with other arguments is another call",
        HOSTED,
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup", '{"a": 1}'), ...),
        at(
            3.1,
            calls(1, "c2", "lookup", '{"a": 2}'),
            'reply 1 tool 0: item 3 runs lookup({"a": 2}) as c2 in_progress after item 1',
            'run lookup({"a": 2}) of webhook:orders as c2',
        ),
    ),
    story(
        "a call that has just been answered has its answer already",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        at(
            4.0,
            calls(2, "c2", "lookup"),
            "reply 2 tool 0: item 3 runs lookup({}) as c2 in_progress after item 1",
            "reply 2 tool 0 ended: item 3 runs lookup({}) as c2 gave 'shipped' after item 1, 0 ms",
        ),
        at(4.1, written(2)),
        at(
            4.2,
            falls_silent(2, 0),
            "reply 2 ended (completed): nothing",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped | assistant: lookup({}) as c2 | tool c2: shipped"
            ),
        ),
    ),
    story(
        "in another turn of the caller the same call runs again",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        agent_says(2, "Shipped.", since=4.0),
        at(5.0, falls_silent(2, 1000), ...),
        caller_says(4, "And now?", since=6.0),
        at(
            8.0,
            calls(3, "c2", "lookup"),
            "reply 3 tool 0: item 5 runs lookup({}) as c2 in_progress after item 4",
            "run lookup({}) of webhook:orders as c2",
        ),
    ),
    story(
        "after eight rounds of tools the model has to answer with what it knows",
        HOSTED,
        asked(LOOKUP),
        *(
            (
                at(3.0 + turn, calls(turn, f"c{turn}", "lookup", str(turn)), ...),
                at(3.1 + turn, written(turn), ...),
                at(3.2 + turn, falls_silent(turn, 0), ...),
                at(3.3 + turn, result(f"c{turn}"), ...),
            )
            for turn in range(1, 8)
        ),
        at(11.0, calls(8, "c8", "lookup", "8"), ...),
        at(11.1, written(8), ...),
        at(11.2, falls_silent(8, 0), ...),
        at(
            11.3,
            result("c8"),
            "reply 8 tool 0 ended: item 9 runs lookup(8) as c8 gave 'shipped' after item 1, 300 ms",
            "reply 9 created (audio, eve)",
            (
                "start reply 9 (audio, eve, tool lookup, tool choice none): user: Where is it? | assistant: "
                "lookup(1) as c1 | tool c1: shipped | assistant: lookup(2) as c2 | tool c2: shipped | "
                "assistant: lookup(3) as c3 | tool c3: shipped | assistant: lookup(4) as c4 | tool c4: "
                "shipped | assistant: lookup(5) as c5 | tool c5: shipped | assistant: lookup(6) as c6 | tool "
                "c6: shipped | assistant: lookup(7) as c7 | tool c7: shipped | assistant: lookup(8) as c8 | "
                "tool c8: shipped"
            ),
        ),
        at(
            12.0,
            calls(9, "c9", "lookup", "9"),
            "reply 9 tool 0: item 10 runs lookup(9) as c9 in_progress after item 1",
            (
                "reply 9 tool 0 ended: item 10 runs lookup(9) as c9 gave 'Not run: there were too many "
                "rounds of tools in this turn already. Answer with what is known.' (refused) after item 1, 0 "
                "ms"
            ),
        ),
    ),
)
def test_nothing_runs_twice(one: Story) -> None:
    one.play()
