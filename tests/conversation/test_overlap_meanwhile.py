"""Stories of what else may happen while sound over the agent's voice is not understood yet."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    Story,
    Waits,
    at,
    calls,
    fails,
    falls_silent,
    goes_on,
    interim,
    item,
    pauses,
    played,
    speaks,
    spoke,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
    written,
)
from overlap_chapters import CAREFUL, COUNTING, DONE, HELD, SPEAKING, SUSPECTED, TOUCHED, ignored, lasts, over, stops

from vivavoce.conversation.events import (
    AudioClearRequested,
    AudioCommitRequested,
    CallEndRequested,
    ForceMessageRequested,
    ItemTruncateRequested,
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
)
from vivavoce.conversation.settings import ServerVad

CLOSING = replace(CAREFUL, max_turns=1)


@told(
    story(
        "a reply that fails while it is held leaves the floor to the caller",
        CAREFUL,
        HELD,
        at(
            4.0,
            fails(1),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (failed 'the model is gone'): item 2",
            "speech started: item 3 at 3500 ms",
        ),
    ),
    story(
        "a commit says that the caller means it",
        CAREFUL,
        HELD,
        at(
            4.1,
            AudioCommitRequested(),
            *stops(""),
            "speech stopped: item 3 at 3800 ms",
            "transcribe item 3 at pause 1",
            "close turn item 3",
            "committed: item 3 after item 2",
            "added: item 3 user input_audio ... after item 2",
        ),
    ),
    story(
        "clearing the input lets the voice go on",
        CAREFUL,
        HELD,
        at(4.1, AudioClearRequested(), "resume reply 1", "clear the input", "input cleared"),
        at(4.9, falls_silent(1, 1900), DONE, "reply 1 ended (completed): item 2"),
        at(5.0, ResponseRequested(), "reply 2 created (audio, eve)", ...),
    ),
    story(
        "a client that cancels the reply gives the floor to the caller",
        CAREFUL,
        HELD,
        at(
            4.1,
            ResponseCancelRequested(),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "speech started: item 3 at 3500 ms",
        ),
    ),
    story(
        "a client that truncates the reply gives the floor to the caller",
        CAREFUL,
        HELD,
        at(
            4.1,
            ItemTruncateRequested(item(2), 0, 400),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio 'One' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "truncated: item 2 at 400 ms to 'One'",
            "speech started: item 3 at 3500 ms",
        ),
    ),
    story(
        "a client that takes the turn detection away ends the turn and lets the voice go on",
        CAREFUL,
        HELD,
        at(
            4.1,
            SessionConfigured(replace(CAREFUL, turn_detection=None)),
            "speech started: item 3 at 3500 ms",
            "resume reply 1",
            "speech stopped: item 3 at 3800 ms",
            ...,
        ),
    ),
    story(
        "a session that forbids interruptions while the voice is held lets it go on, and the turn counts",
        CAREFUL,
        HELD,
        at(4.0, SessionConfigured(replace(CAREFUL, turn_detection=ServerVad(interrupt_response=False))), ...),
        at(4.1, interim(3, "wait"), "speech started: item 3 at 3500 ms", "resume reply 1"),
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, "Wait.")),
        when_due(4.6, *over(3, "Wait.", 4100, "item 2")),
        at(
            4.9,
            falls_silent(1, 1900),
            DONE,
            "reply 1 ended (completed): item 2",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two three four. | user: Wait.",
        ),
    ),
    story(
        "a session that forbids interruptions while the voice is ducked lets it be loud again",
        CAREFUL,
        SPEAKING,
        at(3.8, SUSPECTED, "duck reply 1"),
        at(
            3.9,
            SessionConfigured(replace(CAREFUL, turn_detection=None)),
            "apply settings: turn_detection=None, interruption=<Interruption.CONFIRMED: 'confirmed'>",
            "session updated: turn_detection=None, interruption=<Interruption.CONFIRMED: 'confirmed'>",
            "resume reply 1",
        ),
    ),
    story(
        "a call that the server ends while the voice is held ends without another turn",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(
            4.3,
            CallEndRequested("expired"),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "call ended: expired",
            "end the call: expired",
        ),
    ),
    story(
        "a goodbye is ducked, and goes on after a backchannel",
        CLOSING,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, "Okay."), *ignored("backchannel", "Okay.")),
        at(4.9, falls_silent(1, 1900), DONE, "reply 1 ended (completed): item 2"),
        when_due(5.4, "call ended: max_turns", "end the call: max_turns"),
    ),
    story(
        "a goodbye that is interrupted in earnest ends the call, and no turn follows",
        CLOSING,
        HELD,
        at(4.1, played(1, 850)),
        at(
            4.1,
            interim(3, "wait"),
            *stops("One two")[1:],
            "discard turn item 3",
            "call ended: max_turns",
            "end the call: max_turns",
        ),
    ),
    story(
        "a goodbye that ends by itself under the caller's speech ends the call, and no turn follows",
        CLOSING,
        TOUCHED,
        at(4.0, falls_silent(1, 1900), DONE, "reply 1 ended (completed): item 2", "discard turn item 3"),
        when_due(4.5, "call ended: max_turns", "end the call: max_turns"),
    ),
)
def test_what_may_happen_meanwhile(one: Story) -> None:
    one.play()


CALLED = (
    at(0.5, ResponseRequested(), ...),
    at(1.0, writes(1, COUNTING), ...),
    at(1.0, calls(1, "c1"), ...),
    at(1.0, written(1)),
    at(1.0, speaks(1, COUNTING), ...),
    at(1.0, spoke(1, 1900)),
    at(1.2, ResponseRequested()),
)
"""A reply that another one waits for."""


@told(
    story(
        "a reply that waits begins after the caller, where the one before ends under the caller's speech",
        CAREFUL,
        CALLED,
        at(2.8, starts(2700), "duck reply 1", "open turn item 3 from 2400 ms"),
        at(
            2.9,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 1 assistant output_audio 'One two three four.' first",
            "reply 1 ended (completed): item 1, item 2",
            "speech started: item 3 at 2400 ms",
        ),
        at(3.1, pauses(3000, 3.0), ...),
        at(3.2, words(3, 1, "And now?"), ...),
        when_due(
            3.5,
            *over(3, "And now?", 3000, "item 2"),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: One two three four. | assistant: weather({}) as c1 | "
            "user: And now?",
        ),
    ),
    story(
        "a reply that waits begins when the one before ends after a backchannel",
        CAREFUL,
        CALLED,
        at(2.0, starts(1900), "duck reply 1", "open turn item 3 from 1600 ms"),
        at(2.2, pauses(2100, 2.1), ...),
        at(
            2.3,
            words(3, 1, "Okay."),
            "ignored as backchannel: 'Okay.' from 1600 to 2100 ms",
            "discard turn item 3",
            "resume reply 1",
        ),
        at(
            2.9,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 1 assistant output_audio 'One two three four.' first",
            "reply 1 ended (completed): item 1, item 2",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: One two three four. | assistant: weather({}) as c1",
        ),
    ),
    story(
        "words that wait to be said are said after a backchannel",
        CAREFUL,
        at(0.5, ForceMessageRequested("One moment."), ...),
        at(0.6, ForceMessageRequested("It takes a while."), ...),
        at(0.7, speaks(1, "One moment."), ...),
        at(0.9, starts(800), "duck reply 1", "open turn item 2 from 500 ms"),
        at(1.1, pauses(1000, 1.0), ...),
        at(
            1.2,
            words(2, 1, "Okay."),
            "ignored as backchannel: 'Okay.' from 500 to 1000 ms",
            "discard turn item 2",
            "resume reply 1",
        ),
        at(
            1.3,
            falls_silent(1, 700),
            "reply 1 message 0 done: item 1 assistant output_audio 'One moment.' first",
            "reply 1 ended (completed): item 1",
            "warm: assistant: One moment.",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): script 'It takes a while.'",
        ),
    ),
    story(
        "the words of an earlier turn that come during a backchannel do not keep the floor from the next reply",
        replace(CAREFUL, turn_detection=ServerVad(silence_duration_ms=500, interrupt_response=False)),
        at(0.5, ResponseRequested(), ...),
        at(0.7, speaks(1, COUNTING), ...),
        at(0.8, starts(700), ...),
        at(1.1, pauses(1000, 1.0), ...),
        when_due(1.5, ...),
        at(1.6, SessionConfigured(CAREFUL), ...),
        at(1.7, starts(1600), "duck reply 1", "open turn item 3 from 1300 ms"),
        at(1.8, words(2, 1, "Go on."), ...),
        at(1.9, pauses(1850, 1.85), ...),
        at(
            2.0,
            words(3, 1, "Okay."),
            "ignored as backchannel: 'Okay.' from 1300 to 1850 ms",
            "discard turn item 3",
            "resume reply 1",
        ),
        at(
            2.5,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 1 assistant output_audio 'One two three four.' first",
            "reply 1 ended (completed): item 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: One two three four. | user: Go on.",
        ),
    ),
)
def test_what_waits_meanwhile(one: Story) -> None:
    one.play()


@told(
    story(
        "a voice that is held goes on when no more of the caller's sound arrives, and the next sound is a new one",
        CAREFUL,
        HELD,
        Waits(7.0),
        when_due(7.0, *ignored("noise", "", end_ms=3800)),
        Waits(None),
        at(7.1, interim(3, "Wait")),
        at(7.2, lasts(300)),
        at(7.3, pauses(4200, 7.2)),
        at(7.4, starts(7400), "duck reply 1", "open turn item 4 from 7100 ms"),
    ),
    story(
        "so does one that is only ducked",
        CAREFUL,
        TOUCHED,
        when_due(6.9, *ignored("noise", "", end_ms=3800)),
    ),
    story(
        "words that were not clear are told when nothing more arrives",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "Tuesday")),
        when_due(7.0, *ignored("noise", "Tuesday", end_ms=3800)),
    ),
    story(
        "patience with a sound begins anew with every sound, and not with what was made of those before",
        CAREFUL,
        HELD,
        at(5.0, lasts(300)),
        Waits(8.0),
        at(5.1, interim(3, "Tues")),
        Waits(8.0),
        at(5.2, pauses(5100, 5.1), "transcribe item 3 at pause 1"),
        Waits(8.2),
        at(5.3, goes_on(5250)),
        Waits(8.3),
    ),
    story(
        "a voice that goes on already is not told to go on again",
        CAREFUL,
        HELD,
        at(4.5, lasts(700)),
        at(4.6, interim(3, ""), "resume reply 1"),
        when_due(7.5, *ignored("noise", "", end_ms=3800)[:2]),
    ),
    story(
        "speech whose words do not come in time is listened to, as is speech that nobody can transcribe",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), "transcribe item 3 at pause 1"),
        when_due(7.2, *stops(""), *over(3, "Stop!", 4100, "item 2")[:4]),
        at(
            7.5,
            words(3, 1, "Stop!"),
            *over(3, "Stop!", 4100, "item 2")[4:],
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | user: Stop!",
        ),
    ),
    story(
        "nobody waits any longer for what is confirmed",
        CAREFUL,
        HELD,
        at(4.1, interim(3, "Stop"), *stops("")),
        Waits(None),
    ),
    story(
        "nobody waits any longer for what was a backchannel",
        CAREFUL,
        HELD,
        at(4.2, pauses(4100, 4.1), ...),
        at(4.3, words(3, 1, "Okay."), *ignored("backchannel", "Okay.")),
        Waits(None),
    ),
    story(
        "nobody waits any longer for what the client has cleared",
        CAREFUL,
        HELD,
        at(4.1, AudioClearRequested(), ...),
        Waits(None),
    ),
)
def test_patience_with_a_sound(one: Story) -> None:
    one.play()
