"""Tests of what a sound over the agent's voice means: interruption, backchannel, echo, noise, somebody else."""

from __future__ import annotations

import pytest
from conversation_stories import (
    Step,
    Story,
    Waits,
    agent_says,
    assessed,
    at,
    caller_says,
    falls_silent,
    interim,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
)
from hypothesis import given
from hypothesis import strategies as st
from overlap_chapters import CAREFUL

from vivavoce.conversation.agent_echo import is_echo
from vivavoce.conversation.events import ResponseRequested, SpeechMeasured
from vivavoce.conversation.history import History
from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.interruptions import Overheard, Verdict, judged, just_asked, speech_interrupts
from vivavoce.conversation.replies import Reply, ReplyOptions
from vivavoce.conversation.settings import Modality, SemanticTurnDetection, ServerVad, Settings, TurnDetection
from vivavoce.conversation.spoken_words import spoken_words

REPLY = Reply(ReplyId("r"), ReplyOptions(), Modality.AUDIO, "eve", None, History())
SAYING = "There is a table free at seven this evening, and one by the river at half past eight."
SAID = "There is a table free at seven this evening,"
INTERRUPTS, BACKCHANNEL, ECHO, FAINT, NOISE, UNCLEAR, HARMLESS = Verdict


def heard(
    words: str,
    spoken_ms: int = 500,
    *,
    final: bool = True,
    level_db: float | None = None,
    said: str = SAID,
    saying: str = SAYING,
    language: str | None = None,
    seemed_harmless: bool = False,
) -> Overheard:
    return Overheard(words, final, spoken_ms, level_db, said, saying, language, seemed_harmless)


@pytest.mark.parametrize(
    ("detection", "reply", "interrupts"),
    [
        pytest.param(ServerVad(), REPLY, True, id="speech interrupts a reply"),
        pytest.param(SemanticTurnDetection(), REPLY, True, id="speech of a semantic turn interrupts a reply"),
        pytest.param(ServerVad(), None, False, id="there is no reply to interrupt"),
        pytest.param(None, REPLY, False, id="where the client marks turns, only the client interrupts"),
        pytest.param(ServerVad(interrupt_response=False), REPLY, False, id="the session does not want interruptions"),
        pytest.param(
            SemanticTurnDetection(interrupt_response=False), REPLY, False, id="a semantic session does not want them"
        ),
    ],
)
def test_what_counts_as_barge_in(detection: TurnDetection | None, reply: Reply | None, *, interrupts: bool) -> None:
    assert speech_interrupts(Settings(turn_detection=detection), reply) is interrupts


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(heard("Wait.", 260, final=False), id="a word that stops, as soon as it is known"),
        pytest.param(heard("No.", 260, final=False), id="a no"),
        pytest.param(heard("Hold on", 300, final=False), id="a phrase that stops"),
        pytest.param(heard("What does", 300, final=False), id="the beginning of a question"),
        pytest.param(heard("Okay, but", 400, final=False), id="a but behind a backchannel"),
        pytest.param(heard("Not that one", 500, final=False), id="a correction"),
        pytest.param(heard("The stop, please", 500, final=False), id="a stop that was written down with another word"),
        pytest.param(heard("Know that is wrong", 400, final=False), id="a no that was written down as know"),
        pytest.param(heard("the one with the garden", 500, final=False), id="many words"),
        pytest.param(heard("seven people please", 700, final=False), id="three words that took their time"),
        pytest.param(
            heard("seven people please", 700, final=False, seemed_harmless=True), id="a hum that became three words"
        ),
        pytest.param(heard("Tuesday.", 700), id="an unknown word that took its time"),
        pytest.param(heard("I see why not", 500, final=False), id="a backchannel that goes on as a sentence"),
        pytest.param(heard("Stopp.", 300, language="de"), id="an unknown word in a language without lists"),
        pytest.param(heard("Wait.", level_db=-10.0), id="a caller who speaks softly"),
    ],
)
def test_what_interrupts(sound: Overheard) -> None:
    assert judged(sound) is INTERRUPTS


