"""What the server prints when it is ready."""

from __future__ import annotations

import json

import pytest

from vivavoce.cli.serve_announcement import Announcement

URL = "http://127.0.0.1:8080"
KEY = "vv_first_0123456789"


def announcement(api_key: str | None, another_key: str | None = "vivavoce keys create") -> Announcement:
    return Announcement(URL, api_key, "vivavoce talk --wav question.wav", another_key)


def test_with_the_first_key_comes_a_link_that_lets_a_browser_in() -> None:
    told = announcement(KEY).as_text()
    assert f"\n  {URL}/#key={KEY}\n" in told
    assert f"API key (shown only now, keep it): {KEY}" in told
    assert "keys create" not in told


@pytest.mark.parametrize(
    ("another_key", "is_told"),
    [
        pytest.param("vivavoce keys create", True, id="a key was made in an earlier run: how to make another is told"),
        pytest.param(None, False, id="the operator brought the key: nothing is said of keys"),
    ],
)
def test_without_a_new_key_the_link_has_none(another_key: str | None, is_told: bool) -> None:
    told = announcement(None, another_key).as_text()
    assert f"\n  {URL}/\n" in told
    assert "#key" not in told
    assert ("keys create" in told) is is_told


def test_programs_read_the_same_from_one_line() -> None:
    told = json.loads(announcement(KEY).as_json())
    assert told == {
        "ready": True,
        "url": URL,
        "api_key": KEY,
        "console": f"{URL}/#key={KEY}",
        "talk": "vivavoce talk --wav question.wav",
    }


def test_a_key_with_signs_of_addresses_in_it_stays_one_key() -> None:
    assert announcement("a&b/#c").console == f"{URL}/#key=a%26b%2F%23c"


def test_the_key_is_not_shown_where_values_are_printed() -> None:
    assert KEY not in repr(announcement(KEY))
