"""Stories of when a caller's turn is over: fixed silence, the turn detector's belief, speech that goes on."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    SEMANTIC,
    VAD,
    Story,
    Waits,
    assessed,
    at,
    caller_says,
    goes_on,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
)

from vivavoce.conversation.events import AudioClearRequested, AudioCommitRequested
from vivavoce.conversation.settings import Eagerness, SemanticTurnDetection, ServerVad, Settings

OPENED = "open turn item 1 from 700 ms"
STARTED = "speech started: item 1 at 700 ms"
ENDED = (
    "speech stopped: item 1 at 2000 ms",
    "close turn item 1",
    "committed: item 1 first",
    "added: item 1 user input_audio ... first",
)
HEARD = (
    "transcript grew: item 1 'Good day.'",
    "transcript: item 1 'Good day.' of 1.0 s",
    "done: item 1 user input_audio 'Good day.' first",
)
ANSWERED = ("reply 1 created (audio, eve)", "start reply 1 (audio, eve): user: Good day.")


def eager(eagerness: Eagerness) -> Settings:
    return Settings(turn_detection=SemanticTurnDetection(eagerness=eagerness))


@told(
    story(
        "half a second of silence ends the turn, and words that are there by then are answered at once",
        VAD,
        at(1.1, starts(1000), STARTED, OPENED),
        Waits(None),
        at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1"),
        at(2.3, words(1, 1, "Good day."), "warm: user: Good day."),
        when_due(2.5, *ENDED, *HEARD, *ANSWERED),
        Waits(None),
    ),
    story(
        "a turn that is over before its words waits for them, and is answered when they come",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, *ENDED),
        Waits(None),
        at(2.9, words(1, 1, "Good day."), *HEARD, *ANSWERED),
        Waits(None),
    ),
    story(
        "the silence is counted from the last speech, not from when the pause was noticed",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.4, pauses(2000, 2.0), "transcribe item 1 at pause 1"),
        Waits(2.5),
    ),
    story(
        "a pause that is noticed when it has lasted long enough ends the turn on the spot",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.7, pauses(2000, 2.0), "transcribe item 1 at pause 1", *ENDED),
        Waits(None),
    ),
    story(
        "a silence of zero ends the turn with the first pause",
        Settings(turn_detection=ServerVad(silence_duration_ms=0)),
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1", *ENDED),
    ),
    story(
        "a silence of zero needs no waking, even if the pause is noticed at its very moment",
        Settings(turn_detection=ServerVad(silence_duration_ms=0)),
        at(1.1, starts(1000), ...),
        at(2.0, pauses(2000, 2.0), "transcribe item 1 at pause 1", *ENDED),
    ),
    story(
        "without an open turn a detected session has nothing to commit, however much audio there was",
        VAD,
        at(1.0, AudioCommitRequested(900), "refused: input_audio_buffer_commit_empty"),
    ),
    story(
        "speech begins with the padding before it, but never before the call",
        VAD,
        at(0.2, starts(120), "speech started: item 1 at 0 ms", "open turn item 1 from 0 ms"),
    ),
    story(
        "a caller who goes on keeps the floor",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        Waits(2.5),
        at(2.4, goes_on(2400)),
        Waits(None),
        at(3.1, pauses(3000, 3.0), "transcribe item 1 at pause 2"),
        Waits(3.5),
    ),
    story(
        "words of an older pause are worthless once the caller went on",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, words(1, 1, "Good"), "warm: user: Good"),
        at(2.4, goes_on(2400)),
        at(3.1, pauses(3000, 3.0), ...),
        when_due(
            3.5,
            "speech stopped: item 1 at 3000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
        ),
        at(3.6, words(1, 2, "Good day."), *HEARD, *ANSWERED),
    ),
    story(
        "words of an older pause that come late are dropped, while the caller speaks, pauses and after the end",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.4, goes_on(2400)),
        at(2.5, words(1, 1, "Good")),
        at(3.1, pauses(3000, 3.0), ...),
        at(3.2, words(1, 1, "Good")),
        when_due(3.5, ...),
        at(3.6, words(1, 1, "Good")),
        at(3.7, words(1, 2, "Good day."), *HEARD, *ANSWERED),
        at(3.8, words(1, 2, "Good day.")),
    ),
    story(
        "a pause in silence and a resumption in speech change nothing",
        VAD,
        at(0.5, pauses(400, 0.4)),
        at(0.6, goes_on(600)),
        at(1.1, starts(1000), ...),
        at(1.2, goes_on(1200)),
        at(1.3, starts(1300)),
        at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1"),
        at(2.2, pauses(2100, 2.1)),
        Waits(2.5),
    ),
    story(
        "with fixed silence the turn detector is not asked",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1"),
    ),
    story(
        "the client may end a detected turn while the caller pauses, and its words are not asked for twice",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, AudioCommitRequested(), *ENDED),
        Waits(None),
        at(2.3, words(1, 1, "Good day."), *HEARD, *ANSWERED),
    ),
    story(
        "the client may end a detected turn while the caller speaks, and its words are asked for",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, words(1, 1, "Good"), "warm: user: Good"),
        at(2.3, goes_on(2300)),
        at(
            2.4,
            AudioCommitRequested(),
            "speech stopped: item 1 at 2000 ms",
            "transcribe item 1 at pause 2",
            *ENDED[1:],
        ),
        at(2.5, words(1, 1, "Good")),
        at(2.6, words(1, 2, "Good day."), *HEARD, *ANSWERED),
    ),
    story(
        "the client may throw an open turn away, and nothing is left of it",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, AudioClearRequested(), "clear the input", "input cleared"),
        Waits(None),
        at(2.3, words(1, 1, "Good day.")),
        at(2.4, AudioCommitRequested(), "refused: input_audio_buffer_commit_empty"),
        at(3.1, starts(3000), "speech started: item 2 at 2700 ms", "open turn item 2 from 2700 ms"),
    ),
    story(
        "throwing the input away leaves a turn that has ended alone",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, AudioClearRequested(), "clear the input", "input cleared"),
        at(2.9, words(1, 1, "Good day."), *HEARD, *ANSWERED),
    ),
    story(
        "the next turn stands after what was said before",
        VAD,
        caller_says(1, "Good day.", since=1.0),
        at(
            3.0,
            starts(3000),
            "speech started: item 2 at 2700 ms",
            "cancel reply 1",
            "reply 1 ended (turn_detected): nothing",
            "open turn item 2 from 2700 ms",
        ),
        at(4.1, pauses(4000, 4.0), ...),
        when_due(
            4.5,
            "speech stopped: item 2 at 4000 ms",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
        ),
        at(
            4.6,
            words(2, 1, "Are you there?"),
            "transcript grew: item 2 'Are you there?'",
            "transcript: item 2 'Are you there?' of 1.0 s",
            "done: item 2 user input_audio 'Are you there?' after item 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Good day. | user: Are you there?",
        ),
    ),
)
def test_a_turn_that_ends_by_silence(one: Story) -> None:
    one.play()


@told(
    story(
        "at a pause the words and the detector's belief are asked for together",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1", "assess item 1 at pause 1"),
    ),
    story(
        "until the detector answers, the longest patience runs",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        Waits(3.4),
        when_due(3.4, *ENDED),
    ),
    story(
        "a detector that is sure makes the wait short",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.15, assessed(1, 1, 0.95)),
        Waits(2.2),
        when_due(2.2, *ENDED),
    ),
    story(
        "a detector that wavers makes the wait middling",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.15, assessed(1, 1, 0.3)),
        Waits(2.56),
    ),
    story(
        "a detector that hears an unfinished sentence keeps the wait long",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.15, assessed(1, 1, 0.05)),
        Waits(3.4),
    ),
    story(
        "a detector that is sure too late ends the turn on the spot",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, words(1, 1, "Good day."), "warm: user: Good day."),
        at(2.3, assessed(1, 1, 0.95), *ENDED, *HEARD, *ANSWERED),
        Waits(None),
    ),
    story(
        "a detector that answers after the end of the turn is not heard",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(3.4, ...),
        at(3.5, assessed(1, 1, 0.95)),
        Waits(None),
    ),
    story(
        "what the detector believed of an older pause does not count at a newer one",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.15, goes_on(2120)),
        at(2.2, assessed(1, 1, 0.95)),
        Waits(None),
        at(3.1, pauses(3000, 3.0), ...),
        at(3.15, assessed(1, 1, 0.95)),
        Waits(4.4),
        at(3.16, assessed(1, 2, 0.95)),
        Waits(3.2),
    ),
    story(
        "what the detector believed is forgotten when the caller goes on",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.15, assessed(1, 1, 0.95)),
        at(2.18, goes_on(2120)),
        at(3.1, pauses(3000, 3.0), ...),
        Waits(4.4),
    ),
    story(
        "complete words shorten the wait of a doubting detector as soon as they are there",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.15, assessed(1, 1, 0.02)),
        Waits(3.4),
        at(2.2, words(1, 1, "Hello."), "warm: user: Hello."),
        Waits(2.56),
    ),
    story(
        "a belief about an older turn is not taken for the open one",
        SEMANTIC,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(3.4, ...),
        at(4.1, starts(4000), ...),
        at(5.1, pauses(5000, 5.0), ...),
        at(5.15, assessed(1, 1, 0.95)),
        Waits(6.4),
    ),
    *(
        story(
            f"with eagerness '{eagerness.value}' the patience is {sure}, {perhaps} or {unlikely} ms",
            eager(eagerness),
            at(1.1, starts(1000), ...),
            at(2.01, pauses(2000, 2.0), ...),
            Waits(2 + unlikely / 1000),
            at(2.02, assessed(1, 1, 0.1499)),
            Waits(2 + unlikely / 1000),
            at(2.03, assessed(1, 1, 0.15)),
            Waits(2 + perhaps / 1000),
            at(2.04, assessed(1, 1, 0.4999)),
            Waits(2 + perhaps / 1000),
            at(2.05, assessed(1, 1, 0.5)),
            Waits(2 + sure / 1000),
        )
        for eagerness, sure, perhaps, unlikely in (
            (Eagerness.HIGH, 160, 450, 900),
            (Eagerness.AUTO, 200, 560, 1400),
            (Eagerness.MEDIUM, 240, 800, 2000),
            (Eagerness.LOW, 400, 1400, 3600),
        )
    ),
    story(
        "the padding of a semantic turn is its own",
        replace(SEMANTIC, turn_detection=SemanticTurnDetection(prefix_padding_ms=50)),
        at(1.1, starts(1000), "speech started: item 1 at 950 ms", "open turn item 1 from 950 ms"),
    ),
)
def test_a_turn_that_ends_by_belief(one: Story) -> None:
    one.play()
