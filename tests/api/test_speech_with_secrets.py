"""Client secrets at the speech endpoints: browsers speak and hear with them, over HTTP and over sockets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from tests.serving import KEY, Served, scripted_settings, serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from vivavoce.media.wav import write_wav

TTS = {"text": "Hello there.", "language": "en", "output_format": {"codec": "pcm"}}
SPEECH = {"model": "tts-1", "input": "Hello there.", "voice": "eve", "response_format": "pcm"}
SAY, HEAR = "/v1/tts?codec=pcm&sample_rate=24000", "/v1/stt?sample_rate=16000"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("speech-secrets"))) as running:
        yield running


def made(served: Served, session: Any = None, key: str = KEY) -> str:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(f"{served.url}/v1/realtime/client_secrets", json={"session": session}, headers=headers)
    assert answer.status_code == 200, answer.text
    value: str = answer.json()["value"]
    return value


def agent_of(served: Served) -> str:
    headers = {"authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{served.url}/v1/agents", json={"name": "Ann"}, headers=headers)
    agent_id: str = answer.json()["agent"]["agent_id"]
    return agent_id


def recording() -> bytes:
    file = BytesIO()
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 16_000).astype(np.float32)
    write_wav(file, noise, 16_000)
    return file.getvalue()


def asked(served: Served, path: str, secret: str) -> httpx.Response:
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {secret}"}, timeout=30) as client:
        if path.endswith("/tts"):
            return client.post(path, json=TTS)
        if path.endswith("/speech"):
            return client.post(path, json=SPEECH)
        return client.post(path, files={"file": ("a.wav", recording())}, data={"model": "whisper-1"})


SPEAKING = ["/v1/tts", "/compat/xai/v1/tts", "/v1/audio/speech"]
HEARING = ["/v1/stt", "/compat/xai/v1/stt", "/v1/audio/transcriptions"]


@pytest.mark.parametrize("path", [*SPEAKING, *HEARING])
def test_a_secret_uses_the_speech_endpoints(served: Served, path: str) -> None:
    answer = asked(served, path, made(served))
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-limit"])


@pytest.mark.parametrize("path", HEARING)
def test_a_secret_of_a_session_that_transcribes_hears(served: Served, path: str) -> None:
    assert asked(served, path, made(served, {"type": "transcription"})).status_code == 200


@pytest.mark.parametrize("path", SPEAKING)
def test_a_secret_of_a_session_that_transcribes_does_not_speak(served: Served, path: str) -> None:
    answer = asked(served, path, made(served, {"type": "transcription"}))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_granted")


@pytest.mark.parametrize("path", [*SPEAKING, *HEARING])
def test_a_secret_that_was_made_for_calls_of_one_kind_opens_those_alone(served: Served, path: str) -> None:
    for session in ({"agent_id": agent_of(served)}, {"max_duration_seconds": 60}):
        answer = asked(served, path, made(served, session))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_granted")


def test_a_secret_that_was_never_made_does_not_speak(served: Served) -> None:
    assert asked(served, "/v1/tts", "ek_" + "A" * 43).status_code == 401


WAYS = [
    pytest.param({"Authorization": "Bearer {}"}, "", (), id="as the bearer token"),
    pytest.param({}, "&token={}", (), id="in the query"),
    pytest.param({}, "", ("xai-client-secret.{}",), id="in xAI's sub-protocol"),
    pytest.param({}, "", ("realtime", "openai-insecure-api-key.{}"), id="in OpenAI's sub-protocols"),
]


def socket(served: Served, path: str, secret: str, headers: Any, query: str, subprotocols: Any) -> Any:
    return connect(
        f"ws://127.0.0.1:{served.port}{path}{query.format(secret)}",
        additional_headers={name: value.format(secret) for name, value in headers.items()},
        subprotocols=[Subprotocol(each.format(secret)) for each in subprotocols] or None,
        proxy=None,
    )


@pytest.mark.parametrize(("headers", "query", "subprotocols"), WAYS)
def test_a_secret_opens_the_socket_that_speaks(served: Served, headers: Any, query: str, subprotocols: Any) -> None:
    with socket(served, SAY, made(served), headers, query, subprotocols) as websocket:
        websocket.send(json.dumps({"type": "text.delta", "delta": "Hello there."}))
        websocket.send(json.dumps({"type": "text.done"}))
        first = json.loads(websocket.recv(timeout=30))
    assert first["type"] == "audio.delta"
    assert base64.b64decode(first["delta"])


@pytest.mark.parametrize(("headers", "query", "subprotocols"), WAYS)
def test_a_secret_opens_the_socket_that_hears(served: Served, headers: Any, query: str, subprotocols: Any) -> None:
    secret = made(served, {"type": "transcription"})
    with socket(served, HEAR, secret, headers, query, subprotocols) as websocket:
        assert json.loads(websocket.recv(timeout=30))["type"] == "transcript.created"


REFUSED = [
    pytest.param(SAY, {"type": "transcription"}, id="one for sessions that transcribe does not speak"),
    pytest.param(SAY, {"max_duration_seconds": 60}, id="one with a longest duration does not speak"),
    pytest.param(HEAR, {"max_duration_seconds": 60}, id="one with a longest duration does not hear"),
]


@pytest.mark.parametrize(("path", "session"), REFUSED)
def test_a_secret_opens_no_socket_that_it_was_not_made_for(served: Served, path: str, session: Any) -> None:
    bearer = {"Authorization": "Bearer {}"}
    with pytest.raises(InvalidStatus) as refused, socket(served, path, made(served, session), bearer, "", ()):
        pass
    assert refused.value.response.status_code == 403
