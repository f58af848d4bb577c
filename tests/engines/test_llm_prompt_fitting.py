"""Making a conversation fit: what is dropped, what stays, and that a cut lasts."""

from __future__ import annotations

from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.llm.prompt_fitting import dropped_to_fit, opening_length, shortened, without_oldest
from vivavoce.engines.ports import ChatMessage

Role = Literal["system", "user", "assistant", "tool"]
_LETTER: dict[str, Role] = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}


def _talk(roles: str, size: int = 84) -> list[ChatMessage]:
    """One message of `size` + 16 characters (with its overhead) per letter."""
    return [ChatMessage(_LETTER[letter], str(index).ljust(size, ".")) for index, letter in enumerate(roles)]


def _numbers(messages: list[ChatMessage]) -> list[int]:
    return [int(message.text.rstrip(".")) for message in messages]


@pytest.mark.parametrize(
    ("roles", "dropped", "kept"),
    [
        pytest.param("suau", 0, [0, 1, 2, 3], id="nothing is dropped where nothing must be"),
        pytest.param("suau", 2, [0, 3], id="the oldest go, the opening stays"),
        pytest.param("ssuau", 1, [0, 1, 3, 4], id="all system messages at the beginning are the opening"),
        pytest.param("suau", 9, [0, 3], id="the newest message always stays"),
        pytest.param("uau", 1, [1, 2], id="a prompt without an opening loses its first message"),
        pytest.param("s", 3, [0], id="an opening alone stays whole"),
        pytest.param("", 1, [], id="an empty prompt stays empty"),
    ],
)
def test_what_is_kept(roles: str, dropped: int, kept: list[int]) -> None:
    assert _numbers(without_oldest(_talk(roles), dropped)) == kept


@pytest.mark.parametrize(
    ("roles", "dropped", "tokens", "budget", "answer"),
    [
        pytest.param("suauauau", 0, 800, 800, 4, id="a cut goes down to six tenths of the budget"),
        pytest.param("suauauau", 4, 320, 320, 6, id="a later cut goes on from the first"),
        pytest.param("suattau", 0, 700, 600, 5, id="an answer never stays without its call"),
        pytest.param("suauaa", 0, 600, 10, 4, id="the newest message is never dropped"),
        pytest.param("su", 0, 999, 10, 0, id="there is nothing to drop but the opening and the newest"),
        pytest.param("sua", 1, 999, 10, 1, id="what is left of a cut prompt can be too long as well"),
    ],
)
def test_how_many_are_dropped(roles: str, dropped: int, tokens: int, budget: int, answer: int) -> None:
    assert dropped_to_fit(_talk(roles), dropped, tokens=tokens, budget=budget) == answer


def test_a_cut_lasts_for_some_turns() -> None:
    talk = _talk("s" + "ua" * 4)
    cut = dropped_to_fit(talk, 0, tokens=900, budget=900)
    longer = [*talk, *_talk("uaua")]
    assert 100 * len(without_oldest(longer, cut)) <= 900


_MESSAGES = st.lists(
    st.builds(ChatMessage, st.sampled_from(get_args(Role)), st.text(max_size=40)), min_size=1, max_size=12
)


@given(_MESSAGES, st.integers(0, 15), st.integers(1, 5000), st.integers(1, 5000))
def test_a_cut_never_shrinks_and_keeps_opening_and_newest(
    messages: list[ChatMessage], dropped: int, tokens: int, budget: int
) -> None:
    answer = dropped_to_fit(messages, dropped, tokens=tokens, budget=budget)
    kept = without_oldest(messages, answer)
    start = opening_length(messages)
    assert answer >= dropped
    assert kept[:start] == messages[:start]
    assert kept[-1] is messages[-1]
    assert len(kept) <= len(without_oldest(messages, dropped))


def test_a_single_message_that_is_too_long_loses_its_middle() -> None:
    messages = [ChatMessage("system", "Be kind."), ChatMessage("user", "a" * 500 + "b" * 1000 + "c" * 500)]
    short = shortened(messages, 0.5)
    assert short[0] == messages[0]
    assert 900 <= len(short[1].text) <= 1100
    assert short[1].text.startswith("a" * 500)
    assert short[1].text.endswith("c" * 300)
    assert " … " in short[1].text


@given(_MESSAGES, st.floats(0.01, 0.99))
def test_shortening_touches_one_message_only(messages: list[ChatMessage], share: float) -> None:
    short = shortened(messages, share)
    assert len(short) == len(messages)
    assert sum(one != other for one, other in zip(short, messages, strict=True)) <= 1
