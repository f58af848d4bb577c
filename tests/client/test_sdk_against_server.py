"""The SDK against this project's own server with scripted engines: both sides mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import KEY, Served, scripted_settings, serving

from vivavoce.client import Vivavoce
from vivavoce.client.errors import AuthenticationError, InvalidRequestError, NotFoundError
from vivavoce.client.retrying import RetryPolicy

ONCE = RetryPolicy(attempts_maximum=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data: Path = tmp_path_factory.mktemp("data")
    with serving(scripted_settings(data)) as one:
        yield one


def _client(served: Served, api_key: str = KEY) -> Vivavoce:
    return Vivavoce(served.url, api_key, retries=ONCE)


async def test_a_key_lives_from_its_making_to_its_end(served: Served) -> None:
    async with _client(served) as client:
        made = await client.api_keys.create("ci", scopes=["read"], prefix="xai-")
        assert made.secret is not None
        assert made.secret.startswith("xai-")
        async with _client(served, made.secret) as other:
            assert (await other.threads.list().page()).items == ()
        assert made.id in [key.id async for key in client.api_keys.list()]
        assert (await client.api_keys.get(made.id)).secret is None
        assert (await client.api_keys.revoke(made.id)).revoked_at is not None
        async with _client(served, made.secret) as other:
            with pytest.raises(AuthenticationError) as caught:
                await other.threads.list().page()
    assert caught.value.request_id


async def test_a_thread_lives_from_its_beginning_to_its_end(served: Served) -> None:
    async with _client(served) as client:
        thread = await client.threads.create(title="A talk", metadata={"caller": "Ann"})
        first = await client.threads.add_message(thread.thread_id, "Hello", client_id="c1")
        again = await client.threads.add_message(thread.thread_id, "Hello", client_id="c1")
        assert first.id == again.id
        for number in range(3):
            await client.threads.add_message(thread.thread_id, f"Line {number}", role="assistant")
        said = await client.threads.messages(thread.thread_id, limit=2).all()
        assert sorted(message.content or "" for message in said) == ["Hello", "Line 0", "Line 1", "Line 2"]
        assert (await client.threads.update(thread.thread_id, status="archived")).status == "archived"
        fetched = await client.threads.get(thread.thread_id)
        assert (fetched.title, fetched.message_count, fetched.metadata) == ("A talk", 4, {"caller": "Ann"})
        await client.threads.delete(thread.thread_id)
        with pytest.raises(NotFoundError) as caught:
            await client.threads.get(thread.thread_id)
    assert caught.value.code == "thread_not_found"


async def test_a_wrong_field_is_named(served: Served) -> None:
    async with _client(served) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.api_keys.create("x", scopes=["everything"])
    assert caught.value.param == "scopes[0]"


async def test_an_agent_lives_from_its_making_to_its_end(served: Served) -> None:
    async with _client(served) as client:
        made = await client.agents.create("Bot", instructions="Be helpful", voice={"voice_id": "leo"})
        assert made.voice is not None
        assert (made.voice.voice_id, made.status) == ("leo", "active")
        changed = await client.agents.update(made.agent_id, {"name": "New"}, clear=["instructions"])
        assert (changed.name, changed.instructions, changed.voice) == ("New", "", made.voice)
        assert made.agent_id in [agent.agent_id async for agent in client.agents.list(limit=1)]
        number = await client.phone_numbers.create("415", "Support Line")
        assigned = await client.agents.update(made.agent_id, phone_number_id=number.phone_number_id)
        assert (assigned.phone_number_id, assigned.name) == (number.phone_number_id, "New")
        await client.agents.delete(made.agent_id)
        with pytest.raises(NotFoundError):
            await client.agents.get(made.agent_id)


async def test_the_same_order_twice_makes_one_agent(served: Served) -> None:
    async with _client(served) as client:
        first = await client.agents.create("Once", idempotency_key="order-1")
        second = await client.agents.create("Once", idempotency_key="order-1")
    assert first.agent_id == second.agent_id


async def test_a_prepared_session_is_opened_heard_and_ended(served: Served) -> None:
    async with _client(served) as client:
        agent = await client.agents.create("Bot")
        session = await client.sessions.create(agent.agent_id, metadata={"a": 1}, initial_message="Welcome!")
        said = ""
        async with client.join(session) as call:
            async for event in call:
                said += event.get("delta", "") if event["type"] == "response.output_audio_transcript.delta" else ""
                if event["type"] == "response.done":
                    break
        assert said.strip() == "Welcome!"
        found = await client.sessions.list(agent_id=agent.agent_id).all()
        assert [each.session_id for each in found] == [session.session_id]
        assert (await client.sessions.end(session.session_id)).status == "ended"
        assert (await client.sessions.transcript(session.session_id)).session_id == session.session_id


async def test_the_voices_of_the_server_are_listed(served: Served) -> None:
    async with _client(served) as client:
        assert "eve" in [voice.voice_id async for voice in client.voices.list()]
