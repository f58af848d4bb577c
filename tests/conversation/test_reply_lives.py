"""Stories of replies: asked for, written, spoken, cut, failed, refused; tool calls; how long the answer took."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    MANUAL,
    VAD,
    Story,
    agent_says,
    at,
    caller_says,
    calls,
    fails,
    falls_silent,
    item,
    played,
    queues,
    reply,
    speaks,
    spoke,
    starts,
    story,
    told,
    words,
    writes,
    written,
)

from vivavoce.conversation.events import (
    AudioCommitRequested,
    ItemCreateRequested,
    ItemDeleteRequested,
    PlaybackProgressed,
    ResponseCancelRequested,
    ResponseRequested,
)
from vivavoce.conversation.identifiers import CallId, EventId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCallOutput, Message, Part, PartKind, Role
from vivavoce.conversation.replies import ReplyOptions, Usage
from vivavoce.conversation.settings import Modality, Tool

WEATHER = Tool("weather", "How the weather is", "{}")
CLOCK = Tool("clock", "What time it is", "{}")
TEXT = replace(MANUAL, modality=Modality.TEXT)
ASKED = at(1.0, ResponseRequested(), ...)
IN_PROGRESS = "refused: conversation_already_has_active_response"
NOT_ACTIVE = "refused: response_cancel_not_active"


@told(
    story(
        "a reply is told as it goes: its words when they are spoken, not when they are written",
        MANUAL,
        at(1.0, ResponseRequested(), "reply 1 created (audio, eve)", "start reply 1 (audio, eve): nothing"),
        at(1.1, writes(1, "")),
        at(1.2, writes(1, "Good"), "reply 1 message 0 added: item 1 assistant output_audio '' in_progress first"),
        at(1.3, writes(1, " day. Who is it?")),
        at(1.4, queues(1, "Good day.")),
        at(1.5, queues(1, "Who is it?")),
        at(1.6, written(1, usage=Usage(10, 4, 6))),
        at(1.7, speaks(1, "Good day.", 0), "reply 1 message 0 grew: item 1 output_audio 'Good day.'"),
        at(2.3, spoke(1, 600)),
        at(2.3, speaks(1, "Who is it?", 600), "reply 1 message 0 grew: item 1 output_audio ' Who is it?'"),
        at(2.4, played(1, 500)),
        at(3.0, spoke(1, 1300)),
        at(
            3.0,
            falls_silent(1, 1300),
            "reply 1 message 0 done: item 1 assistant output_audio 'Good day. Who is it?' first",
            "reply 1 ended (completed): item 1, tokens 10/4/6",
        ),
    ),
    story(
        "a reply that is spoken before its words were reported still has its message first",
        MANUAL,
        ASKED,
        at(
            1.2,
            speaks(1, "Good day.", 0),
            "reply 1 message 0 added: item 1 assistant output_audio '' in_progress first",
            "reply 1 message 0 grew: item 1 output_audio 'Good day.'",
        ),
    ),
    story(
        "a written reply is told word by word and ends with the last",
        TEXT,
        at(1.0, ResponseRequested(), "reply 1 created (text, eve)", "start reply 1 (text, eve): nothing"),
        at(
            1.2,
            writes(1, "Good"),
            "reply 1 message 0 added: item 1 assistant output_text '' in_progress first",
            "reply 1 message 0 grew: item 1 output_text 'Good'",
        ),
        at(1.3, writes(1, " day."), "reply 1 message 0 grew: item 1 output_text ' day.'"),
        at(
            1.4,
            written(1),
            "reply 1 message 0 done: item 1 assistant output_text 'Good day.' first",
            "reply 1 ended (completed): item 1",
        ),
    ),
    story(
        "a written reply that is cancelled keeps everything that was written",
        TEXT,
        ASKED,
        at(1.2, writes(1, "Good day, my"), ...),
        at(
            1.3,
            ResponseCancelRequested(),
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_text 'Good day, my' incomplete first",
            "reply 1 ended (client_cancelled): item 1",
        ),
    ),
    story(
        "a reply that hit its limit is spoken to the end and is incomplete",
        MANUAL,
        ASKED,
        at(1.2, writes(1, "Good day, my"), ...),
        at(1.3, queues(1, "Good day, my")),
        at(1.3, written(1, cut=True)),
        at(1.4, speaks(1, "Good day, my"), ...),
        at(2.0, spoke(1, 600)),
        at(
            2.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 1 assistant output_audio 'Good day, my' incomplete first",
            "reply 1 ended (max_output_tokens): item 1",
        ),
    ),
    story(
        "a written reply that hit its limit is incomplete",
        TEXT,
        ASKED,
        at(1.2, writes(1, "Good day, my"), ...),
        at(
            1.3,
            written(1, cut=True),
            "reply 1 message 0 done: item 1 assistant output_text 'Good day, my' incomplete first",
            "reply 1 ended (max_output_tokens): item 1",
        ),
    ),
    story(
        "a reply that fails before its first word leaves no message",
        MANUAL,
        ASKED,
        at(1.2, fails(1), "cancel reply 1", "reply 1 ended (failed 'the model is gone'): nothing"),
        at(1.3, writes(1, "Good day.")),
        at(1.4, ResponseRequested(), "reply 2 created (audio, eve)", "start reply 2 (audio, eve): nothing"),
    ),
    story(
        "a reply that fails in the middle keeps only the words that were heard",
        MANUAL,
        ASKED,
        agent_says(1, "One two three four.", since=1.2, lasts_ms=1900),
        at(2.2, played(1, 1000)),
        at(
            2.2,
            fails(1),
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_audio 'One two' incomplete first",
            "reply 1 ended (failed 'the model is gone'): item 1",
        ),
    ),
    story(
        "a reply without words ends with nothing",
        MANUAL,
        ASKED,
        at(1.2, written(1)),
        at(1.2, falls_silent(1, 0), "reply 1 ended (completed): nothing"),
    ),
    story(
        "what comes for a reply that has ended is dropped",
        MANUAL,
        ASKED,
        agent_says(1, "Good day.", since=1.2),
        at(2.2, falls_silent(1, 1000), ...),
        at(2.3, writes(1, "More")),
        at(2.3, calls(1, "c1")),
        at(2.3, written(1)),
        at(2.3, queues(1, "More")),
        at(2.3, speaks(1, "More", 1000)),
        at(2.3, spoke(1, 2000)),
        at(2.3, played(1, 2000)),
        at(2.3, fails(1)),
        at(2.3, falls_silent(1, 2000)),
    ),
    story(
        "what comes for a cancelled reply does not touch the next one",
        MANUAL,
        ASKED,
        at(1.1, ResponseCancelRequested(), "cancel reply 1", "reply 1 ended (client_cancelled): nothing"),
        at(1.2, ResponseRequested(), ...),
        at(1.3, writes(1, "Late")),
        at(1.3, falls_silent(1, 0)),
        at(1.3, fails(1)),
        at(1.4, writes(2, "Good"), "reply 2 message 0 added: item 1 assistant output_audio '' in_progress first"),
    ),
    story(
        "a message that the client deletes while it is spoken is still closed",
        MANUAL,
        ASKED,
        agent_says(1, "Good day.", since=1.2),
        at(1.5, ItemDeleteRequested(item(1)), "deleted: item 1"),
        at(
            2.2,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 1 assistant output_audio 'Good day.' first",
            "reply 1 ended (completed): nothing",
        ),
        at(2.5, ResponseRequested(), "reply 2 created (audio, eve)", "start reply 2 (audio, eve): nothing"),
    ),
    story(
        "a message that took the id of one being spoken stays as the client wrote it",
        MANUAL,
        ASKED,
        agent_says(1, "Good day.", since=1.2),
        at(1.5, ItemDeleteRequested(item(1)), ...),
        at(1.6, ItemCreateRequested(Message(item(1), Role.USER, (Part(PartKind.INPUT_TEXT, "Hi"),))), ...),
        at(
            2.2,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 1 assistant output_audio 'Good day.' first",
            ...,
        ),
        at(2.5, ResponseRequested(), "reply 2 created (audio, eve)", "start reply 2 (audio, eve): user: Hi"),
    ),
)
def test_the_life_of_a_reply(one: Story) -> None:
    one.play()


@told(
    story(
        "a response under way refuses another, by the code that clients know",
        MANUAL,
        ASKED,
        at(1.1, ResponseRequested(event_id=EventId("e7")), f"{IN_PROGRESS} for e7"),
        agent_says(1, "Good day.", since=1.2),
        at(1.3, ResponseRequested(), IN_PROGRESS),
        at(2.2, falls_silent(1, 1000), ...),
        at(
            2.3,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: Good day.",
        ),
    ),
    story(
        "with nothing under way there is nothing to cancel",
        MANUAL,
        at(1.0, ResponseCancelRequested(event_id=EventId("e8")), f"{NOT_ACTIVE} for e8"),
        at(1.1, ResponseRequested(), ...),
        at(1.2, fails(1), ...),
        at(1.3, ResponseCancelRequested(reply(1)), NOT_ACTIVE),
    ),
    story(
        "a cancellation that names another response is refused and changes nothing",
        MANUAL,
        ASKED,
        at(1.1, ResponseCancelRequested(ReplyId("resp_other")), NOT_ACTIVE),
        at(1.2, writes(1, "Good"), "reply 1 message 0 added: item 1 assistant output_audio '' in_progress first"),
    ),
    story(
        "a cancellation that names the response under way stops it",
        MANUAL,
        ASKED,
        agent_says(1, "One two three four.", since=1.2, lasts_ms=1900),
        at(2.2, PlaybackProgressed(reply(1), 1000)),
        at(
            2.2,
            ResponseCancelRequested(reply(1)),
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_audio 'One two' incomplete first",
            "reply 1 ended (client_cancelled): item 1",
        ),
    ),
    story(
        "a response may have its own instructions, voice, tools, limit and metadata",
        replace(VAD, instructions="Be kind.", tools=(WEATHER,), tool_choice="none", speed=1.2),
        at(
            1.0,
            ResponseRequested(
                ReplyOptions("Be brief.", None, "rex", (CLOCK,), "required", 30, (("purpose", "test"),)),
            ),
            "reply 1 created (audio, rex, at most 30 tokens, metadata {'purpose': 'test'})",
            "start reply 1 (audio, rex, speed 1.2, tool clock, tool choice required, at most 30 tokens): "
            "system: Be brief.",
        ),
        at(
            1.2,
            fails(1),
            "cancel reply 1",
            "reply 1 ended (failed 'the model is gone'): nothing, metadata {'purpose': 'test'}",
        ),
    ),
    story(
        "a response without wishes follows the session",
        replace(VAD, instructions="Be kind.", tools=(WEATHER,), tool_choice="none", maximum_output_tokens=40),
        at(
            1.0,
            ResponseRequested(),
            "reply 1 created (audio, eve, at most 40 tokens)",
            "start reply 1 (audio, eve, tool weather, tool choice none, at most 40 tokens): system: Be kind.",
        ),
    ),
    story(
        "a response may do without the session's instructions and tools",
        replace(VAD, instructions="Be kind.", tools=(WEATHER,)),
        at(
            1.0,
            ResponseRequested(ReplyOptions(instructions="", tools=())),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): nothing",
        ),
    ),
    story(
        "a response may be asked for while the caller speaks",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, ResponseRequested(), "reply 1 created (audio, eve)", "start reply 1 (audio, eve): nothing"),
    ),
)
def test_asking_for_a_response(one: Story) -> None:
    one.play()


ANSWER = ItemCreateRequested(FunctionCallOutput(ItemId("out1"), CallId("c1"), "sunny"))
SPOKEN_CALL = (
    ASKED,
    at(1.2, writes(1, "One moment."), ...),
    at(1.2, queues(1, "One moment.")),
    at(1.3, calls(1, "c1", arguments='{"city":"Bonn"}'), ...),
    at(1.3, written(1)),
    at(1.4, speaks(1, "One moment."), ...),
    at(1.5, ANSWER, ...),
)


@told(
    story(
        "a tool call is an item of the reply, told when the model makes it",
        MANUAL,
        ASKED,
        at(1.2, writes(1, "One moment."), ...),
        at(
            1.3,
            calls(1, "c1", "weather", '{"city":"Bonn"}'),
            """reply 1 call 1: item 2 calls weather({"city":"Bonn"}) as c1 after item 1""",
        ),
        at(1.3, calls(1, "c2", "clock"), "reply 1 call 2: item 3 calls clock({}) as c2 after item 2"),
        at(1.3, written(1)),
        at(1.4, speaks(1, "One moment."), ...),
        at(
            2.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 1 assistant output_audio 'One moment.' first",
            "reply 1 ended (completed): item 1, item 2, item 3",
        ),
    ),
    story(
        "words after a tool call stand after it",
        MANUAL,
        ASKED,
        at(1.2, calls(1, "c1"), "reply 1 call 0: item 1 calls weather({}) as c1 first"),
        at(
            1.3,
            writes(1, "One moment."),
            "reply 1 message 1 added: item 2 assistant output_audio '' in_progress after item 1",
        ),
        at(1.4, speaks(1, "One moment."), "reply 1 message 1 grew: item 2 output_audio 'One moment.'"),
        at(
            2.0,
            falls_silent(1, 600),
            "reply 1 message 1 done: item 2 assistant output_audio 'One moment.' after item 1",
            "reply 1 ended (completed): item 1, item 2",
        ),
    ),
    story(
        "the answer to a silent tool call is in the next prompt, behind the call",
        MANUAL,
        ASKED,
        at(1.2, calls(1, "c1", arguments='{"city":"Bonn"}'), ...),
        at(1.3, written(1)),
        at(1.3, falls_silent(1, 0), "reply 1 ended (completed): item 1"),
        at(1.5, ANSWER, "added: out1 answers c1 'sunny' after item 1", "done: out1 answers c1 'sunny' after item 1"),
        at(
            1.6,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            """start reply 2 (audio, eve): assistant: weather({"city":"Bonn"}) as c1 | tool c1: sunny""",
        ),
    ),
    story(
        "a response asked for while the calling reply is only being spoken waits for its end",
        MANUAL,
        SPOKEN_CALL,
        at(1.6, ResponseRequested(ReplyOptions(metadata=(("after", "tools"),)))),
        at(
            2.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 1 assistant output_audio 'One moment.' first",
            "reply 1 ended (completed): item 1, item 2",
            "reply 2 created (audio, eve, metadata {'after': 'tools'})",
            """start reply 2 (audio, eve): assistant: One moment. | """
            """assistant: weather({"city":"Bonn"}) as c1 | tool c1: sunny""",
        ),
        at(2.9, falls_silent(2, 0), "reply 2 ended (completed): nothing, metadata {'after': 'tools'}"),
    ),
    story(
        "a response asked for while the model still writes is refused, tool call or not",
        MANUAL,
        ASKED,
        at(1.2, writes(1, "One moment."), ...),
        at(1.3, calls(1, "c1"), ...),
        at(1.4, ResponseRequested(), IN_PROGRESS),
    ),
    story(
        "a reply without tool calls that is only being spoken refuses another response",
        MANUAL,
        ASKED,
        agent_says(1, "Good day.", since=1.2),
        at(1.4, ResponseRequested(), IN_PROGRESS),
    ),
    story(
        "a response that waits for the calling reply waits for words that are still to come as well",
        MANUAL,
        SPOKEN_CALL,
        at(1.6, AudioCommitRequested(500), ...),
        at(1.7, ResponseRequested()),
        at(
            2.0,
            falls_silent(1, 600),
            "reply 1 message 0 done: item 1 assistant output_audio 'One moment.' first",
            "reply 1 ended (completed): item 1, item 2",
        ),
        at(
            2.5,
            words(3, 1, "Hurry!"),
            "transcript grew: item 3 'Hurry!'",
            "transcript: item 3 'Hurry!' of 1.0 s",
            "done: item 3 user input_audio 'Hurry!' after out1",
            "reply 2 created (audio, eve)",
            """start reply 2 (audio, eve): assistant: One moment. | """
            """assistant: weather({"city":"Bonn"}) as c1 | tool c1: sunny | user: Hurry!""",
        ),
    ),
    story(
        "a waiting response follows a cancelled one",
        MANUAL,
        SPOKEN_CALL,
        at(1.6, ResponseRequested()),
        at(1.7, played(1, 300)),
        at(
            1.7,
            ResponseCancelRequested(),
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_audio 'One' incomplete first",
            "reply 1 ended (client_cancelled): item 1, item 2",
            "reply 2 created (audio, eve)",
            """start reply 2 (audio, eve): assistant: One — | """
            """assistant: weather({"city":"Bonn"}) as c1 | tool c1: sunny""",
        ),
    ),
)
def test_tool_calls(one: Story) -> None:
    one.play()


@told(
    story(
        "how long the answer took is told when its first audio goes out, and once",
        VAD,
        caller_says(1, "Good day.", since=1.0),
        at(2.7, writes(1, "Hello."), ...),
        at(2.75, writes(1, " Who is it?")),
        at(2.8, queues(1, "Hello.")),
        at(2.85, queues(1, "Who is it?")),
        at(
            3.0,
            speaks(1, "Hello.", 0),
            "reply 1 timed from the end of item 1: 500, 300, 700, 800, 1000 ms",
            "reply 1 message 0 grew: item 2 output_audio 'Hello.'",
        ),
        at(3.5, spoke(1, 500)),
        at(3.5, speaks(1, "Who is it?", 500), "reply 1 message 0 grew: item 2 output_audio ' Who is it?'"),
    ),
    story(
        "a stage that did not happen has no time",
        VAD,
        caller_says(1, "Good day.", since=1.0),
        at(
            3.25,
            speaks(1, "Hello."),
            "reply 1 message 0 added: item 2 assistant output_audio '' in_progress after item 1",
            "reply 1 timed from the end of item 1: 500, 300, -, -, 1250 ms",
            "reply 1 message 0 grew: item 2 output_audio 'Hello.'",
        ),
    ),
    story(
        "a reply that answers no turn is not timed",
        MANUAL,
        ASKED,
        at(1.2, writes(1, "Hello."), ...),
        at(1.4, speaks(1, "Hello."), "reply 1 message 0 grew: item 1 output_audio 'Hello.'"),
    ),
)
def test_timings(one: Story) -> None:
    one.play()