@pytest.mark.parametrize(
    ("sound", "verdict"),
    [
        pytest.param(heard("Uh-huh."), BACKCHANNEL, id="a hum"),
        pytest.param(heard("Yeah, yeah, I see."), BACKCHANNEL, id="backchannels in a row"),
        pytest.param(heard("Oh,s okay."), BACKCHANNEL, id="a backchannel with a stray letter"),
        pytest.param(heard("Thank you."), BACKCHANNEL, id="thanks in mid-sentence"),
        pytest.param(heard("God is.", seemed_harmless=True), BACKCHANNEL, id="a got it that was written down anew"),
        pytest.param(heard("Man."), NOISE, id="what a transcriber makes of a hum"),
        pytest.param(heard("Thanks for watching!", 900), NOISE, id="what a transcriber makes of a long noise"),
        pytest.param(heard("You.", 900), NOISE, id="what a transcriber makes of nothing"),
        pytest.param(heard("Jewel.", 500), NOISE, id="an unknown word too short to be sure of"),
        pytest.param(heard("Stop.", 90), NOISE, id="a word in less sound than a word takes"),
        pytest.param(heard(""), NOISE, id="no words at all"),
        pytest.param(heard("At seven this evening."), ECHO, id="what the agent is saying"),
        pytest.param(heard("At heaven this evening", 900), ECHO, id="the same, with a word misheard"),
        pytest.param(heard("buy the liver at half", 900), ECHO, id="the same, with most letters right"),
        pytest.param(heard("Wait a minute, please.", level_db=-20.0), FAINT, id="somebody in the background"),
    ],
)
def test_what_does_not_interrupt(sound: Overheard, verdict: Verdict) -> None:
    assert judged(sound) is verdict


@pytest.mark.parametrize(
    ("sound", "verdict"),
    [
        pytest.param(heard("Uh-huh", final=False), HARMLESS, id="a hum lets the agent go on while it lasts"),
        pytest.param(
            heard("God is", final=False, seemed_harmless=True), HARMLESS, id="so does one that is written anew"
        ),
        pytest.param(heard("the river", final=False), HARMLESS, id="so does an echo"),
        pytest.param(heard("Man.", final=False), UNCLEAR, id="what sounds like a noise may still become speech"),
        pytest.param(heard("seven people", final=False), UNCLEAR, id="two words may still become anything"),
        pytest.param(heard("", final=False), UNCLEAR, id="no words yet"),
        pytest.param(heard("Wait", final=False, level_db=-20.0), HARMLESS, id="so does somebody in the background"),
        pytest.param(
            heard("Yes", final=False, said="Is it for you?", saying="Is it for you?"), UNCLEAR, id="an answer may go on"
        ),
    ],
)
def test_what_is_not_known_before_the_sound_is_over(sound: Overheard, verdict: Verdict) -> None:
    assert judged(sound) is verdict


ASKS = "Shall I book the table? It would be outside on the terrace."
WHICH = "Which one would you like? There are two of them, and both are free tonight."


@pytest.mark.parametrize(
    ("words", "said", "saying", "verdict"),
    [
        pytest.param("Okay.", "Shall I book the table?", ASKS, INTERRUPTS, id="okay to a question for it"),
        pytest.param("Okay.", "Shall I book the ta", ASKS, INTERRUPTS, id="okay just before the question is over"),
        pytest.param("Okay.", "Shall I book the table? It would", ASKS, INTERRUPTS, id="okay to an agent that goes on"),
        pytest.param("Okay.", ASKS, ASKS, BACKCHANNEL, id="okay when the question is long past"),
        pytest.param("Okay.", "Shall", ASKS, BACKCHANNEL, id="okay before the question is known"),
        pytest.param("Okay.", "Which one would you like?", WHICH, BACKCHANNEL, id="okay to a question for something"),
        pytest.param("Green.", "Which one would you like?", WHICH, INTERRUPTS, id="a short word that answers"),
        pytest.param("Green.", WHICH, WHICH, NOISE, id="a short word that answers nothing"),
    ],
)
def test_answers_to_the_agents_question(words: str, said: str, saying: str, verdict: Verdict) -> None:
    assert judged(heard(words, 300, said=said, saying=saying)) is verdict


@given(st.text(alphabet="ab ?.!", max_size=60), st.integers(0, 60))
def test_a_question_that_was_just_asked_is_at_the_end_of_what_was_said(saying: str, position: int) -> None:
    asked = just_asked(saying, saying[:position])
    assert saying.startswith(asked)
    assert asked == "" or asked.endswith("?")


@pytest.mark.parametrize(
    ("words", "echo"),
    [
        pytest.param("by the river", True, id="the same words"),
        pytest.param("river the by", False, id="the same words in another order"),
        pytest.param("river", False, id="a single word, which anybody may say"),
        pytest.param("What does it cost per night?", False, id="other words"),
        pytest.param(
            "by the river there is no table", False, id="the agent's words at the beginning of the caller's own"
        ),
    ],
)
def test_the_agents_own_words(words: str, echo: bool) -> None:
    assert is_echo(spoken_words(words), SAYING) == echo


@given(st.text(), st.text())
def test_any_sound_can_be_judged(words: str, saying: str) -> None:
    assert judged(heard(words, said=saying, saying=saying)) in Verdict
    assert judged(heard(words, final=False, said=saying, saying=saying)) in Verdict


# --- in the conversation --------------------------------------------------------------------------------------------

SPEAKS = (
    *caller_says(1, "Count!", since=0.0),
    *agent_says(1, "One two three four.", since=2.0, lasts_ms=4000),
)


