"""Stories of answers that are begun before a pause is noticed, with interim words that may be all there will be."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    VAD,
    Step,
    Story,
    assessed,
    at,
    fading,
    goes_on,
    interim,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
)

from vivavoce.conversation.settings import SemanticTurnDetection, ServerVad, Speculation

EARLY = replace(VAD, speculation=Speculation())
SPEAKING = at(1.0, starts(1000), ...)


def begins(number: int, text: str) -> str:
    return f"start reply {number} (audio, eve, gated): user: {text}"


BEGUN = (SPEAKING, at(1.4, fading(1, "Two please"), begins(1, "Two please")))


def paused(*then: str, text: str) -> tuple[Step, ...]:
    """The caller pauses, and these are the words; the fixed silence ends at 2.5."""
    return (at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1"), at(2.2, words(1, 1, text), *then))


UNSURE = (
    SPEAKING,
    at(2.1, pauses(2000, 2.0), "transcribe item 1 at pause 1", "assess item 1 at pause 1"),
)
"""The caller has paused, and the turn detector is asked too."""


@told(
    story("an answer is begun with interim words while the voice fades, and nobody is told", EARLY, BEGUN),
    story(
        "an answer begun with interim words is taken as it stands when the turn ends in them",
        EARLY,
        BEGUN,
        at(1.5, writes(1, "Gladly.")),
        paused(text="Two, please."),
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
            "transcript grew: item 1 'Two, please.'",
            "transcript: item 1 'Two, please.' of 1.0 s",
            "done: item 1 user input_audio 'Two, please.' first",
            "reply 1 created (audio, eve)",
            "open the gate of reply 1",
            "reply 1 message 0 added: item 2 assistant output_audio '' in_progress after item 1",
        ),
    ),
    story(
        "more words begin another answer, as often as they come, and cost no try",
        replace(EARLY, speculation=Speculation(tries_per_turn=1)),
        BEGUN,
        at(
            1.6,
            fading(1, "Two please tomorrow"),
            "transcript grew: item 1 'Two please'",
            "cancel reply 1",
            begins(2, "Two please tomorrow"),
        ),
        paused("cancel reply 2", begins(3, "Two please tomorrow evening"), text="Two please tomorrow evening"),
        at(2.3, goes_on(2250)),
        at(2.4, fading(1, "Three"), "cancel reply 3"),
    ),
    story(
        "interim words that break off begin nothing; the model reads all but the last, which may be revised",
        EARLY,
        SPEAKING,
        at(1.4, fading(1, "I would like two and"), "warm: user: I would like two"),
    ),
    story(
        "no interim words begin nothing",
        EARLY,
        SPEAKING,
        at(1.4, fading(1, "")),
    ),
    story(
        "an interim transcript that has fewer words leaves the answer to more of them alone",
        EARLY,
        SPEAKING,
        at(1.4, fading(1, "Two please, and a coffee"), begins(1, "Two please, and a coffee")),
        at(1.5, fading(1, "Two Please"), "transcript grew: item 1 'Two'"),
        at(1.6, fading(1, "Two please and")),
        at(1.7, fading(1, "")),
        paused(text="Two please and a coffee."),
    ),
    story(
        "an interim transcript that ends in another word throws the answer away, though it begin alike",
        EARLY,
        SPEAKING,
        at(1.4, fading(1, "Two teas"), begins(1, "Two teas")),
        at(1.5, fading(1, "Two tea"), "transcript grew: item 1 'Two'", "cancel reply 1", begins(2, "Two tea")),
    ),
    story(
        "a pause after fewer words throws the answer to more of them away and begins theirs",
        EARLY,
        SPEAKING,
        at(1.4, fading(1, "Two please, and a coffee"), begins(1, "Two please, and a coffee")),
        paused("cancel reply 1", begins(2, "Two please"), text="Two please"),
    ),
    story(
        "a pause after fewer words that break off throws the answer away too",
        EARLY,
        SPEAKING,
        at(1.4, fading(1, "Two please, and a coffee"), begins(1, "Two please, and a coffee")),
        paused("cancel reply 1", "warm: user: Two please and", text="Two please and"),
    ),
    story(
        "interim words may waste half of what a turn may waste, and pauses the rest",
        replace(EARLY, speculation=Speculation(wasted_tokens_per_turn=8)),
        BEGUN,
        at(1.45, writes(1, "Gladly, two.")),  # three tokens at four characters
        at(
            1.5,
            fading(1, "Two please Tom"),
            "transcript grew: item 1 'Two please'",
            "cancel reply 1",
            begins(2, "Two please Tom"),
        ),
        at(1.55, writes(2, "Yes.")),  # the fourth
        at(1.6, fading(1, "Two please tomorrow"), "cancel reply 2", "warm: user: Two please"),
        paused(begins(3, "Two please tomorrow"), text="Two please tomorrow"),
    ),
    story(
        "without speculation the model reads interim words ahead, all but the last, and each only once",
        VAD,
        SPEAKING,
        at(1.4, fading(1, "Two please"), "warm: user: Two"),
        at(1.5, fading(1, "Two teas"), "transcript grew: item 1 'Two'"),
        at(1.6, fading(1, "Two please tomorrow"), "warm: user: Two please"),
        at(1.7, fading(1, "Two")),
    ),
    story(
        "nothing is begun with interim words in a session that does not answer by itself",
        replace(EARLY, turn_detection=ServerVad(create_response=False)),
        SPEAKING,
        at(1.4, fading(1, "Two please")),
    ),
)
def test_answers_begun_while_the_caller_speaks(one: Story) -> None:
    one.play()


@told(
    story(
        "words that break off are answered once the turn detector is sure that they are all",
        replace(EARLY, turn_detection=SemanticTurnDetection()),
        UNSURE,
        at(2.15, words(1, 1, "Where is it from"), "warm: user: Where is it from"),
        at(2.2, assessed(1, 1, 0.9), begins(1, "Where is it from")),
    ),
    story(
        "words that break off are answered at once where the turn detector was sure before",
        replace(EARLY, turn_detection=SemanticTurnDetection()),
        UNSURE,
        at(2.15, assessed(1, 1, 0.9)),
        at(2.2, words(1, 1, "Where is it from"), begins(1, "Where is it from")),
    ),
    story(
        "words that break off are not answered where the turn detector is not sure",
        replace(EARLY, turn_detection=SemanticTurnDetection()),
        UNSURE,
        at(2.15, words(1, 1, "Where is it from"), "warm: user: Where is it from"),
        at(2.2, assessed(1, 1, 0.3)),
    ),
)
def test_answers_to_words_that_break_off(one: Story) -> None:
    one.play()


@told(
    story(
        "words in mid-speech are read ahead, all but the last, and begin no answer",
        EARLY,
        SPEAKING,
        at(1.4, interim(1, "Two please"), "warm: user: Two"),
    ),
)
def test_words_in_mid_speech(one: Story) -> None:
    one.play()
