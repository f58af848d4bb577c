"""Stories of sound over the agent's voice: it is ducked at once, held soon, and stopped only by those who mean it."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    VAD,
    Story,
    Waits,
    agent_says,
    assessed,
    at,
    caller_says,
    falls_silent,
    goes_on,
    interim,
    no_words,
    pauses,
    played,
    speaks,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
)
from hypothesis import given
from hypothesis import strategies as st
from overlap_chapters import (
    ASKING,
    CAREFUL,
    CLEARED,
    COUNTING,
    DONE,
    HELD,
    SPEAKING,
    SUSPECTED,
    TOUCHED,
    ignored,
    lasts,
    over,
    stops,
)

from vivavoce.conversation.events import (
    ForceMessageRequested,
    ResponseRequested,
)
from vivavoce.conversation.interruptions import Overheard, Verdict, judged
from vivavoce.conversation.overlap import HOLD_AFTER_MS
from vivavoce.conversation.settings import Modality, SemanticTurnDetection, ServerVad


@told(
    story(
        "the first sound that may be speech ducks the voice, and it was none",
        CAREFUL,
        SPEAKING,
        at(3.8, SUSPECTED, "duck reply 1"),
        at(3.85, CLEARED, "resume reply 1"),
        at(3.9, SUSPECTED, "duck reply 1"),
    ),
    story(
        "a sound that is speech at once ducks the voice too",
        CAREFUL,
        SPEAKING,
        at(3.9, starts(3800), "duck reply 1", "open turn item 3 from 3500 ms"),
    ),
    story(
        "speech that lasts as long as a short word holds the voice, once",
        CAREFUL,
        TOUCHED,
        at(3.94, lasts(HOLD_AFTER_MS - 32)),
        at(3.95, lasts(HOLD_AFTER_MS), "hold reply 1"),
        at(4.0, lasts(180)),
    ),
    story(
        "faint speech ducks and does not hold",
        CAREFUL,
        TOUCHED,
        at(3.95, lasts(160, -20.0)),
        at(4.1, lasts(320, -20.0)),
    ),
    story(
        "a suspicion while nobody speaks is of no interest",
        CAREFUL,
        at(1.0, SUSPECTED),
        at(1.1, CLEARED),
    ),
    story(
        "a suspicion before the first sound of a reply does not duck it",
        CAREFUL,
        caller_says(1, "Count!", since=1.0),
        at(2.7, writes(1, COUNTING), ...),
        at(2.8, SUSPECTED),
        at(2.9, speaks(1, COUNTING), ...),
        at(2.95, CLEARED),
    ),
    story(
        "speech before the first sound of a reply stops it at once: there is nothing to duck",
        CAREFUL,
        caller_says(1, "Count!", since=1.0),
        at(2.7, writes(1, COUNTING), ...),
        at(
            2.8,
            starts(2700),
            "speech started: item 3 at 2400 ms",
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (turn_detected): item 2",
            "open turn item 3 from 2400 ms",
        ),
    ),
    story(
        "the plain protocol stops the voice at the first speech and knows no suspicion",
        VAD,
        SPEAKING,
        at(3.8, SUSPECTED),
        at(3.85, played(1, 850)),
        at(3.9, starts(3800), *stops("One two"), "open turn item 3 from 3500 ms"),
    ),
    story(
        "where the agent may not be interrupted it is not ducked either",
        replace(CAREFUL, turn_detection=ServerVad(interrupt_response=False)),
        SPEAKING,
        at(3.8, SUSPECTED),
        at(3.9, starts(3800), "speech started: item 3 at 3500 ms", "open turn item 3 from 3500 ms"),
        at(3.95, lasts(200)),
    ),
    story(
        "words that may not be interrupted are not ducked",
        CAREFUL,
        at(0.5, ForceMessageRequested("Calls are recorded.", interruptible=False), ...),
        at(0.6, speaks(1, "Calls are recorded."), ...),
        at(0.7, SUSPECTED),
        at(0.8, starts(700), "speech started: item 2 at 400 ms", "open turn item 2 from 400 ms"),
    ),
    story(
        "a written reply is stopped at once",
        replace(CAREFUL, modality=Modality.TEXT),
        caller_says(1, "Count!", since=1.0),
        at(2.7, writes(1, "One two"), ...),
        at(2.8, SUSPECTED),
        at(2.9, starts(2800), "speech started: item 3 at 2500 ms", "cancel reply 1", ...),
    ),
)
def test_ducking_and_holding(one: Story) -> None:
    one.play()


@told(
    story(
        "a word that takes the floor stops the voice while the caller still speaks, dated back to the first sound",
        CAREFUL,
        HELD,
        at(4.1, played(1, 850)),
        at(4.1, interim(3, "wait"), *stops("One two")),
        at(
            4.3,
            interim(3, "wait a"),
            "transcript grew: item 3 'wait'",
            "warm: user: Count! | assistant: One two — | user: wait",
        ),
    ),
    story(
        "words that were sure before the voice was stopped are told when it is",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "I would")),
        at(4.2, interim(3, "I would like"), *stops(""), "transcript grew: item 3 'I would'"),
    ),
    story(
        "words that turned out otherwise before the voice was stopped are not told",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "I")),
        at(4.2, interim(3, "I would")),
        at(4.3, interim(3, "My wife would like"), *stops("")),
    ),
    story(
        "a turn that is confirmed only at its pause is answered like any other",
        CAREFUL,
        HELD,
        at(4.1, played(1, 850)),
        at(4.2, pauses(4100, 4.1), "transcribe item 3 at pause 1"),
        at(4.3, words(3, 1, "Stop!"), *stops("One two"), "warm: user: Count! | assistant: One two — | user: Stop!"),
        when_due(
            4.6,
            *over(3, "Stop!", 4100, "item 2"),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two — | user: Stop!",
        ),
    ),
    story(
        "a turn that is confirmed after its silence has lasted long enough is over at once",
        CAREFUL,
        HELD,
        at(4.1, played(1, 850)),
        at(4.2, pauses(4100, 4.1), "transcribe item 3 at pause 1"),
        Waits(7.2),
        at(
            4.7,
            words(3, 1, "Stop!"),
            *stops("One two"),
            *over(3, "Stop!", 4100, "item 2"),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two — | user: Stop!",
        ),
    ),
    story(
        "a belief that came before the turn was confirmed still counts",
        replace(CAREFUL, turn_detection=SemanticTurnDetection()),
        at(0.5, ResponseRequested(), ...),
        agent_says(1, COUNTING, since=1.0, lasts_ms=1900),
        at(1.8, starts(1700), "duck reply 1", "open turn item 2 from 1400 ms"),
        at(2.0, lasts(300), "hold reply 1"),
        at(2.1, pauses(2000, 2.0), "transcribe item 2 at pause 1", "assess item 2 at pause 1"),
        at(2.15, assessed(2, 1, 0.9)),
        Waits(5.1),
        at(2.18, words(2, 1, "Stop!"), "speech started: item 2 at 1400 ms", "cancel reply 1", ...),
        when_due(2.2, "speech stopped: item 2 at 2000 ms", ...),
    ),
    story(
        "speech of which nobody can tell the words is listened to",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, no_words(3, 1), *stops("")),
        when_due(4.6, "speech stopped: item 3 at 4100 ms", "transcribe item 3 at pause 1", ...),
    ),
    story(
        "after the agent's own question an okay is an answer",
        CAREFUL,
        ASKING,
        at(5.6, starts(5500), "duck reply 1", "open turn item 3 from 5200 ms"),
        at(5.65, lasts(150), "hold reply 1"),
        at(5.65, lasts(300)),
        at(5.65, played(1, 2700)),
        at(5.7, pauses(5650, 5.65), ...),
        at(
            5.8,
            words(3, 1, "Okay."),
            "speech started: item 3 at 5200 ms",
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio 'Two tickets, is that right?' incomplete "
            "after item 1",
            "reply 1 ended (turn_detected): item 2",
            ...,
        ),
    ),
)
def test_who_means_it(one: Story) -> None:
    one.play()


@told(
    story(
        "a backchannel leaves no item and no turn, and the voice goes on at once",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), "transcribe item 3 at pause 1"),
        at(4.3, words(3, 1, "Uh-huh."), *ignored("backchannel", "Uh-huh.")),
        Waits(None),
        at(4.9, falls_silent(1, 1900), DONE, "reply 1 ended (completed): item 2"),
        at(5.0, ResponseRequested(), "reply 2 created (audio, eve)", ...),
    ),
    story(
        "a long backchannel lets the voice go on before it ends, and is over without another word",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "uh huh"), "resume reply 1"),
        at(4.2, pauses(4100, 4.1), "transcribe item 3 at pause 1"),
        at(4.3, words(3, 1, "Uh-huh."), *ignored("backchannel", "Uh-huh.")[:-1]),
        Waits(None),
    ),
    story(
        "after a backchannel the caller may still interrupt",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, "Okay."), *ignored("backchannel", "Okay.")),
        at(4.4, SUSPECTED, "duck reply 1"),
        at(4.5, starts(4400), "open turn item 4 from 4100 ms"),
        at(4.55, lasts(160), "hold reply 1"),
        at(4.7, interim(4, "but why"), "speech started: item 4 at 4100 ms", "cancel reply 1", ...),
    ),
    story(
        "a backchannel that goes on as a sentence interrupts",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(4.25, goes_on(4200)),
        at(4.3, words(3, 1, "Okay.")),
        at(4.5, interim(3, "Okay but why"), *stops("")),
    ),
    story(
        "the agent's own words coming back do not stop it, and it goes on while they last",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "one two"), "resume reply 1"),
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, "One, two, three."), *ignored("echo", "One, two, three.")[:2]),
    ),
    story(
        "a voice from the next table does not stop it",
        CAREFUL,
        TOUCHED,
        at(4.0, lasts(200, -20.0)),
        at(4.1, interim(3, "wait for me")),
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, "Wait for me!"), *ignored("faint", "Wait for me!")),
    ),
    story(
        "a noise without words does not stop it",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, ""), *ignored("noise", "")),
    ),
    story(
        "a long noise without words lets the voice go on before it ends, and does not hold it again",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "")),
        at(4.2, lasts(400)),
        at(4.25, interim(3, ""), "resume reply 1"),
        at(4.3, lasts(500)),
        at(4.4, interim(3, "")),
        at(4.6, interim(3, "hold on"), *stops("")),
    ),
    story(
        "a word for the wait is no interruption of a reply that is over",
        CAREFUL,
        TOUCHED,
        at(4.0, falls_silent(1, 1900), DONE, "reply 1 ended (completed): item 2", "speech started: item 3 at 3500 ms"),
        at(4.2, pauses(4100, 4.1), "transcribe item 3 at pause 1"),
        at(4.3, words(3, 1, "Okay."), "warm: user: Count! | assistant: One two three four. | user: Okay."),
        when_due(4.6, *over(3, "Okay.", 4100, "item 2"), "reply 2 created (audio, eve)", ...),
    ),
)
def test_who_does_not_mean_it(one: Story) -> None:
    one.play()


SOUNDS = st.builds(
    Overheard,
    words=st.text("yes no wait okay two three?.,'-", max_size=30),
    final=st.just(True),  # noqa: FBT003
    spoken_ms=st.integers(0, 2000),
    level_db=st.none() | st.floats(-40, 10),
    agent_said=st.sampled_from(["Two, is it?", "Two it is."]),
    agent_saying=st.just("Two, is it? Three"),
    language=st.sampled_from([None, "en", "de"]),
    seemed_harmless=st.booleans(),
)


@given(SOUNDS)
def test_a_sound_that_is_over_is_never_unclear(sound: Overheard) -> None:
    assert judged(sound) not in {Verdict.UNCLEAR, Verdict.HARMLESS}