@told(
    story(
        "a backchannel holds the voice only until its words are known, and it is not resumed twice",
        CAREFUL,
        SPEAKS,
        at(3.0, starts(3000), ...),
        at(3.1, SpeechMeasured(160, None), "hold reply 1"),
        at(3.3, SpeechMeasured(300, None)),
        at(3.3, interim(3, "Uh-huh"), "resume reply 1"),
        at(3.6, pauses(3500, 3.5), ...),
        at(
            3.7, words(3, 1, "Uh-huh."), "ignored as backchannel: 'Uh-huh.' from 2700 to 3500 ms", "discard turn item 3"
        ),
    ),
    story(
        "a backchannel that was let go on still stops the agent when it becomes a sentence",
        CAREFUL,
        SPEAKS,
        at(3.0, starts(3000), ...),
        at(3.3, SpeechMeasured(300, None), ...),
        at(3.3, interim(3, "Yeah"), "resume reply 1"),
        at(3.6, interim(3, "Yeah, but"), "speech started: item 3 at 2700 ms", "cancel reply 1", ...),
    ),
)
def test_backchannels_in_the_conversation(one: Story) -> None:
    one.play()


ENDED = (
    at(0.1, ResponseRequested(), ...),
    *agent_says(1, "It is free at seven this evening.", since=0.2, lasts_ms=2000),
    at(2.2, falls_silent(1, 2000), ...),
)


@told(
    story(
        "the tail of the agent's words that comes back when it is silent is nobody's turn, and is not answered",
        CAREFUL,
        ENDED,
        at(2.3, starts(2200), ...),
        at(2.4, interim(2, "at seven this")),
        at(2.8, pauses(2700, 2.7), ...),
        at(2.9, words(2, 1, "At seven this evening.")),
        when_due(
            3.2,
            "speech stopped: item 2 at 2700 ms",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
            "transcript: item 2 '' of 1.0 s",
            "done: item 2 user input_audio '' after item 1",
        ),
    ),
    story(
        "a caller who repeats the agent's words needs longer than an echo, and is answered",
        CAREFUL,
        ENDED,
        at(2.6, starts(2500), ...),
        at(3.5, pauses(3400, 3.4), ...),
        at(3.6, words(2, 1, "At seven this evening."), ...),
        when_due(
            3.9,
            "speech stopped: item 2 at 3400 ms",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
            "transcript grew: item 2 'At seven this evening.'",
            ...,
        ),
    ),
)
def test_the_agents_voice_that_comes_back(one: Story) -> None:
    one.play()


SEMANTIC_TURN = Settings(turn_detection=SemanticTurnDetection())


def turn_over(number: int, item: int, since: float) -> tuple[Step, ...]:
    """A turn of one second whose end the detector is sure of; reply `number` is asked for."""
    ms = round(since * 1000)
    return (
        at(since + 0.1, starts(ms), ...),
        at(since + 1.1, pauses(ms + 1000, since + 1), ...),
        at(since + 1.15, assessed(item, 1, 0.9)),
        at(since + 1.2, words(item, 1, "A table for two."), ...),
        when_due(since + 1.28, ...),
    )


@told(
    story(
        "a caller who went on behind three early ends is waited for longer",
        SEMANTIC_TURN,
        *(turn_over(number, number, since=number * 2) for number in (1, 2, 3)),
        at(8.1, starts(8000), ...),
        at(9.1, pauses(9000, 9.0), ...),
        at(9.15, assessed(4, 1, 0.3)),
        at(9.2, words(4, 1, "A table for two."), ...),
        Waits(9.832),
    ),
    story(
        "what the caller says when the agent has spoken is no going on",
        SEMANTIC_TURN,
        *(
            chapter
            for number in (1, 2, 3)
            for chapter in (
                turn_over(number, 2 * number - 1, since=number * 2),
                agent_says(number, "One.", since=number * 2 + 1.4, lasts_ms=200),
                at(number * 2 + 1.7, falls_silent(number, 200), ...),
            )
        ),
        at(8.1, starts(8000), ...),
        at(9.1, pauses(9000, 9.0), ...),
        at(9.15, assessed(7, 1, 0.3)),
        at(9.2, words(7, 1, "A table for two."), ...),
        Waits(9.52),
    ),
    story(
        "what the caller says three seconds later is no going on",
        SEMANTIC_TURN,
        *(turn_over(number, number, since=number * 5) for number in (1, 2, 3)),
        at(20.1, starts(20000), ...),
        at(21.1, pauses(21000, 21.0), ...),
        at(21.15, assessed(4, 1, 0.3)),
        at(21.2, words(4, 1, "A table for two."), ...),
        Waits(21.52),
    ),
)
def test_pauses_behind_turns_that_seemed_over(one: Story) -> None:
    one.play()
