"""Stories of the sources of tools: opened, lost, offered to the model, searched ahead."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    Story,
    at,
    caller_says,
    calls,
    story,
    told,
    when_due,
    words,
)
from tool_stories import HOSTED, LOOKUP, ORDERS, asked, hosted, opened

from vivavoce.conversation.events import (
    ResponseRequested,
    SessionConfigured,
    ToolsFailed,
)
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolKind, ToolSourceKey

OTHER = ToolSourceKey("mcp:other")


@told(
    story(
        "tools are opened when the caller joins, and read by the model when they are there",
        replace(HOSTED, instructions="Be kind."),
        at(
            0.1,
            JOINED,
            (
                "session opened: instructions='Be kind.', turn_detection=ServerVad(threshold=0.5, "
                "prefix_padding_ms=300, silence_duration_ms=500, create_response=True, "
                "interrupt_response=True, idle_timeout_ms=None), tool_sources=('webhook:orders',)"
            ),
            "open tools: webhook:orders",
            "warm: system: Be kind.",
        ),
        at(0.2, opened(LOOKUP), "warm: system: Be kind., tool lookup"),
    ),
    story(
        "a session that only transcribes opens no tools",
        replace(HOSTED, only_transcribes=True),
        at(
            0.1,
            JOINED,
            (
                "session opened: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, "
                "silence_duration_ms=500, create_response=True, interrupt_response=True, "
                "idle_timeout_ms=None), only_transcribes=True, tool_sources=('webhook:orders',)"
            ),
        ),
    ),
    story(
        "other sources are opened when the session names others, and what came of the old ones is nothing",
        HOSTED,
        at(0.1, JOINED, ...),
        at(
            0.2,
            SessionConfigured(replace(HOSTED, tool_sources=(OTHER,))),
            (
                "apply settings: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, "
                "silence_duration_ms=500, create_response=True, interrupt_response=True, "
                "idle_timeout_ms=None), tool_sources=('mcp:other',)"
            ),
            (
                "session updated: turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, "
                "silence_duration_ms=500, create_response=True, interrupt_response=True, "
                "idle_timeout_ms=None), tool_sources=('mcp:other',)"
            ),
            "open tools: mcp:other",
        ),
        at(0.3, opened(hosted(kind=ToolKind.MCP))),
    ),
    story(
        "a source that cannot be had leaves the call going, and the model is told so",
        replace(HOSTED, instructions="Be kind."),
        at(0.1, JOINED, ...),
        at(
            0.2,
            ToolsFailed(ORDERS, "", "it needs a key"),
            (
                "warm: system: Be kind.\n\nNot available in this call, so do not promise anything of it: a "
                "tool (it needs a key)."
            ),
        ),
        caller_says(1, "Hello?", since=1.0)[:-1],
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
            "transcript grew: item 1 'Hello?'",
            "transcript: item 1 'Hello?' of 1.0 s",
            "done: item 1 user input_audio 'Hello?' first",
            "reply 1 created (audio, eve)",
            (
                "start reply 1 (audio, eve): system: Be kind.\n\nNot available in this call, so do not promise "
                "anything of it: a tool (it needs a key). | user: Hello?"
            ),
        ),
    ),
    story(
        "clients are told what the servers that they know by a label offer",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, opened(hosted(kind=ToolKind.MCP)), "listing crm as item 1 first", "listed crm as item 1 first: lookup"),
        at(
            0.3,
            ToolsFailed(ORDERS, "crm", "it is gone"),
            "listing crm as item 2 first",
            "not listed crm as item 2: it is gone",
            ("warm: system: Not available in this call, so do not promise anything of it: crm (it is gone)."),
        ),
    ),
    story(
        "of two tools of one name the first is offered",
        replace(HOSTED, tools=(Tool("lookup", "The client's.", "{}"),)),
        asked(LOOKUP),
        at(3.0, calls(1, "c1", "lookup"), "reply 1 call 0: item 2 calls lookup({}) as c1 after item 1"),
    ),
    story(
        "a choice of a tool that is not there is no choice",
        replace(HOSTED, tool_choice="book"),
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        at(
            1.0, ResponseRequested(), "reply 1 created (audio, eve)", "start reply 1 (audio, eve, tool lookup): nothing"
        ),
    ),
    story(
        "a search in documents begins when the caller's words may be all, and once for the same words",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, opened(hosted(kind=ToolKind.FILE_SEARCH)), ...),
        caller_says(1, "How long?", since=1.0)[:-2],
        at(2.3, words(1, 1, "How long?"), "search ahead: 'How long?'", "warm: user: How long?, tool lookup"),
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
            "transcript grew: item 1 'How long?'",
            "transcript: item 1 'How long?' of 1.0 s",
            "done: item 1 user input_audio 'How long?' first",
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve, tool lookup): user: How long?",
        ),
    ),
    story(
        "no search begins where nothing can be searched",
        HOSTED,
        at(0.1, JOINED, ...),
        at(0.2, opened(LOOKUP), ...),
        caller_says(1, "How long?", since=1.0)[:-2],
        at(2.3, words(1, 1, "How long?"), "warm: user: How long?, tool lookup"),
    ),
)
def test_sources(one: Story) -> None:
    one.play()
