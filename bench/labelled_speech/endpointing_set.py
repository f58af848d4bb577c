"""The end-of-turn set: what callers say, where they only pause, and where they have finished.

Every pause of 150 ms and more inside an utterance is labelled: the agent must not speak there. Real speech is cut from
readings and recorded commands; numbers, names, addresses and hesitations are spoken by our own voices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bench.labelled_speech.cutting import Span
from bench.labelled_speech.recipes import (
    FirstHalf,
    Half,
    Mixed,
    Piece,
    Recorded,
    Said,
    SecondHalf,
    Variation,
    half_of,
    mixed,
    number_of,
    on_a_line,
    variations_of,
)
from bench.labelled_speech.spoken import VOICES

TAIL_MS = 4_500
"""Longer than the most patient setting waits."""

_AUSTEN = "sphinx/librivox/sense_and_sensibility_01_austen_64kb"
_CITIES = "reading/two_cities"

PASSAGES_MS = (0, 6_500, 13_000, 21_000, 26_300, 29_000)
"""Where the passages of the long reading begin."""

REAL_COMPLETE = (
    *(Recorded(f"clip/{name}") for name in ("hello", "yes", "no", "help_me", "hi_how_are_you", "thank_you")),
    Recorded("clip/check_order_12345"),
    Recorded("clip/order_status"),
    *(Recorded(f"sphinx/cards/00{number}") for number in range(1, 6)),
    *(Recorded(f"{_AUSTEN}-0{number}") for number in (870, 880, 890, 920, 930)),
    Recorded("raw/goforward"),
    Recorded("raw/something"),
    Recorded("raw/numbers"),
    Recorded("raw/tidigits/dhd.2934z"),
    *(
        Recorded(_CITIES, Span(start_ms, end_ms))
        for start_ms, end_ms in (
            (1210, 2810),
            (2990, 4540),
            (5020, 6180),
            (6670, 8190),
            (8820, 10100),
            (10770, 12770),
            (13480, 14750),
            (15150, 16670),
            (17570, 18720),
            (18980, 20450),
            (21250, 23990),
            (24660, 25980),
        )
    ),
    Recorded("reading/beckett", Span(6660, 7790)),
    Recorded("reading/beckett", Span(8010, 9910)),
)
"""Whole utterances; some have a short pause in them."""

REAL_WITH_PAUSES = (
    Recorded(_CITIES, Span(29110, 41630)),
    Recorded(_CITIES, Span(29930, 41630)),
    Recorded(_CITIES, Span(29930, 36570)),
    Recorded(_CITIES, Span(32790, 41630)),
    Recorded(_CITIES, Span(36960, 41630)),
    Recorded(_CITIES, Span(26560, 28260)),
)
"""One long sentence of a reading and its parts, with the reader's own pauses of 150 to 570 ms."""

SEVERAL_SENTENCES = (
    Recorded(_CITIES, Span(1210, 6180), (2900, 4780)),
    Recorded(_CITIES, Span(6670, 12770), (8500, 10180, 10525)),
    Recorded(_CITIES, Span(13480, 20450), (14950, 17120, 18850)),
    Recorded(_CITIES, Span(21250, 28260), (24320, 26270)),
    Recorded("reading/beckett", Span(0, 7790), (1595, 2965, 3365, 4195, 4795, 6085, 7540)),
)
"""The pauses of 150 to 900 ms lie between sentences: whoever answers there is hasty, not deaf. Counted apart."""

