"""Filters: what they let through, written as text or as JSON, and what is no filter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.knowledge.filters import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    FilterError,
    Not,
    as_text,
    filter_of,
    matches,
)

KIM = {"author": "Sandra Kim", "year": 2021, "draft": False, "tags": ["sea", "ship"], "price": "12.50"}


@pytest.mark.parametrize(
    ("written", "through"),
    [
        pytest.param('author = "Sandra Kim"', True, id="an equal text lets through"),
        pytest.param("author = 'sandra kim'", False, id="small letters are others"),
        pytest.param("year >= 2021 AND year < 2022", True, id="both of two conditions"),
        pytest.param("year > 2021 OR tags = sea", True, id="either of two conditions"),
        pytest.param("year = 1 OR year = 2 AND year = 2021", False, id="AND binds closer than OR"),
        pytest.param("(year = 1 OR year = 2021) AND draft = false", True, id="parentheses group"),
        pytest.param("NOT draft = true", True, id="NOT turns round"),
        pytest.param("author IN ('Kim', 'Sandra Kim')", True, id="one of several"),
        pytest.param("year IN (1, 2)", False, id="none of several"),
        pytest.param("tags = ship", True, id="one value of a list"),
        pytest.param("tags != ship", False, id="different from a list is from all of it"),
        pytest.param("missing = 1", False, id="a field that is not there equals nothing"),
        pytest.param("missing != 1", True, id="a field that is not there differs"),
        pytest.param("price > 12", True, id="a number written as text is compared as a number"),
        pytest.param('price = "12.50"', True, id="and as text with text"),
        pytest.param("author > 5", False, id="text is not greater than a number"),
        pytest.param("draft > false", False, id="truth has no order"),
        pytest.param("", True, id="nothing asked lets everything through"),
        pytest.param({"type": "eq", "key": "year", "value": 2021}, True, id="JSON: equal"),
        pytest.param({"type": "ne", "key": "year", "value": 2021}, False, id="JSON: different"),
        pytest.param({"type": "in", "key": "year", "value": [1, 2021]}, True, id="JSON: one of several"),
        pytest.param({"type": "nin", "key": "year", "value": [1, 2021]}, False, id="JSON: none of several"),
        pytest.param(
            {
                "type": "and",
                "filters": [
                    {"type": "gte", "key": "year", "value": 2000},
                    {"type": "eq", "key": "draft", "value": False},
                ],
            },
            True,
            id="JSON: all of several",
        ),
        pytest.param(
            {"type": "or", "filters": [{"type": "lt", "key": "year", "value": 2000}]}, False, id="JSON: any of several"
        ),
    ],
)
def test_what_a_filter_lets_through(written: Any, through: bool) -> None:
    assert matches(filter_of(written), KIM) is through


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("year", id="a name alone"),
        pytest.param("year =", id="no value"),
        pytest.param("= 1", id="no name"),
        pytest.param("year = 1 year = 2", id="two conditions without a word between"),
        pytest.param("(year = 1", id="an open parenthesis"),
        pytest.param("year IN 1", id="several without parentheses"),
        pytest.param('name = "open', id="an open quotation"),
        pytest.param("((" * 40 + "a=1" + "))" * 40, id="too deep"),
        pytest.param("NOT " * 40 + "a=1", id="too often turned round"),
        pytest.param(" OR ".join(["a=1"] * 101), id="too many conditions"),
        pytest.param("a = " + "x" * 4_000, id="too long"),
        pytest.param({"type": "eq", "value": 1}, id="JSON without a key"),
        pytest.param({"type": "eq", "key": "a", "value": {}}, id="JSON with an object for a value"),
        pytest.param({"type": "like", "key": "a", "value": 1}, id="JSON of an unknown type"),
        pytest.param({"type": ["eq"], "key": "a", "value": 1}, id="JSON with a list for a type"),
        pytest.param({"type": "and", "filters": []}, id="JSON of nothing"),
        pytest.param({"type": "in", "key": "a", "value": "b"}, id="JSON with one value for several"),
    ],
)
def test_what_is_no_filter_is_refused(written: Any) -> None:
    with pytest.raises(FilterError):
        filter_of(written)


VALUES = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
CONDITIONS: st.SearchStrategy[Filter] = st.builds(
    lambda key, comparison, values: Condition(key, comparison, tuple(values if comparison == "in" else values[:1])),
    st.text(min_size=1, max_size=6),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"]),
    st.lists(VALUES, min_size=1, max_size=3),
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.text(min_size=1, max_size=6), st.one_of(VALUES, st.lists(VALUES, max_size=3)), max_size=4)


@given(FILTERS, FIELDS)
def test_a_filter_written_as_text_lets_through_the_same(wanted: Filter, fields: dict[str, Any]) -> None:
    read = filter_of(as_text(wanted))
    assert matches(read, fields) is matches(wanted, fields)


@given(FILTERS, FIELDS)
def test_not_lets_through_exactly_the_others(wanted: Filter, fields: dict[str, Any]) -> None:
    assert matches(Not(wanted), fields) is not matches(wanted, fields)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_is_refused(written: str) -> None:
    try:
        filter_of(written)
    except FilterError:
        return


JSON = st.recursive(
    st.one_of(st.none(), VALUES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "key", "value", "filters", "filter"]), inner, max_size=4),
        st.fixed_dictionaries({"type": st.sampled_from(["eq", "in", "and", "not", "nin"]), "filters": inner}),
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["type", "key", "value", "filters", "filter"]), JSON, max_size=5))
def test_any_object_is_a_filter_or_is_refused(written: dict[str, Any]) -> None:
    try:
        filter_of(written)
    except FilterError:
        return
