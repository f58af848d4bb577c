"""Stories of waiting: a caller who says nothing, an answer that is late, a function that takes its time."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    VAD,
    Story,
    Waits,
    agent_says,
    at,
    caller_says,
    calls,
    falls_silent,
    queues,
    speaks,
    starts,
    story,
    told,
    when_due,
    writes,
    written,
)

from vivavoce.conversation.events import ResponseRequested
from vivavoce.conversation.settings import CallerSilence, Fillers

SILENT = replace(VAD, caller_silence=CallerSilence(after_ms=5000, reengagements=1, goodbye="Goodbye, then."))
FILLING = replace(
    VAD, fillers=Fillers(late_reply_ms=700, late_tool_ms=2000, reply_words=("Hmm.",), tool_words=("Still on it.",))
)
ANSWERED = caller_says(1, "Hello?", since=1.0)
HINT = "system: The caller has been silent for a while: speak up briefly, in keeping with what was said before."


@told(
    story(
        "a caller who says nothing for five seconds after the answer is spoken to",
        SILENT,
        ANSWERED,
        agent_says(1, "Hi.", since=3.0),
        at(3.8, falls_silent(1, 1000), ...),
        Waits(9.0),
        when_due(
            9.0, "reply 2 created (audio, eve)", f"start reply 2 (audio, eve): user: Hello? | assistant: Hi. | {HINT}"
        ),
    ),
    story(
        "who still says nothing hears goodbye, and the call ends when that has been heard",
        SILENT,
        ANSWERED,
        agent_says(1, "Hi.", since=3.0),
        at(3.8, falls_silent(1, 1000), ...),
        when_due(9.0, ...),
        agent_says(2, "Are you there?", since=9.2),
        at(10.0, falls_silent(2, 1000), ...),
        when_due(15.2, "reply 3 created (audio, eve)", "start reply 3 (audio, eve): script 'Goodbye, then.'"),
        agent_says(3, "Goodbye, then.", since=15.3),
        at(16.0, falls_silent(3, 1000), ...),
        when_due(16.5, "call ended: caller_silent", "end the call: caller_silent"),
    ),
    story(
        "a caller who speaks after being asked begins with all patience anew",
        SILENT,
        ANSWERED,
        agent_says(1, "Hi.", since=3.0),
        at(3.8, falls_silent(1, 1000), ...),
        when_due(9.0, ...),
        agent_says(2, "Are you there?", since=9.2),
        at(10.0, falls_silent(2, 1000), ...),
        caller_says(4, "Yes.", since=11.0),
        agent_says(3, "Good.", since=13.0),
        at(13.8, falls_silent(3, 1000), ...),
        when_due(19.0, "reply 4 created (audio, eve)", ...),
    ),
    story(
        "a caller who speaks during the goodbye is still there, and the call goes on",
        SILENT,
        ANSWERED,
        agent_says(1, "Hi.", since=3.0),
        at(3.8, falls_silent(1, 1000), ...),
        when_due(9.0, ...),
        agent_says(2, "Are you there?", since=9.2),
        at(10.0, falls_silent(2, 1000), ...),
        when_due(15.2, ...),
        agent_says(3, "Goodbye, then.", since=15.3),
        at(15.5, starts(15500), ...),
        Waits(None),
        at(20.0, ResponseRequested(), "reply 4 created (audio, eve)", ...),
    ),
    story(
        "somebody who joins and says nothing is spoken to as well",
        SILENT,
        at(0.0, JOINED, ...),
        Waits(5.0),
    ),
)
def test_a_silent_caller(one: Story) -> None:
    one.play()


@told(
    story(
        "an answer that is late for 700 ms begins with a word for the wait",
        FILLING,
        ANSWERED,
        when_due(3.2, "fill reply 1: 'Hmm.'"),
        Waits(None),
        at(3.3, speaks(1, "Hmm."), ...),
    ),
    story(
        "an answer whose first sentence is there needs none",
        FILLING,
        ANSWERED,
        at(2.8, writes(1, "Hi there."), ...),
        at(3.0, queues(1, "Hi there."), ...),
        Waits(None),
    ),
    story(
        "a function that takes two seconds is waited for with words, each once",
        FILLING,
        ANSWERED,
        at(2.6, calls(1, "a"), ...),
        at(2.7, written(1), ...),
        at(2.7, falls_silent(1, 0), ...),
        when_due(4.7, "reply 2 created (audio, eve)", "start reply 2 (audio, eve): script 'Still on it.'"),
        agent_says(2, "Still on it.", since=4.8),
        at(5.5, falls_silent(2, 1000), ...),
        Waits(None),
    ),
    story(
        "a client that is done while the wait is being filled gets its answer after the filler",
        FILLING,
        ANSWERED,
        at(2.6, calls(1, "a"), ...),
        at(2.7, written(1), ...),
        at(2.7, falls_silent(1, 0), ...),
        when_due(4.7, ...),
        agent_says(2, "Still on it.", since=4.8),
        at(5.0, ResponseRequested()),
        at(5.5, falls_silent(2, 1000), ...),
    ),
)
def test_fillers(one: Story) -> None:
    one.play()
