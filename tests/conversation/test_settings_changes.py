"""Stories of a session that is configured in the middle of everything."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    MANUAL,
    SEMANTIC,
    VAD,
    Story,
    Waits,
    agent_says,
    assessed,
    at,
    caller_says,
    falls_silent,
    pauses,
    played,
    starts,
    story,
    told,
    when_due,
    words,
)

from vivavoce.conversation.events import ResponseRequested, SessionConfigured
from vivavoce.conversation.identifiers import EventId
from vivavoce.conversation.settings import ServerVad, Settings, Tool

WEATHER = Tool("weather", "How the weather is", "{}")
HEARD = (
    "transcript grew: item 1 'Good day.'",
    "transcript: item 1 'Good day.' of 1.0 s",
    "done: item 1 user input_audio 'Good day.' first",
)
NOW_MANUAL = ("apply settings: turn_detection=None", "session updated: turn_detection=None")
COMMITTED = ("close turn item 1", "committed: item 1 first", "added: item 1 user input_audio ... first")


@told(
    story(
        "new instructions and tools are told, applied, and read ahead by the model",
        Settings(),
        at(0.0, JOINED, ...),
        at(
            1.0,
            SessionConfigured(Settings(instructions="Be kind."), EventId("e1")),
            "apply settings: instructions='Be kind.'",
            "session updated: instructions='Be kind.'",
            "warm: system: Be kind.",
        ),
        at(
            2.0,
            SessionConfigured(Settings(instructions="Be kind.", tools=(WEATHER,))),
            f"apply settings: instructions='Be kind.', tools={(WEATHER,)!r}",
            f"session updated: instructions='Be kind.', tools={(WEATHER,)!r}",
            "warm: system: Be kind., tool weather",
        ),
    ),
    story(
        "a change that the prompt does not show is not read ahead",
        Settings(instructions="Be kind."),
        at(0.0, JOINED, ...),
        at(
            1.0,
            SessionConfigured(Settings(instructions="Be kind.", voice="rex")),
            "apply settings: instructions='Be kind.', voice='rex'",
            "session updated: instructions='Be kind.', voice='rex'",
        ),
    ),
    story(
        "what was said so far is read ahead with the new instructions",
        replace(VAD, instructions="Be kind."),
        caller_says(1, "Good day.", since=1.0),
        at(2.6, falls_silent(1, 0), ...),
        at(
            3.0,
            SessionConfigured(Settings(instructions="Be brief.")),
            "apply settings: instructions='Be brief.'",
            "session updated: instructions='Be brief.'",
            "warm: system: Be brief. | user: Good day.",
        ),
    ),
    story(
        "instructions that come while a reply waits for words count for it",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, SessionConfigured(replace(VAD, instructions="Be kind.", voice="rex")), ...),
        at(
            2.9,
            words(1, 1, "Good day."),
            *HEARD,
            "reply 1 created (audio, rex)",
            "start reply 1 (audio, rex): system: Be kind. | user: Good day.",
        ),
    ),
    story(
        "a new voice does not change the reply under way",
        VAD,
        caller_says(1, "Good day.", since=1.0),
        at(2.7, SessionConfigured(replace(VAD, voice="rex")), ...),
        agent_says(1, "Hello.", since=3.0),
        at(4.0, falls_silent(1, 1000), ...),
        at(
            4.1,
            ResponseRequested(),
            "reply 2 created (audio, rex)",
            "start reply 2 (audio, rex): user: Good day. | assistant: Hello.",
        ),
    ),
    story(
        "an open turn is over when turn detection is taken away, and is not answered",
        VAD,
        at(1.1, starts(1000), ...),
        at(
            1.5,
            SessionConfigured(MANUAL),
            "speech stopped: item 1 at 1000 ms",
            "transcribe item 1 at pause 1",
            *COMMITTED,
            *NOW_MANUAL,
        ),
        at(1.6, pauses(1550, 1.55)),
        at(1.9, words(1, 1, "Good day."), *HEARD),
        Waits(None),
        at(
            2.0,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Good day.",
        ),
    ),
    story(
        "a paused turn is over with its words when turn detection is taken away, and is not answered",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, words(1, 1, "Good day."), "warm: user: Good day."),
        at(
            2.3,
            SessionConfigured(MANUAL),
            "speech stopped: item 1 at 2000 ms",
            *COMMITTED,
            *HEARD,
            *NOW_MANUAL,
        ),
        Waits(None),
    ),
    story(
        "without an open turn there is nothing to end when turn detection is taken away",
        VAD,
        at(1.5, SessionConfigured(MANUAL), *NOW_MANUAL),
        at(1.6, starts(1500)),
    ),
    story(
        "a turn that waits for its words when turn detection is taken away is not answered",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, SessionConfigured(MANUAL), *NOW_MANUAL),
        at(2.9, words(1, 1, "Good day."), *HEARD),
        Waits(None),
    ),
    story(
        "taking turn detection away does not stop the agent",
        VAD,
        caller_says(1, "Good day.", since=1.0),
        agent_says(1, "Hello.", since=3.0),
        at(3.2, SessionConfigured(MANUAL), *NOW_MANUAL),
        at(3.3, played(1, 300)),
        at(3.3, starts(3300)),
        at(
            4.0,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 2 assistant output_audio 'Hello.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
    ),
    story(
        "speech is heard again when turn detection comes back",
        MANUAL,
        at(1.0, starts(1000)),
        at(1.5, SessionConfigured(SEMANTIC), "apply settings", "session updated"),
        at(2.0, starts(2000), "speech started: item 1 at 1700 ms", "open turn item 1 from 1700 ms"),
    ),
    story(
        "a longer silence counts from the next pause",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.2, SessionConfigured(replace(VAD, turn_detection=ServerVad(silence_duration_ms=900))), ...),
        at(2.1, pauses(2000, 2.0), ...),
        Waits(2.9),
    ),
    story(
        "a belief that comes when the silence was fixed meanwhile changes nothing about it",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        Waits(3.4),
        at(2.2, SessionConfigured(replace(VAD, turn_detection=ServerVad(silence_duration_ms=900))), ...),
        at(2.3, assessed(1, 1, 0.99)),
        Waits(2.9),
    ),
    story(
        "a session that stops answering by itself leaves the turn that has just ended to the client",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, SessionConfigured(replace(VAD, turn_detection=ServerVad(create_response=False))), ...),
        at(2.9, words(1, 1, "Good day."), *HEARD),
    ),
)
def test_settings_that_change(one: Story) -> None:
    one.play()
