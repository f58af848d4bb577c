"""Stories of a call's first second: the session's notice, the warmed prompt, the greeting."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    MANUAL,
    VAD,
    Story,
    Waits,
    agent_says,
    at,
    falls_silent,
    played,
    starts,
    story,
    told,
    when_due,
    words,
)

from vivavoce.conversation.events import AudioCommitRequested, ResponseRequested, SessionConfigured
from vivavoce.conversation.settings import Modality, Settings, Tool

WEATHER = Tool("weather", "How the weather is", "{}")
HOST = replace(VAD, instructions="Be kind.", greeting="Hello!", tools=(WEATHER,))
KIND_HOST = Settings(instructions="Be kind.", greeting="Hello!")
TYPED_HOST = replace(KIND_HOST, modality=Modality.TEXT)


@told(
    story(
        "a caller who joins is told the session, and the model reads the instructions ahead",
        Settings(instructions="Be kind.", tools=(WEATHER,)),
        at(
            0.0,
            JOINED,
            f"session opened: instructions='Be kind.', tools={(WEATHER,)!r}",
            "warm: system: Be kind., tool weather",
        ),
        Waits(None),
    ),
    story(
        "without instructions there is nothing to warm, and without a greeting nothing to wait for",
        Settings(),
        at(0.0, JOINED, "session opened"),
        Waits(None),
    ),
    story(
        "the greeting is spoken a quarter of a second after the caller joined",
        KIND_HOST,
        at(1.0, JOINED, "session opened: instructions='Be kind.', greeting='Hello!'", "warm: system: Be kind."),
        when_due(1.25, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'Hello!'"),
        Waits(None),
    ),
    story(
        "a greeting that was heard is what the agent said first",
        replace(VAD, greeting="Hello!"),
        at(0.0, JOINED, ...),
        when_due(0.25, ...),
        agent_says(1, "Hello!", since=0.3),
        at(
            1.3,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 1 assistant output_audio 'Hello!' first",
            "reply 1 ended (completed): item 1",
            "warm: assistant: Hello!",
        ),
        at(
            2.0,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: Hello!",
        ),
    ),
    story(
        "a greeting can be interrupted like everything else the agent says",
        replace(VAD, greeting="Hello there, my dear caller!"),
        at(0.0, JOINED, ...),
        when_due(0.25, ...),
        agent_says(1, "Hello there, my dear caller!", since=0.3),
        at(0.8, played(1, 500)),
        at(
            0.8,
            starts(800),
            "speech started: item 2 at 500 ms",
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_audio 'Hello there,' incomplete first",
            "reply 1 ended (turn_detected): item 1",
            "warm: assistant: Hello there, —",
            "open turn item 2 from 500 ms",
        ),
    ),
    story(
        "a greeting that may not be interrupted is spoken to its end",
        replace(VAD, greeting="Hello there, my dear caller!", greeting_interruptible=False),
        at(0.0, JOINED, ...),
        when_due(0.25, ...),
        agent_says(1, "Hello there, my dear caller!", since=0.3),
        at(0.8, played(1, 500)),
        at(0.8, starts(800), "speech started: item 2 at 500 ms", "open turn item 2 from 500 ms"),
    ),
    story(
        "a client that configures the session at once is greeted right after it",
        KIND_HOST,
        at(0.0, JOINED, ...),
        at(
            0.1,
            SessionConfigured(replace(KIND_HOST, voice="ara")),
            "apply settings: instructions='Be kind.', greeting='Hello!', voice='ara'",
            "session updated: instructions='Be kind.', greeting='Hello!', voice='ara'",
        ),
        when_due(0.1, "reply 1 created (audio, ara)", "start reply 1 (audio, ara): script 'Hello!'"),
        Waits(None),
    ),
    story(
        "a greeting that the client brings is spoken where nothing was said yet",
        Settings(),
        at(0.0, JOINED, ...),
        at(
            0.1,
            SessionConfigured(Settings(greeting="Ahoy!")),
            "apply settings: greeting='Ahoy!'",
            "session updated: greeting='Ahoy!'",
        ),
        when_due(0.1, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'Ahoy!'"),
        Waits(None),
    ),
    story(
        "a greeting that the client brings later than the first words is not spoken",
        KIND_HOST,
        at(0.0, JOINED, ...),
        when_due(0.25, ...),
        at(1.0, SessionConfigured(replace(KIND_HOST, greeting="Ahoy!")), ...),
        Waits(None),
    ),
    story(
        "a client that brings another greeting cannot take away what callers are told before it",
        replace(KIND_HOST, consent="You are recorded."),
        at(0.0, JOINED, ...),
        at(0.1, SessionConfigured(replace(KIND_HOST, consent="You are recorded.", greeting=None)), ...),
        when_due(0.1, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'You are recorded.'"),
        Waits(None),
    ),
    story(
        "what callers are told stands before the greeting",
        Settings(consent="You are recorded.", greeting="Hello!"),
        at(0.0, JOINED, ...),
        when_due(0.25, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'You are recorded. Hello!'"),
        Waits(None),
    ),
    story(
        "a configuration after the greeting does not greet again",
        KIND_HOST,
        at(0.0, JOINED, ...),
        when_due(0.25, ...),
        at(1.0, SessionConfigured(replace(KIND_HOST, voice="ara")), ...),
        Waits(None),
    ),
    story(
        "a configuration that takes the greeting away is not followed by one",
        KIND_HOST,
        at(0.0, JOINED, ...),
        at(
            0.1,
            SessionConfigured(Settings()),
            "apply settings",
            "session updated",
        ),
        Waits(None),
    ),
    story(
        "a configuration that changes the greeting is greeted with the new words",
        KIND_HOST,
        at(0.0, JOINED, ...),
        at(0.1, SessionConfigured(replace(KIND_HOST, greeting="Good day!")), ...),
        when_due(0.1, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'Good day!'"),
    ),
    story(
        "a caller who speaks first is not greeted",
        KIND_HOST,
        at(0.0, JOINED, ...),
        at(0.2, starts(100), "speech started: item 1 at 0 ms", "open turn item 1 from 0 ms"),
        Waits(None),
    ),
    story(
        "a caller who speaks first is not greeted after a configuration either",
        KIND_HOST,
        at(0.0, JOINED, ...),
        at(0.2, starts(100), ...),
        at(0.21, SessionConfigured(replace(KIND_HOST, voice="ara")), ...),
        Waits(None),
    ),
    story(
        "a client that asks for a response first is not greeted",
        KIND_HOST,
        at(0.0, JOINED, ...),
        at(
            0.1,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): system: Be kind.",
        ),
        Waits(None),
    ),
    story(
        "a client that commits a turn first is not greeted",
        replace(MANUAL, greeting="Hello!"),
        at(0.0, JOINED, ...),
        at(0.2, AudioCommitRequested(150), ...),
        Waits(None),
        at(0.9, words(1, 1, "Good day."), ...),
        Waits(None),
    ),
    story(
        "a text session is greeted in writing",
        TYPED_HOST,
        at(0.0, JOINED, ...),
        when_due(0.25, "reply 1 created (text, eve)", "start reply 1 (text, eve): script 'Hello!'"),
    ),
)
def test_joining(one: Story) -> None:
    one.play()
