"""Client secrets as HTTP clients make them: both shapes, what is refused, and whose they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import Opened, application_open, bytes_in

from vivavoce.services.client_secrets import InvalidClientSecretError, SecretPrefix

PATH = "/v1/realtime/client_secrets"
OPENAI, XAI = SecretPrefix.OPENAI.value, SecretPrefix.XAI.value

PREFIXES = [
    pytest.param(None, OPENAI, 600, id="no body is one of OpenAI's requests"),
    pytest.param({}, OPENAI, 600, id="an empty body is one of OpenAI's requests"),
    pytest.param({"session": {"type": "realtime"}}, OPENAI, 600, id="a session type is OpenAI's"),
    pytest.param({"expires_after": {"anchor": "created_at", "seconds": 10}}, OPENAI, 10, id="an anchor is OpenAI's"),
    pytest.param({"expires_after": {"seconds": 300}}, XAI, 300, id="seconds alone are xAI's"),
    pytest.param({"expires_after": {"seconds": 7200}, "session": None}, XAI, 7200, id="a null session is xAI's"),
    pytest.param({"session": {"model": "grok-voice-latest"}}, XAI, 600, id="a grok model is xAI's"),
    pytest.param(
        {"expires_after": {"seconds": 60}, "session": {"type": "realtime", "model": "grok-voice-latest"}},
        OPENAI,
        60,
        id="a session type says more than a model",
    ),
]


@pytest.mark.parametrize(("body", "prefix", "seconds"), PREFIXES)
async def test_the_answer_is_what_clients_of_both_vendors_read(
    tmp_path: Path, body: Any, prefix: str, seconds: int
) -> None:
    async with application_open(tmp_path) as opened:
        asked_at = datetime.now(UTC).timestamp()
        answer = await opened.http.post(PATH, json=body)
    told = answer.json()
    assert answer.status_code == 200, told
    assert told["value"].startswith(prefix)
    assert abs(told["expires_at"] - asked_at - seconds) < 30
    assert told["client_secret"] == {"value": told["value"], "expires_at": told["expires_at"]}
    assert told["session"]["object"] == "realtime.session"
    assert told["model"] == told["session"]["model"]


async def test_the_answer_has_the_whole_session_with_what_was_asked_for(tmp_path: Path) -> None:
    session = {"type": "realtime", "model": "gpt-realtime", "audio": {"output": {"voice": "marin", "speed": 1.2}}}
    async with application_open(tmp_path) as opened:
        told = (await opened.http.post(PATH, json={"session": session})).json()["session"]
    assert told["id"].startswith("sess_")
    assert (told["type"], told["model"]) == ("realtime", "gpt-realtime")
    assert told["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.2}
    assert told["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"


async def test_a_session_that_transcribes_asks_for_transcripts(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        told = (await opened.http.post(PATH, json={"session": {"type": "transcription"}})).json()["session"]
    assert told["object"] == "realtime.transcription_session"
    assert told["audio"]["input"]["transcription"] == {}


async def test_the_session_begins_as_the_agent_that_was_named(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        made = (await opened.http.post("/v1/agents", json={"name": "Ann", "instructions": "Be Ann."})).json()["agent"]
        agent_id = made["agent_id"]
        told = (await opened.http.post(PATH, json={"session": {"agent_id": agent_id}})).json()
        grant = await opened.running.platform.client_secrets.grant(told["value"])
    assert "Be Ann." in told["session"]["instructions"]
    assert "agent_id" not in told["session"]
    assert grant.agent_id is not None
    assert grant.agent_id.rpartition("_")[2] == agent_id.rpartition("_")[2]


REFUSED = [
    pytest.param({"expires_after": {"seconds": 9}}, 400, "expires_after.seconds", id="fewer than 10 seconds"),
    pytest.param({"expires_after": {"seconds": 7201}}, 400, "expires_after.seconds", id="more than two hours"),
    pytest.param({"expires_after": {"anchor": "later"}}, 400, "expires_after.anchor", id="an unknown anchor"),
    pytest.param({"session": {"type": "chat"}}, 400, "session.type", id="an unknown session type"),
    pytest.param(
        {"session": {"audio": {"output": {"speed": 9}}}}, 400, "session.audio.output.speed", id="a speed beyond bounds"
    ),
    pytest.param({"session": {"voice": 7}}, 400, "session.voice", id="a voice that is a number, as xAI spells it"),
    pytest.param({"session": {"max_duration_seconds": 0}}, 400, "session.max_duration_seconds", id="no duration"),
    pytest.param({"session": {"agent_id": "agent_nobody"}}, 404, None, id="an agent that is not there"),
]


@pytest.mark.parametrize(("body", "status", "param"), REFUSED)
async def test_what_cannot_be_a_session_is_refused_by_the_name_of_its_field(
    tmp_path: Path, body: Any, status: int, param: str | None
) -> None:
    async with application_open(tmp_path) as opened:
        answer = await opened.http.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


BETA = [
    pytest.param("/v1/realtime/sessions", {"voice": "alloy"}, "realtime.session", id="a session"),
    pytest.param("/v1/realtime/sessions", None, "realtime.session", id="a session without a body"),
    pytest.param("/v1/realtime/transcription_sessions", {}, "realtime.transcription_session", id="a transcription"),
]


@pytest.mark.parametrize(("path", "body", "kind"), BETA)
async def test_clients_of_the_beta_get_a_flat_session_and_the_secret_in_it(
    tmp_path: Path, path: str, body: Any, kind: str
) -> None:
    async with application_open(tmp_path) as opened:
        told = (await opened.http.post(path, json=body)).json()
        grant = await opened.running.platform.client_secrets.grant(told["client_secret"]["value"])
    assert told["object"] == kind
    assert told["input_audio_format"] == "pcm16"
    assert "audio" not in told
    assert told["client_secret"]["value"].startswith(OPENAI)
    assert (grant.session.get("type") == "transcription") is (kind == "realtime.transcription_session")


BETA_EXPIRIES = [
    pytest.param({"client_secret": {"expires_after": {"anchor": "created_at", "seconds": 42}}}, id="in the secret"),
    pytest.param({"client_secret": {"expires_at": {"anchor": "created_at", "seconds": 42}}}, id="as it was first"),
    pytest.param({"expires_after": {"seconds": 42}}, id="at the top"),
]


@pytest.mark.parametrize("body", BETA_EXPIRIES)
async def test_clients_of_the_beta_say_how_long_the_secret_is_good(tmp_path: Path, body: Any) -> None:
    async with application_open(tmp_path) as opened:
        asked_at = datetime.now(UTC).timestamp()
        told = (await opened.http.post("/v1/realtime/sessions", json=body)).json()
    assert abs(told["client_secret"]["expires_at"] - asked_at - 42) < 30


async def test_a_wrong_field_of_the_beta_is_named_as_it_was_written(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        answer = await opened.http.post("/v1/realtime/sessions", json={"voice": 7})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "voice")


async def test_a_key_that_may_not_hold_calls_makes_no_secrets(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        reader = await opened.new_key("read", "write")
        answer = await opened.client(reader).post(PATH, json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_scope")


async def test_a_secret_opens_no_route_of_the_api(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        secret = (await opened.http.post(PATH, json={})).json()["value"]
        answers = [await opened.client(secret).get("/v1/agents"), await opened.client(secret).post(PATH, json={})]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert all("and nothing else" in answer.json()["error"]["message"] for answer in answers)


async def test_a_secret_is_good_as_long_as_the_key_that_made_it(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        made = await opened.store.keys.create("a page's")
        secret = (await opened.client(made.secret).post(PATH, json={})).json()["value"]
        secrets = opened.running.platform.client_secrets
        assert (await secrets.grant(secret)).caller.key_id == made.record.key_id
        await opened.store.keys.revoke(made.record.key_id)
        with pytest.raises(InvalidClientSecretError, match="revoked"):
            await secrets.grant(secret)


async def test_a_secret_counts_against_the_limit_of_the_key_that_made_it(tmp_path: Path) -> None:
    async with application_open(tmp_path, requests_per_minute=2) as opened:
        key = opened.client(await opened.new_key())
        secret = (await key.post(PATH, json={})).json()["value"]
        spoken = await opened.client(secret).post("/v1/tts", json={"text": "Hello.", "language": "en"})
        more = await key.get("/v1/agents")
    assert spoken.headers["x-ratelimit-remaining"] == "0"
    assert more.status_code == 429


async def test_a_secret_takes_the_instructions_of_a_prompt_when_it_is_made(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        agent = {"name": "Ann", "instructions": "Greet {{name}}."}
        agent_id = (await opened.http.post("/v1/agents", json=agent)).json()["agent"]["agent_id"]
        prompt = {"id": agent_id, "variables": {"name": "Ada"}}
        told = (await opened.http.post(PATH, json={"session": {"prompt": prompt}})).json()
        own = (await opened.http.post(PATH, json={"session": {"prompt": prompt, "instructions": "Own."}})).json()
        grant = await opened.running.platform.client_secrets.grant(told["value"])
    assert told["session"]["instructions"] == grant.session["instructions"] == "Greet {{name}}."
    assert told["session"]["prompt"] == prompt
    assert own["session"]["instructions"] == "Own."


PROMPTS = [
    pytest.param({"id": "agent_nobody"}, "session.prompt.id", id="an agent that is not there"),
    pytest.param({"id": "default", "version": "9"}, "session.prompt.version", id="a version that is not there"),
    pytest.param({"id": "default", "version": "newest"}, "session.prompt.version", id="a version that is no number"),
    pytest.param({"id": "default", "version": "9" * 40}, "session.prompt.version", id="a version that cannot be"),
]


@pytest.mark.parametrize(("prompt", "param"), PROMPTS)
async def test_a_prompt_that_is_not_there_is_refused(tmp_path: Path, prompt: dict[str, Any], param: str) -> None:
    async with application_open(tmp_path) as opened:
        await opened.http.post("/v1/agents", json={"name": "Ann"})
        answer = await opened.http.post(PATH, json={"session": {"prompt": prompt}})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "prompt_not_found", param)


async def test_a_prompt_may_be_a_former_version_of_an_agent(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        made = await opened.http.post("/v1/agents", json={"name": "Ann", "instructions": "First."})
        agent_id = made.json()["agent"]["agent_id"]
        body = {"agent": {"instructions": "Second."}, "field_mask": {"paths": ["instructions"]}}
        await opened.http.patch(f"/v1/agents/{agent_id}", json=body)
        said = []
        for prompt in ({"id": agent_id, "version": "1"}, {"id": agent_id}):
            told = (await opened.http.post(PATH, json={"session": {"prompt": prompt}})).json()
            said.append(told["session"]["instructions"])
    assert said == ["First.", "Second."]


async def test_another_organisations_agent_is_no_prompt(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        made = (await opened.http.post("/v1/agents", json={"name": "Ann", "instructions": "Ours."})).json()["agent"]
        stranger = await _key_of_another_organisation(opened)
        answer = await opened.client(stranger).post(PATH, json={"session": {"prompt": {"id": made["agent_id"]}}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "prompt_not_found")


async def test_an_agent_of_another_organisation_cannot_be_named(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        made = (await opened.http.post("/v1/agents", json={"name": "Ann"})).json()["agent"]
        stranger = await _key_of_another_organisation(opened)
        answer = await opened.client(stranger).post(PATH, json={"session": {"agent_id": made["agent_id"]}})
    assert answer.status_code == 404


async def test_a_secret_is_its_makers_organisations_and_outlives_the_server(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        stranger = await _key_of_another_organisation(opened)
        answer = await opened.client(stranger).post(PATH, json={"session": {"instructions": "Whisper."}})
        theirs = (await opened.store.keys.verify(stranger)) or pytest.fail("the key was just made")
    async with application_open(tmp_path) as again:
        grant = await again.running.platform.client_secrets.grant(answer.json()["value"])
    assert grant.organisation_id == theirs.organisation_id
    assert grant.session == {"instructions": "Whisper."}


async def test_nothing_of_a_secret_can_be_read_in_the_database(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        secret = (await opened.http.post(PATH, json={"session": {"instructions": "Whisper to me."}})).json()["value"]
    kept = bytes_in(tmp_path)
    assert secret.encode() not in kept
    assert b"Whisper to me." not in kept


@pytest.mark.parametrize("secret", ["ek_" + "A" * 43, XAI + "A" * 43], ids=["as OpenAI's begin", "as xAI's begin"])
async def test_a_secret_that_was_never_made_opens_nothing(tmp_path: Path, secret: str) -> None:
    async with application_open(tmp_path) as opened:
        with pytest.raises(InvalidClientSecretError):
            await opened.running.platform.client_secrets.grant(secret)


async def _key_of_another_organisation(opened: Opened) -> str:
    other = await opened.store.organisations.add("Other")
    return await opened.new_key(organisation_id=other.organisation_id)
