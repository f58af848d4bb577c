"""The nouns around an agent: good ones are built, bad ones name the field that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.resources import Avatar, Collection, Environment, PhoneNumber, Webhook, check_url

NUMBER = "+14155550123"


@pytest.mark.parametrize(
    ("make", "param"),
    [
        pytest.param(lambda: PhoneNumber("4155550123"), "phone_number", id="a number without its country"),
        pytest.param(lambda: PhoneNumber("+0155550123"), "phone_number", id="a country that begins with zero"),
        pytest.param(lambda: PhoneNumber("+1415555012345678"), "phone_number", id="a number too long"),
        pytest.param(lambda: PhoneNumber(NUMBER + "\n"), "phone_number", id="a number and a line"),
        pytest.param(lambda: PhoneNumber(NUMBER, name="n" * 256), "name", id="a name of a number too long"),
        pytest.param(lambda: PhoneNumber(NUMBER, origin="stolen"), "origin", id="an unknown origin"),  # type: ignore[arg-type]
        pytest.param(lambda: PhoneNumber(NUMBER, webhook_url="ftp://x"), "webhook.url", id="a webhook by ftp"),
        pytest.param(lambda: PhoneNumber(NUMBER, metadata={"x": float("inf")}), "metadata", id="infinite metadata"),
        pytest.param(lambda: Collection(" "), "name", id="a collection without a name"),
        pytest.param(lambda: Collection("c", "d" * 4001), "description", id="a collection told at length"),
        pytest.param(lambda: Collection("c", "\0"), "description", id="a NUL in a description"),
        pytest.param(lambda: Environment(""), "name", id="an environment without a name"),
        pytest.param(lambda: Environment("e", status="odd"), "status", id="an unknown status"),  # type: ignore[arg-type]
        pytest.param(lambda: Environment("e", variables={"1A": "x"}), "variables.1A", id="a variable like a number"),
        pytest.param(lambda: Environment("e", variables={"A": "\0"}), "variables.A", id="a NUL in a variable"),
        pytest.param(lambda: Environment("e", variables={"A": "x" * 32_769}), "variables.A", id="a variable too long"),
        pytest.param(
            lambda: Environment("e", variables={f"V{n}": "" for n in range(201)}), "variables", id="too many variables"
        ),
        pytest.param(lambda: Environment("e", secrets_sealed={"A=B": "x"}), "secrets.A=B", id="a secret's odd name"),
        pytest.param(lambda: Avatar("a", "nowhere"), "url", id="an avatar that is nowhere"),
        pytest.param(lambda: Avatar("a", "https://x", "2:1"), "aspect_ratio", id="an odd shape"),  # type: ignore[arg-type]
        pytest.param(lambda: Webhook("https://x", (), "s"), "events", id="a webhook for nothing"),
        pytest.param(lambda: Webhook("https://x", ("agent.updated", "x"), "s"), "events[1]", id="an unknown event"),
    ],
)
def test_a_bad_resource_names_its_field(make: Callable[[], object], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        make()
    assert caught.value.param == param


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://example.com", id="a host"),
        pytest.param("http://10.0.0.1:8080/a?b=c#d", id="an address, a port, a path and more"),
        pytest.param("HTTPS://[::1]/", id="IPv6 and capitals"),
        pytest.param("https://example.com/" + "a" * 2_028, id="the longest"),
    ],
)
def test_a_url_is_taken(url: str) -> None:
    check_url("url", url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="nothing"),
        pytest.param("/path", id="a path"),
        pytest.param("https://", id="a scheme"),
        pytest.param("javascript:alert(1)", id="a program"),
        pytest.param("https://user:word@example.com", id="a password"),
        pytest.param("https://user@example.com", id="a user"),
        pytest.param("https://example.com:99999", id="a port that is none"),
        pytest.param("https://[::1", id="half an address"),
        pytest.param("https://exam ple.com", id="a space"),
        pytest.param("https://example.com/\n", id="a line"),
        pytest.param("https://example.com/\0", id="a NUL"),
        pytest.param("https://example.com/\ud800", id="half of a surrogate pair"),
        pytest.param("https://example.com/" + "a" * 2_029, id="one too long"),
    ],
)
def test_what_is_no_url_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(InvalidFieldError):
        check_url("url", url)


@given(st.text(max_size=40) | st.text(max_size=30).map(lambda rest: "https://" + rest))
def test_any_text_is_a_url_or_is_refused(url: str) -> None:
    with suppress(InvalidFieldError):  # nothing else may be raised
        check_url("url", url)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.none() | st.floats(), max_size=3))
def test_any_metadata_is_kept_or_refused(metadata: dict[str, Any]) -> None:
    with suppress(InvalidFieldError):  # nothing else may be raised
        assert Collection("c", metadata=metadata).metadata == metadata
