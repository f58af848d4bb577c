"""Stories of callers and clients who speak up while a tool runs."""

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
    interim,
    played,
    starts,
    story,
    told,
    when_due,
)
from tool_stories import (
    CANCELLING,
    HOSTED,
    LOOKUP,
    asked,
    hosted,
    makes,
    opened,
    result,
)

from vivavoce.conversation.events import (
    CallEndRequested,
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
)
from vivavoce.conversation.settings import Interruption, ServerVad
from vivavoce.conversation.tool_policy import OnInterruption, ToolPolicy

CONFIRMED = replace(HOSTED, interruption=Interruption.CONFIRMED)
CANCELLING_FILLED = hosted(policy=ToolPolicy(on_interruption=OnInterruption.CANCEL, filler="One second."))


@told(
    story(
        "a caller who speaks up ends what is not to outlast that, and is answered with it",
        HOSTED,
        asked(CANCELLING),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "Never mind.", since=3.5)[:-1],
        when_due(
            5.0,
            "speech stopped: item 3 at 4500 ms",
            "close turn item 3",
            "committed: item 3 after item 1",
            "added: item 3 user input_audio ... after item 1",
            "cancel tool c1",
            (
                "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Cancelled: the caller spoke up "
                "before there was a result.' (cancelled) incomplete after item 1, 2000 ms"
            ),
            "transcript grew: item 3 'Never mind.'",
            "transcript: item 3 'Never mind.' of 1.0 s",
            "done: item 3 user input_audio 'Never mind.' after item 1",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: Cancelled: the caller spoke up before there was a result. | user: Never mind."
            ),
        ),
        at(5.1, result("c1")),
    ),
    story(
        "a hum ends nothing",
        HOSTED,
        asked(CANCELLING),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "Mhm.", since=3.5)[:-1],
        when_due(
            5.0,
            "speech stopped: item 3 at 4500 ms",
            "close turn item 3",
            "committed: item 3 after item 1",
            "added: item 3 user input_audio ... after item 1",
            "transcript grew: item 3 'Mhm.'",
            "transcript: item 3 'Mhm.' of 1.0 s",
            "done: item 3 user input_audio 'Mhm.' after item 1",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: Still running: there is no result yet. | user: Mhm."
            ),
        ),
    ),
    story(
        "sound without words ends nothing, and the result is answered",
        HOSTED,
        asked(CANCELLING),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "", since=3.5),
        at(
            5.5,
            result("c1"),
            "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 2500 ms",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped"
            ),
        ),
    ),
    story(
        "who is confirmed to speak up over the words for the wait ends the call before the turn is over",
        CONFIRMED,
        asked(CANCELLING_FILLED),
        makes(1, 3.0, ("c1", "lookup")),
        agent_says(2, "One second.", since=3.3),
        at(3.6, starts(3600), ...),
        at(
            3.9,
            interim(4, "no wait please stop"),
            "speech started: item 4 at 3300 ms",
            "cancel reply 2",
            "reply 2 message 0 done: item 3 assistant output_audio '' incomplete after item 1",
            "reply 2 ended (turn_detected): item 3",
            (
                "warm: user: Where is it? | assistant: lookup({}) as c1 | tool c1: Still running: there is "
                "no result yet., tool lookup"
            ),
            "cancel tool c1",
            (
                "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Cancelled: the caller spoke up "
                "before there was a result.' (cancelled) incomplete after item 3, 900 ms"
            ),
        ),
    ),
    story(
        "a call that goes on is answered after the caller's new turn, with the turn answered meanwhile",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "What time is it?", since=3.5)[:-1],
        when_due(
            5.0,
            "speech stopped: item 3 at 4500 ms",
            "close turn item 3",
            "committed: item 3 after item 1",
            "added: item 3 user input_audio ... after item 1",
            "transcript grew: item 3 'What time is it?'",
            "transcript: item 3 'What time is it?' of 1.0 s",
            "done: item 3 user input_audio 'What time is it?' after item 1",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: Still running: there is no result yet. | user: What time is it?"
            ),
        ),
        agent_says(2, "Noon.", since=5.5),
        at(
            6.0, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 3000 ms"
        ),
        at(
            6.5,
            falls_silent(2, 1000),
            "reply 2 message 0 done: item 4 assistant output_audio 'Noon.' after item 3",
            "reply 2 ended (completed): item 4",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped | user: What time is it? | assistant: Noon. | system: There is now a "
                "result of lookup: tell the caller what matters of it, briefly."
            ),
        ),
    ),
    story(
        "a result that comes while the caller speaks is told with the answer to that, and not again",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "What time is it?", since=3.5)[:-1],
        at(
            4.9, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 1900 ms"
        ),
        when_due(
            5.0,
            "speech stopped: item 3 at 4500 ms",
            "close turn item 3",
            "committed: item 3 after item 1",
            "added: item 3 user input_audio ... after item 1",
            "transcript grew: item 3 'What time is it?'",
            "transcript: item 3 'What time is it?' of 1.0 s",
            "done: item 3 user input_audio 'What time is it?' after item 1",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped | user: What time is it?"
            ),
        ),
        agent_says(2, "Noon, and it was shipped.", since=5.5),
        at(
            6.5,
            falls_silent(2, 1000),
            ("reply 2 message 0 done: item 4 assistant output_audio 'Noon, and it was shipped.' after item 3"),
            "reply 2 ended (completed): item 4",
        ),
        Waits(None),
    ),
    story(
        "a result that comes while the caller makes a sound without words is answered after it",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        caller_says(3, "", since=3.5)[:-1],
        at(
            4.9, result("c1"), "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'shipped' after item 1, 1900 ms"
        ),
        when_due(
            5.0,
            "speech stopped: item 3 at 4500 ms",
            "close turn item 3",
            "committed: item 3 after item 1",
            "added: item 3 user input_audio ... after item 1",
            "transcript: item 3 '' of 1.0 s",
            "done: item 3 user input_audio '' after item 1",
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped"
            ),
        ),
    ),
    story(
        "who interrupts the answer to a result has it in the prompt, and hears it once",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(3.5, result("c1"), ...),
        agent_says(2, "It was shipped.", since=4.0),
        at(4.3, played(2, 300)),
        caller_says(4, "Thank you.", since=4.4)[:-1],
        when_due(
            5.9,
            "speech stopped: item 4 at 5400 ms",
            "close turn item 4",
            "committed: item 4 after item 3",
            "added: item 4 user input_audio ... after item 3",
            "transcript grew: item 4 'Thank you.'",
            "transcript: item 4 'Thank you.' of 1.0 s",
            "done: item 4 user input_audio 'Thank you.' after item 3",
            "reply 3 created (audio, eve)",
            (
                "start reply 3 (audio, eve, tool lookup): user: Where is it? | assistant: lookup({}) as c1 | "
                "tool c1: shipped | assistant: It — | user: Thank you."
            ),
        ),
        agent_says(3, "Gladly.", since=6.0),
        at(
            7.0,
            falls_silent(3, 1000),
            "reply 3 message 0 done: item 5 assistant output_audio 'Gladly.' after item 4",
            "reply 3 ended (completed): item 5",
        ),
        Waits(None),
    ),
    story(
        "who has spoken up need not wait for the reply that is asked for",
        replace(HOSTED, turn_detection=ServerVad(silence_duration_ms=500, create_response=False)),
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        at(1.0, ResponseRequested(), ...),
        makes(1, 1.5, ("c1", "lookup")),
        caller_says(2, "What time is it?", since=2.0),
        at(
            3.6,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            (
                "start reply 2 (audio, eve, tool lookup): assistant: lookup({}) as c1 | tool c1: Still "
                "running: there is no result yet. | user: What time is it?"
            ),
        ),
    ),
    story(
        "who cancels a response ends what it called and what is not to outlast that",
        HOSTED,
        asked(CANCELLING),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(
            3.1,
            ResponseCancelRequested(),
            "cancel reply 1",
            "reply 1 ended (client_cancelled): nothing",
            "cancel tool c1",
            (
                "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Cancelled: the reply that made the "
                "call was called off before there was a result.' (cancelled) incomplete after item 1, 100 ms"
            ),
        ),
    ),
    story(
        "what runs when the call ends is ended with it",
        HOSTED,
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup"), ...),
        at(
            3.1,
            CallEndRequested("expired"),
            "cancel reply 1",
            "reply 1 ended (client_cancelled): nothing",
            "cancel tool c1",
            (
                "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Cancelled: the call ended before "
                "there was a result.' (cancelled) incomplete after item 1, 100 ms"
            ),
            "call ended: expired",
            "end the call: expired",
        ),
        at(3.2, result("c1")),
    ),
    story(
        "a session that has no replies any more has no tools either",
        HOSTED,
        asked(LOOKUP),
        makes(1, 3.0, ("c1", "lookup")),
        at(
            3.5,
            SessionConfigured(replace(HOSTED, only_transcribes=True)),
            (
                "apply settings: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, "
                "silence_duration_ms=500, create_response=True, interrupt_response=True, "
                "idle_timeout_ms=None), only_transcribes=True, tool_sources=('webhook:orders',)"
            ),
            (
                "session updated: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, "
                "silence_duration_ms=500, create_response=True, interrupt_response=True, "
                "idle_timeout_ms=None), only_transcribes=True, tool_sources=('webhook:orders',)"
            ),
            "cancel tool c1",
            (
                "reply 1 tool 0 ended: item 2 runs lookup({}) as c1 gave 'Cancelled: the call ended before "
                "there was a result.' (cancelled) incomplete after item 1, 500 ms"
            ),
            "open tools: none",
        ),
        at(3.6, result("c1")),
    ),
)
def test_interruptions(one: Story) -> None:
    one.play()
