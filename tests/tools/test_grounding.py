"""Whether the caller has said it: as people say it, as recognisers write it, and as models make it up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.as_spoken import was_said, words_of
from vivavoce.tools.grounding import check_grounded
from vivavoce.tools.ports import ToolError

TEXT = {"type": "string"}


def tool_with(properties: dict[str, Any], required: list[str], description: str = "") -> Tool:
    return Tool("f", description, json.dumps({"type": "object", "properties": properties, "required": required}))


def unsaid(values: dict[str, Any], said: list[str], schema: dict[str, Any] | None = None) -> str:
    """What the model is told; '' where everything was said. Every value is required, and has the same schema."""
    tool = tool_with(dict.fromkeys(values, schema or TEXT), list(values), "Order ids look like ORD-12345.")
    try:
        check_grounded(tool, values, said)
    except ToolError as error:
        return error.message if error.failure is ToolFailure.NOT_SAID else f"{error.failure}: {error.message}"
    return ""


SPOKEN = [
    ("48213", "it's 48213", "a number as digits"),
    ("48213", "4 8 2 1 3", "digits one by one"),
    ("48213", "4-8-2-1-3", "digits with dashes"),
    ("48213", "4, 8, 2, 1, 3.", "digits with commas"),
    ("48213", "48,213", "a number with a thousands comma"),
    ("48213", "48 213", "a number in two groups"),
    ("48213", "four eight two one three", "digits as words"),
    ("48213", "for eight to won three", "digits as a recogniser mishears them"),
    ("48213", "four eight uh two one, three", "digits with a hesitation"),
    ("48213", "forty-eight two thirteen", "digits in pairs"),
    ("48213", "forty eight thousand two hundred and thirteen", "a number as one"),
    ("4055", "four oh double five", "an oh and a double"),
    ("4000", "four triple zero", "a triple"),
    ("2026", "twenty twenty six", "a year in two halves"),
    ("105", "one hundred and five", "a hundred and some"),
    ("1100", "eleven hundred", "eleven hundred"),
    ("5200", "5 thousand 200", "digits before a thousand"),
    ("21", "the twenty-first", "an ordinal"),
    ("47", "siebenundvierzig", "a German number"),
    ("33", "treinta y tres", "a Spanish number"),
    ("75", "soixante-quinze", "a French number"),
    ("AB12", "A B 1 2", "letters and digits apart"),
    ("AB12", "a. b. one two", "letters with points"),
    ("AB-12", "ab 12", "a code without its dash"),
    ("AB12", "A as in apple B as in boy twelve", "letters by what begins with them"),
    ("AB12", "a is in apple b is in boy twelve", "the same as a recogniser writes it"),
    ("AB12", "alpha bravo one two", "the spelling alphabet"),
    ("BC7", "bee see seven", "letters as a recogniser spells them"),
    ("W3", "double you three", "a double you"),
    ("AA9", "double a nine", "a double letter"),
    ("XK-7Q", "capital x k dash seven cue", "a capital, a dash and a cue"),
    ("R4T", "are for tea", "nothing but words that sound like it"),
    ("jane.doe@example.org", "jane dot doe at example dot org", "an e-mail address in words"),
    ("jane.doe@example.org", "jane.doe@example.org", "an e-mail address as written"),
    ("jane_doe@example.org", "jane underscore doe at example dot org", "an underscore"),
    ("jd42@gmail.com", "j d forty two at g mail dot com", "an address spelled in part"),
    ("+1 555 010 7788", "555 0107788", "a telephone number without its country"),
    ("+49151234567", "0151 23 45 67", "a telephone number with its zero"),
    ("5550107788", "five five five zero one zero seven seven double eight", "a telephone number digit by digit"),
    ("ORD-48213", "order 48213", "a number whose letters the tool's description gives"),
    ("ÄÖ-77", "ä ö siebenundsiebzig", "letters with accents"),
]


@pytest.mark.parametrize(("value", "said"), [pytest.param(*case[:2], id=case[2]) for case in SPOKEN])
def test_what_was_said_in_some_way_is_let_through(value: str, said: str) -> None:
    name = "phone" if "phone" in said or value.startswith("+") else "reference"
    assert unsaid({name: value}, ["Hello.", f"Yes, {said}, please."]) == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("48213", "Where is my order?", id="nothing like it was said"),
        pytest.param("48213", "It's 48231.", id="two digits changed places"),
        pytest.param("48213", "It's 8213.", id="a digit too many"),
        pytest.param("48213", "four eight two one", id="a caller who was cut short"),
        pytest.param("48213", "My number is 148213.", id="a digit left out of a longer number"),
        pytest.param("AB12", "a b and c", id="letters without their digits"),
        pytest.param("ORD-12345", "Where is my order?", id="the example of the tool's description"),
        pytest.param("jane@example.org", "My name is Jane.", id="an address made of a name"),
        pytest.param("REF-KLMN", "I have no reference.", id="a reference without digits"),
        pytest.param("55", "five", id="a digit said once"),
    ],
)
def test_what_nobody_said_has_to_be_asked_for(value: str, said: str) -> None:
    assert unsaid({"order_id": value}, [said]) == "The caller has not said the order_id. Ask for it."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("date", "2026-11-22", id="a date for tomorrow"),
        pytest.param("departure", "2026-11-22T09:00", id="a moment by its form"),
        pytest.param("time", "7 pm", id="a time by its name"),
        pytest.param("birthday", "3 May 1980", id="a birthday in another form"),
        pytest.param("booking_date", "next 5th", id="a date of something that has an id"),
        pytest.param("query", "laptops under 500", id="a query"),
        pytest.param("reason", "screen broke after 2 days", id="a reason"),
        pytest.param("issueDescription", "error 404", id="a description in camel case"),
        pytest.param("name", "Ada Lovelace", id="a person's name"),
        pytest.param("city", "München", id="a city"),
        pytest.param("airport_code", "LHR", id="an airport's code"),
        pytest.param("currency", "EUR", id="a currency"),
        pytest.param("account_type", "savings", id="a kind of account"),
        pytest.param("order_status", "delivered", id="an order's status"),
        pytest.param("quantity", 2, id="a couple"),
        pytest.param("number_of_guests", 4, id="the two of us and two friends"),
        pytest.param("radius_meters", 5000, id="five kilometres in metres"),
        pytest.param("party_size", "4", id="a size as a text"),
    ],
)
def test_what_follows_from_a_callers_words_is_let_through(name: str, value: str | int) -> None:
    assert unsaid({name: value}, ["Good evening."]) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("name", "unknown", id="unknown"),
        pytest.param("name", "N/A", id="not available"),
        pytest.param("name", "John Doe", id="the man without a name"),
        pytest.param("name", "the caller", id="the caller"),
        pytest.param("city", "string", id="the type of the argument"),
        pytest.param("order_id", "your_order_id", id="your order id"),
        pytest.param("order_id", "order_id", id="the argument's own name"),
        pytest.param("order_id", "<order_id>", id="angle brackets"),
        pytest.param("order_id", "12345", id="counting"),
        pytest.param("order_id", "???", id="question marks"),
        pytest.param("city", "", id="an empty text"),
        pytest.param("customer_email", "user@example.com", id="an example's address"),
        pytest.param("customer_id", 12345, id="counting in a number"),
    ],
)
def test_a_stand_in_has_to_be_asked_for(name: str, value: str | int) -> None:
    assert unsaid({name: value}, ["Good evening."]) == f"The caller has not said the {name}. Ask for it."


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("unknown", id="unknown"),
        pytest.param("John Doe", id="a man who is called so"),
        pytest.param("12345", id="a caller whose order is this"),
    ],
)
def test_a_stand_in_that_was_said_is_none(value: str) -> None:
    assert unsaid({"name": value}, [f"It is {value}."]) == ""


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        pytest.param({"type": "string", "enum": ["A1", "B2"]}, "A1", "", id="one of a few"),
        pytest.param({"type": "string", "const": "v2"}, "v2", "", id="the only one"),
        pytest.param({"type": "string", "default": "v2"}, "v2", "", id="what holds by default"),
        pytest.param({"type": "string", "default": "v2"}, "v3", "x", id="something else than by default"),
        pytest.param({"type": "boolean"}, True, "", id="true"),
        pytest.param({"type": "string", "format": "date"}, "2026-01-01", "", id="a date by its format"),
        pytest.param({"type": "string", "format": "uuid"}, "3f2a9c1e-0000", "x", id="a UUID"),
        pytest.param({"type": "string", "pattern": "^[A-Z]+$"}, "SUMMER", "x", id="a word with a pattern"),
        pytest.param({"type": "string", "x-from-caller": False}, "A1", "", id="not the caller's to say"),
        pytest.param({"type": "string", "x-from-caller": True}, "Ada", "x", id="a name that has to be said"),
        pytest.param({"type": "integer", "x-from-caller": True}, 7, "x", id="a number that has to be said"),
    ],
)
def test_the_schema_decides_what_has_to_be_said(schema: dict[str, Any], value: Any, told: str) -> None:
    assert bool(unsaid({"item": value}, ["Good evening."], schema)) is bool(told)


def test_what_may_be_left_out_is_let_through_unless_the_schema_says_otherwise() -> None:
    check_grounded(tool_with({"order_id": TEXT}, []), {"order_id": "48213"}, [])
    with pytest.raises(ToolError):
        check_grounded(tool_with({"order_id": TEXT | {"x-from-caller": True}}, []), {"order_id": "48213"}, [])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(["It is four eight", "two one three."], "", id="said over two turns"),
        pytest.param(['{"orders": [{"id": "48213"}]}'], "", id="found by another tool"),
        pytest.param(["It is 48231, no, sorry, 48213."], "", id="said after a slip"),
        pytest.param([], "The caller has not said the order_id. Ask for it.", id="said by nobody"),
    ],
)
def test_it_counts_whoever_said_it(said: list[str], told: str) -> None:
    assert unsaid({"order_id": "48213"}, said) == told


def test_several_that_were_not_said_are_told_together() -> None:
    told = "The caller has not said the order_id and the zip_code. Ask for them."
    assert unsaid({"order_id": "48213", "zip_code": "10115"}, ["Hi."]) == told


def test_an_address_is_held_to_its_numbers_alone() -> None:
    assert unsaid({"address": "12 Maine Street"}, ["twelve main street"]) == ""
    assert unsaid({"address": "14 Main Street"}, ["twelve main street"]) != ""


def test_lists_and_objects_are_looked_into() -> None:
    inner = {"type": "object", "properties": {"order_id": TEXT}, "required": ["order_id"]}
    tool = tool_with({"order": inner, "ticket_ids": {"type": "array", "items": TEXT}}, ["order", "ticket_ids"])
    check_grounded(tool, {"order": {"order_id": "7"}, "ticket_ids": ["8", "9"]}, ["7 8 9"])
    with pytest.raises(ToolError, match=r"the order\.order_id and the ticket_ids"):
        check_grounded(tool, {"order": {"order_id": "7"}, "ticket_ids": ["8", "9"]}, ["8"])


def test_a_schema_that_cannot_be_read_lets_everything_through() -> None:
    check_grounded(Tool("f", "", "{"), {"order_id": "48213"}, [])


CODES = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=1, max_size=12)
DIGITS = "zero one two three four five six seven eight nine".split()


@given(CODES, st.sampled_from([" ", ", ", "-", " uh ", ". "]), st.text(max_size=20), st.text(max_size=20))
def test_a_code_that_was_spelled_out_was_said_whatever_else_was(
    code: str, between: str, before: str, after: str
) -> None:
    spelled = between.join(DIGITS[int(each)] if each.isdigit() else each for each in code)
    assert was_said(code, words_of([before, spelled, after]))


@given(st.integers(0, 999_999), st.text("abcdefg ", max_size=20))
def test_a_number_was_not_said_by_words_that_have_none(number: int, words: str) -> None:
    assert not was_said(f"{number}x{number}", words_of([words]))


@given(st.text(max_size=12), st.lists(st.text(max_size=30), max_size=4))
def test_whatever_is_compared_gets_an_answer(value: str, said: list[str]) -> None:
    assert was_said(value, words_of(said)) in (True, False)


SCALARS = st.text(max_size=8) | st.integers() | st.none()


@given(st.dictionaries(st.text(max_size=8), SCALARS | st.lists(SCALARS, max_size=2), max_size=3))
def test_whatever_arguments_come_only_a_tool_error_is_raised(values: dict[str, Any]) -> None:
    unsaid(values, ["Hello."])
