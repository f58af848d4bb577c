"""Stories of replies that are wanted while tools are still being opened: held, but not for long."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    Story,
    Waits,
    at,
    caller_says,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
)
from tool_stories import HOSTED, LOOKUP, ORDERS, hosted, opened

from vivavoce.conversation.events import (
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
    ToolsFailed,
    ToolsOpened,
)
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Speculation, Tool
from vivavoce.conversation.tool_policy import ToolSourceKey

OTHER = ToolSourceKey("mcp:other")
BOTH = replace(HOSTED, tool_sources=(ORDERS, OTHER))
CREATED = "reply 1 created (audio, eve)"
STARTED = "start reply 1 (audio, eve, tool lookup): nothing"
WITHOUT = "start reply 1 (audio, eve): nothing"
ANSWERED = "start reply 1 (audio, eve, tool lookup): user: Where is it?"


@told(
    story(
        "a reply that the client asks for begins when the tools are there",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(1.5, opened(LOOKUP), STARTED),
    ),
    story(
        "the answer to a turn of the caller begins when the tools are there",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, starts(0), ...),
        at(0.6, pauses(500, 0.5), ...),
        at(0.7, words(1, 1, "Where is it?"), ...),
        when_due(1.0, ...),
        at(1.4, opened(LOOKUP), ANSWERED),
    ),
    story(
        "a reply waits until the last source has opened or failed",
        BOTH,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(0.5, opened(LOOKUP)),
        at(
            0.9,
            ToolsFailed(OTHER, "", "it needs a key"),
            "start reply 1 (audio, eve, tool lookup): system: Not available in this call, so do not promise anything "
            "of it: a tool (it needs a key).",
        ),
    ),
    story(
        "a reply waits 1.5 s from the order to open and no longer; what opens later is there for the next",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.9, ResponseRequested(), CREATED),
        Waits(1.6),
        when_due(1.6, WITHOUT),
        at(2.0, opened(LOOKUP)),
    ),
    story(
        "who asks when the tools have been waited for is answered at once",
        HOSTED,
        at(0.1, JOINED, ...),
        when_due(1.6),
        at(3.0, ResponseRequested(), CREATED, WITHOUT),
    ),
    story(
        "what the session names later is waited for anew, and alone",
        HOSTED,
        at(0.1, JOINED, ...),
        when_due(1.6),
        at(3.0, SessionConfigured(BOTH), ...),
        at(3.1, ResponseRequested(), CREATED),
        at(3.2, ToolsOpened(OTHER, (hosted(),)), STARTED),
    ),
    story(
        "who waits for tools does not wait longer because the session names more of them",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(1.0, SessionConfigured(BOTH), ...),
        at(1.1, opened(LOOKUP)),
        Waits(1.6),
        when_due(1.6, STARTED),
    ),
    story(
        "tools that are named while nobody waits are waited for from then on",
        HOSTED,
        at(0.1, JOINED, ...),
        at(1.0, SessionConfigured(BOTH), ...),
        at(1.1, opened(LOOKUP), ...),
        at(1.2, ResponseRequested(), CREATED),
        when_due(2.5, STARTED),
    ),
    story(
        "settings that change nothing of the tools make nobody wait",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        at(3.0, SessionConfigured(replace(HOSTED, speed=1.2)), ...),
        at(3.1, ResponseRequested(), CREATED, "start reply 1 (audio, eve, speed 1.2, tool lookup): nothing"),
    ),
    story(
        "a reply begins at once when the session names no tools any more",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(0.3, SessionConfigured(replace(HOSTED, tool_sources=())), ...),
        Waits(None),
        at(0.4, ResponseCancelRequested(), "cancel reply 1", "reply 1 ended (client_cancelled): nothing"),
    ),
    story(
        "a session that turns to transcribing begins no reply that waited",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(
            0.3,
            SessionConfigured(replace(HOSTED, only_transcribes=True)),
            "apply settings: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500, "
            "create_response=True, interrupt_response=True, idle_timeout_ms=None), only_transcribes=True, "
            "tool_sources=('webhook:orders',)",
            "session updated: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500, "
            "create_response=True, interrupt_response=True, idle_timeout_ms=None), only_transcribes=True, "
            "tool_sources=('webhook:orders',)",
            "reply 1 ended (client_cancelled): nothing",
            "open tools: none",
        ),
    ),
    story(
        "a reply that waits for tools is cancelled as ever, and never begins",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(0.3, ResponseCancelRequested(), "reply 1 ended (client_cancelled): nothing"),
        at(0.4, opened(LOOKUP)),
    ),
    story(
        "a caller who goes on is answered once, when the tools are there",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(), CREATED),
        at(
            0.3,
            starts(200),
            "speech started: item 1 at 0 ms",
            "reply 1 ended (turn_detected): nothing",
            "open turn item 1 from 0 ms",
        ),
        at(0.4, opened(LOOKUP), ...),
        at(0.6, pauses(500, 0.5), "transcribe item 1 at pause 1"),
        at(0.7, words(1, 1, "Where is it?"), ...),
        when_due(1.0, ...),
        Waits(None),
    ),
    story(
        "what the agent says by the letter needs no tools",
        replace(HOSTED, greeting="Hello!"),
        at(0.1, JOINED, ...),
        when_due(0.35, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'Hello!'"),
    ),
    story(
        "a reply with tools of its own does not wait for others",
        HOSTED,
        at(0.1, JOINED, ...),
        at(
            0.2,
            ResponseRequested(ReplyOptions(tools=(Tool("weather", "", "{}"),))),
            CREATED,
            "start reply 1 (audio, eve, tool weather): nothing",
        ),
    ),
    story(
        "a reply beside the conversation waits as well",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, ResponseRequested(ReplyOptions(in_conversation=False)), "reply 1 created (audio, eve, beside)"),
        at(0.3, opened(LOOKUP), "start reply 1 (audio, eve, tool lookup, beside): nothing"),
    ),
    story(
        "nothing is begun behind the gate without the tools",
        replace(HOSTED, speculation=Speculation()),
        at(0.1, JOINED, ...),
        caller_says(1, "Where is it?", since=0.2)[:1],
        at(0.7, pauses(600, 0.6), "transcribe item 1 at pause 1"),
        at(0.8, words(1, 1, "Where is it?"), "warm: user: Where is it?"),
        at(0.9, opened(LOOKUP)),
        when_due(1.1, ...),
    ),
)
def test_replies_and_tools_that_open(one: Story) -> None:
    one.play()
