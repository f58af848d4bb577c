"""Identifiers: 26 characters that keep the order of time and lose no bit."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agents.identifiers import (
    FOREIGN_PREFIXES,
    Kind,
    as_uuid,
    new_identifier,
    parse,
    ulid,
    with_prefix,
)

MOMENTS = st.integers(0, 2**48 - 1)
RANDOMNESS = st.integers(0, 2**80 - 1)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@pytest.mark.parametrize(
    ("unix_ms", "randomness", "text"),
    [
        pytest.param(0, 0, "0" * 26, id="nothing but zeros"),
        pytest.param(2**48 - 1, 2**80 - 1, "7" + "z" * 25, id="nothing but ones"),
        pytest.param(
            1469918176385, 0, "01aryz6s41" + "0" * 16, id="the moment that the specification gives as its example"
        ),
        pytest.param(0, 31, "0" * 25 + "z", id="the last bits are the last character"),
    ],
)
def test_the_text_of_a_moment_and_its_random_bits(unix_ms: int, randomness: int, text: str) -> None:
    assert ulid(unix_ms, randomness) == text


@given(MOMENTS, RANDOMNESS)
def test_every_bit_can_be_read_back(unix_ms: int, randomness: int) -> None:
    number = 0
    for character in ulid(unix_ms, randomness):
        number = number * 32 + ALPHABET.index(character)
    assert divmod(number, 2**80) == (unix_ms, randomness)


@given(MOMENTS, MOMENTS, RANDOMNESS, RANDOMNESS)
def test_the_order_of_the_texts_is_the_order_of_the_moments(first: int, second: int, one: int, other: int) -> None:
    if first != second:
        assert (ulid(first, one) < ulid(second, other)) == (first < second)


@pytest.mark.parametrize(
    ("unix_ms", "randomness"),
    [
        pytest.param(-1, 0, id="before 1970"),
        pytest.param(2**48, 0, id="after the year 10889"),
        pytest.param(0, 2**80, id="one random bit too many"),
    ],
)
def test_what_does_not_fit_is_refused(unix_ms: int, randomness: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        ulid(unix_ms, randomness)


def test_agents_of_one_millisecond_have_different_ids() -> None:
    ids = {new_identifier("agent", 1469918176385) for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"agent_01aryz6s41[0-9a-hjkmnp-tv-z]{16}", each) for each in ids)


KINDS = st.sampled_from(Kind)
LETTER_CASES = st.sampled_from([str.lower, str.upper, str.title])


def _renderings(kind: Kind, text: str) -> list[str]:
    identifier = f"{kind}_{text}"
    foreign = [with_prefix(identifier, prefix) for prefix in FOREIGN_PREFIXES.get(kind, ())]
    uuid = as_uuid(identifier)
    return [identifier, text, *foreign, uuid, uuid.replace("-", ""), f" {identifier}\n"]


@given(KINDS, MOMENTS, RANDOMNESS, LETTER_CASES)
def test_every_rendering_of_an_id_in_any_case_names_the_same_object(
    kind: Kind, unix_ms: int, randomness: int, in_case: type[str]
) -> None:
    text = ulid(unix_ms, randomness)
    renderings = _renderings(kind, text)
    assert len(renderings) >= 5
    assert {parse(kind, in_case(each)) for each in renderings} == {f"{kind}_{text}"}


@given(MOMENTS, RANDOMNESS)
def test_a_uuid_has_the_same_bits_as_its_id(unix_ms: int, randomness: int) -> None:
    assert UUID(as_uuid(f"agent_{ulid(unix_ms, randomness)}")).int == unix_ms << 80 | randomness


@given(st.integers(0, 10**18 - 1))
def test_a_number_is_a_number_of_every_kind(number: int) -> None:
    assert parse(Kind.SESSION, str(number)) == number
    assert parse(Kind.AGENT, f"{number:018d}") == number


@given(KINDS, st.text(max_size=80) | st.from_regex(r"[a-z]{2,6}_[0-9a-zA-Z]{0,40}", fullmatch=True))
def test_any_text_at_all_names_something_of_the_kind_or_nothing_and_never_raises(kind: Kind, text: str) -> None:
    found = parse(kind, text)
    match found:
        case str():
            assert parse(kind, found) == found
            assert found.startswith(f"{kind}_")
        case int():
            assert 0 <= found < 10**18
        case None:
            pass


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("thr_01aryz6s410000000000000000", id="the id of another kind"),
        pytest.param("_01aryz6s410000000000000000", id="an id without its prefix but with the line"),
        pytest.param("agent__01aryz6s410000000000000000", id="two lines"),
        pytest.param("agent_81aryz6s410000000000000000", id="more than 128 bits"),
        pytest.param("agent_01aryz6s4100000000000000u0", id="a letter that is not in the alphabet"),
        pytest.param("agent_01aryz6s41000000000000000", id="a character too few"),
        pytest.param("agent_01aryz6s4100000000000000000", id="a character too many"),
        pytest.param("agent_123", id="a number behind a prefix"),
        pytest.param("1" * 19, id="a number that no database counts to"),
        pytest.param("1" * 5000, id="a number that Python would not read"),
        pytest.param("-1", id="a number below nothing"),
        pytest.param("\u0661\u0662", id="digits of another script"),
        pytest.param("1e3", id="a number with an exponent"),
        pytest.param("00000000-0000-0000-0000-00000000000g", id="a UUID with a wrong digit"),
        pytest.param("{00000000-0000-0000-0000-000000000001}", id="a UUID in braces"),
        pytest.param("default", id="a word"),
        pytest.param("agent_\x0001aryz6s41000000000000000", id="a NUL"),
        pytest.param("\ud800", id="half of a surrogate pair"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_no_id_of_an_agent_names_nothing(text: str) -> None:
    assert parse(Kind.AGENT, text) is None


def test_a_new_id_does_not_fit_another_kind() -> None:
    for kind in Kind:
        made = new_identifier(kind, 1469918176385)
        takers = {other for other in Kind if parse(other, made) is not None}
        assert takers == {kind} | ({Kind.THREAD} if kind is Kind.CONVERSATION else set())