STRETCHED = (
    (Recorded("clip/order_status", Span(100, 1450)), Recorded("clip/order_status", Span(1620, 1860))),
    (Recorded("sphinx/cards/002", Span(140, 630)), Recorded("sphinx/cards/002", Span(820, 1680))),
    (Recorded("sphinx/cards/004", Span(250, 650)), Recorded("sphinx/cards/004", Span(900, 1200))),
    (Recorded("sphinx/cards/005", Span(210, 1110)), Recorded("sphinx/cards/005", Span(1330, 3230))),
    (Recorded(f"{_AUSTEN}-0890", Span(290, 1220)), Recorded(f"{_AUSTEN}-0890", Span(1380, 5050))),
    (Recorded(_CITIES, Span(26560, 27530)), Recorded(_CITIES, Span(27680, 28260))),
    (Recorded(_CITIES, Span(29110, 29590)), Recorded(_CITIES, Span(29930, 32220))),
    (
        Recorded(_CITIES, Span(36960, 37430)),
        Recorded(_CITIES, Span(37610, 38330)),
        Recorded(_CITIES, Span(38700, 41630)),
    ),
)
"""Real speech whose own pauses were made longer."""

SPLIT = (
    *(Recorded(f"{_AUSTEN}-0{number}") for number in (870, 880, 890, 920, 930)),
    Recorded("clip/check_order_12345"),
    Recorded("clip/help_me"),
    Recorded("raw/goforward"),
    Recorded("raw/something"),
    Recorded("raw/numbers"),
    Recorded("raw/tidigits/dhd.2934z"),
)
"""Real speech with a pause where the speaker made none, between two words."""

IN_PROGRESS: dict[str, tuple[tuple[str, ...], ...]] = {
    "number": (
        ("My number is five five five,", "one two,", "three four, five six."),
        ("It's oh two oh,", "seven nine four six,", "oh nine five eight."),
        ("The order number is four four seven,", "one nine,", "two eight."),
        ("My card ends in", "nine three one seven."),
        ("It's one, two, three,", "four, five, six,", "seven, eight, nine."),
        ("The zip code is nine oh", "two one oh."),
        ("My account number is eight eight two,", "three three five."),
    ),
    "spelled name": (
        ("My name is Katherine, K, A, T, H,", "E, R, I, N, E."),
        ("It's spelled S, M, I,", "T, H."),
        ("That's B, as in Bravo,", "E, as in Echo, N."),
        ("My last name is Nguyen, N, G,", "U, Y, E, N."),
    ),
    "e-mail": (
        ("My e-mail is john dot smith", "at gmail dot com."),
        ("You can write to info at", "example dot org."),
        ("It's anna underscore lee", "at", "yahoo dot com."),
        ("Send it to sales", "at my company dot co dot uk."),
    ),
    "date": (
        ("I'd like to come on the twenty third", "of October."),
        ("My birthday is the fourth of July,", "nineteen eighty two."),
        ("Can we make it Tuesday,", "at half past nine?"),
        ("From the first of May", "until the tenth of June, please."),
    ),
    "hesitation": (
        ("Um,", "I would like to book a table."),
        ("I'd like to, uh,", "change my order."),
        ("I was wondering if", "you have a room for two."),
        ("So I need the", "big one with the blue lid."),
        ("Can you send it to my", "office instead of my home?"),
        ("I want to fly to Boston and", "come back on Sunday."),
        ("It stopped working because", "the battery is empty."),
        ("Well,", "I'm not really sure about that."),
        ("I need a table for", "four people."),
        ("Let me see,", "I think it was", "last Thursday."),
        ("The thing is that", "I never got the parcel."),
        ("I'd like the soup, the salad, and", "a glass of water."),
    ),
}
"""What callers say in pieces, by kind: they pause between the parts, and are not to be interrupted."""

COMPLETE = (
    "What are your opening hours?",
    "I would like to book a table for four at seven.",
    "Yes, please.",
    "No, thanks.",
    "That would be great.",
    "My name is Peter Miller.",
    "Can you tell me where my order is?",
    "I think that's all.",
    "Tuesday at nine.",
    "It was delivered to the wrong address.",
    "How much does it cost?",
    "Five.",
    "Goodbye.",
    "I don't know.",
    "Could you say that again?",
    "He lives in London.",
)
"""Whole utterances that callers say on the telephone."""


