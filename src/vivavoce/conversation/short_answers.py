"""Short words that are a whole turn: yes and no to a question that asks for them, greetings, thanks, goodbyes.

Pure functions, owned by nobody. The lists are English.
"""

from __future__ import annotations

from vivavoce.conversation.spoken_words import consists_of, last_sentence, phrases, spoken_words

_AUXILIARIES = frozenset(
    """
    is are am was were do does did have has had can could will would shall should may might must
    isn't aren't wasn't weren't don't doesn't didn't haven't hasn't can't couldn't won't wouldn't shouldn't
    """.split()
)
_OPENERS = frozenset("and but so or then okay right well now great perfect sorry alright".split())
_TAGS = frozenset("right correct okay yes no alright".split())
_QUESTION_WORDS = frozenset("what which who whom whose when where why how".split())

_ANSWERS = phrases(
    *("yes", "yeah", "yep", "yup", "yes please", "no", "nope", "nah", "no thanks", "no thank you", "sure", "of course"),
    *("okay", "all right", "alright", "fine", "right", "correct", "exactly", "absolutely", "definitely", "certainly"),
    *("that's right", "that's correct", "that's fine", "that's it", "that's all", "it is", "it does", "i do", "i am"),
    *(
        "i did",
        "i don't",
        "i'm not",
        "not yet",
        "not really",
        "not at all",
        "please",
        "please do",
        "thanks",
        "thank you",
    ),
    *(
        "go ahead",
        "sounds good",
        "perfect",
        "great",
        "good",
        "uh-huh",
        "mm-hmm",
        "mhm",
        "i don't think so",
        "i think so",
    ),
    *("i guess so", "i hope so", "both", "neither", "either", "either one", "it isn't", "it doesn't", "never", "maybe"),
)
"""What a caller says to a question that asks for yes or no. In any order and number."""

_CLOSED = phrases(
    *("hello", "hello there", "hi", "hi there", "hey", "hey there", "good morning", "good afternoon", "good evening"),
    *(
        "how are you",
        "how are you doing",
        "thank you",
        "thank you very much",
        "thank you so much",
        "thanks",
        "thanks a lot",
    ),
    *("many thanks", "thanks very much", "bye", "bye-bye", "bye bye", "goodbye", "good bye", "good night", "see you"),
    *("see you later", "see you then", "have a nice day", "have a good day", "you too", "no thanks", "no thank you"),
    *("yes please", "that's all", "that's all thank you", "that would be great", "that would be all", "nothing else"),
    *("help", "stop", "cancel", "never mind", "repeat that please", "pardon", "excuse me", "i don't know", "okay bye"),
)
"""Whole turns, whatever was said before. In any order and number ("Okay, thanks, bye")."""

_CLOSED_OR_OKAY = _CLOSED | phrases("okay", "all right", "alright", "great", "perfect", "and", "oh")


def asks_yes_or_no(agent_said: str) -> bool:
    """True if the agent's last sentence is a question that one word answers: yes, no, or one of two things."""
    sentence = last_sentence(agent_said)
    if not sentence.endswith("?"):
        return False
    words = spoken_words(sentence)
    while len(words) > 1 and words[0] in _OPENERS:
        words = words[1:]
    if not words or words[0] in _QUESTION_WORDS:
        return False
    clause = spoken_words(sentence.rpartition(",")[2])
    return words[0] in _AUXILIARIES or words[-1] in _TAGS or bool(clause and clause[0] in _AUXILIARIES) or "or" in words


def is_short_answer(words: str) -> bool:
    """True if the words are nothing but yes, no and the like."""
    return consists_of(spoken_words(words), _ANSWERS)


def is_closed_phrase(words: str) -> bool:
    """True for greetings, thanks, goodbyes and their like: nobody waits for the rest of them."""
    spoken = spoken_words(words)
    return consists_of(spoken, _CLOSED_OR_OKAY) and any(consists_of(spoken[at:], _CLOSED) for at in range(len(spoken)))
