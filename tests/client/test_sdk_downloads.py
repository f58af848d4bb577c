"""The SDK's downloads over connections that break: taken up where they broke, and never with another file's rest."""

from __future__ import annotations

import io

import pytest
from scripted_http import Answer, answering

from vivavoce.client import Vivavoce
from vivavoce.client.downloads import RESUMED_MAXIMUM
from vivavoce.client.errors import NotFoundError, ServerUnreachableError, UnexpectedAnswerError
from vivavoce.client.retrying import RetryPolicy

ETAG = {"ETag": '"one"'}


async def _downloaded(*answers: Answer) -> tuple[bytes, list[str | None]]:
    """What came, and which ranges were asked for."""
    sink = io.BytesIO()
    async with answering(*answers) as script:
        async with Vivavoce(script.url, "vv_key_0123456789", retries=RetryPolicy(attempts_maximum=1)) as client:
            size = await client.sessions.download_recording("sess_1", sink, part=2)
        assert size == len(sink.getvalue())
        assert {(each.path, each.query["part"]) for each in script.asked} == {("/v1/sessions/sess_1/recording", "2")}
        return sink.getvalue(), [
            value
            for each in script.asked
            for value in [{name.lower(): text for name, text in each.headers.items()}.get("range")]
        ]


async def test_a_download_goes_on_where_its_connection_broke() -> None:
    broken = Answer(body=b"first ", headers=ETAG, broken_off=True)
    again = Answer(206, b"second ", ETAG, broken_off=True)
    whole, ranges = await _downloaded(broken, again, Answer(206, b"third", ETAG))
    assert (whole, ranges) == (b"first second third", [None, "bytes=6-", "bytes=13-"])


async def test_a_file_that_is_another_one_now_is_not_mixed_with_the_former() -> None:
    with pytest.raises(UnexpectedAnswerError, match="begin again"):
        await _downloaded(Answer(body=b"one", headers=ETAG, broken_off=True), Answer(200, b"two", {"ETag": '"two"'}))


async def test_a_file_without_a_version_is_not_taken_up_again() -> None:
    with pytest.raises(ServerUnreachableError, match="in the middle of a file"):
        await _downloaded(Answer(body=b"one", broken_off=True))


async def test_a_connection_that_always_breaks_ends_with_an_error() -> None:
    first = Answer(body=b"x", headers=ETAG, broken_off=True)
    rest = [Answer(206, b"x", ETAG, broken_off=True)] * (RESUMED_MAXIMUM + 1)
    with pytest.raises(ServerUnreachableError, match="in the middle of a file"):
        await _downloaded(first, *rest)


async def test_what_is_not_there_says_why() -> None:
    refused = {"error": {"code": "recording_not_found", "message": "The recording was deleted."}}
    with pytest.raises(NotFoundError, match="was deleted"):
        await _downloaded(Answer(404, refused))