@dataclass(frozen=True, slots=True)
class EndpointCase:
    """One labelled utterance. `group` says what it is made of; `synthetic`: a voice of ours speaks (some of) it.

    All clips of a `family` are in one half: they are made of the same speech.
    """

    base: str
    family: str
    group: str
    pieces: tuple[Piece, ...]
    gaps_ms: tuple[int, ...]
    variation: Variation

    @property
    def name(self) -> str:
        return f"{self.base} [{self.variation}]"

    @property
    def half(self) -> Half:
        return half_of(self.family)

    @property
    def synthetic(self) -> bool:
        return any(isinstance(piece, Said) for piece in self.pieces)

    def clip(self) -> Mixed:
        return on_a_line(mixed(self.pieces, self.gaps_ms), self.variation, self.name, tail_ms=TAIL_MS)


@cache
def endpoint_cases() -> tuple[EndpointCase, ...]:
    """All of it, in order."""
    bases = [*_real(), *_in_pieces(), *_said()]
    return tuple(
        EndpointCase(base, family, group, pieces, gaps_ms, variation)
        for base, family, group, pieces, gaps_ms in bases
        for variation in variations_of(base)
    )


_Base = tuple[str, str, str, tuple[Piece, ...], tuple[int, ...]]


def _name(piece: Recorded) -> str:
    short = piece.source.replace("sense_and_sensibility_01_austen_64kb-", "austen ")
    return short if piece.span is None else f"{short} {piece.span.start_ms}-{piece.span.end_ms}"


def _family(piece: Recorded) -> str:
    """A recording; the long reading falls into passages."""
    if piece.source != _CITIES or piece.span is None:
        return piece.source
    passage = sum(piece.span.start_ms >= start_ms for start_ms in PASSAGES_MS)
    return f"{piece.source} passage {passage}"


def _real() -> list[_Base]:
    return [
        *((f"complete {_name(one)}", _family(one), "real, complete", (one,), ()) for one in REAL_COMPLETE),
        *(
            (f"natural pauses {_name(one)}", _family(one), "real, its own pauses", (one,), ())
            for one in REAL_WITH_PAUSES
        ),
        *(
            (f"sentences {_name(one)}", _family(one), "real, several sentences", (one,), ())
            for one in SEVERAL_SENTENCES
        ),
    ]


def _in_pieces() -> list[_Base]:
    found: list[_Base] = []
    for number, stretched in enumerate(STRETCHED):
        name = f"stretched {number + 1}"
        gaps_ms = _gaps(name, len(stretched), 400, 900)
        found.append((name, _family(stretched[0]), "real, pauses stretched", stretched, gaps_ms))
    for one in SPLIT:
        name = f"split {_name(one)}"
        gaps_ms = _gaps(name, 2, 300, 800)
        found.append((name, _family(one), "real, pause inserted", (FirstHalf(one), SecondHalf(one)), gaps_ms))
    return found


def _said() -> list[_Base]:
    found: list[_Base] = []
    for kind, scripts in IN_PROGRESS.items():
        for script in scripts:
            name = f"{kind}: {' … '.join(script)}"
            voice, speed = _voice(name)
            pieces = tuple(Said(text, voice, speed) for text in script)
            found.append((name, name, f"spoken, {kind}", pieces, _gaps(name, len(pieces), 400, 900)))
    for text in COMPLETE:
        name = f"complete: {text}"
        found.append((name, name, "spoken, complete", (Said(text, *_voice(name)),), ()))
    return found


def _voice(name: str) -> tuple[str, float]:
    number = number_of(f"voice of {name}")
    return VOICES[number % len(VOICES)], (0.9, 1.0, 1.1)[number // len(VOICES) % 3]


def _gaps(name: str, pieces: int, shortest_ms: int, longest_ms: int) -> tuple[int, ...]:
    return tuple(
        shortest_ms + number_of(f"gap {number} of {name}") % (longest_ms - shortest_ms + 1)
        for number in range(pieces - 1)
    )
