"""xAI's speech API over HTTP, at a real server with scripted engines."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from tests.serving import KEY, Served, scripted_settings, serving

from vivavoce.api.speech.answering import UPLOAD_BYTES_MAXIMUM
from vivavoce.engines.scripted import ScriptedTextToSpeech
from vivavoce.media.wav import write_wav

HEARD = "Hello, can you hear me?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False, timeout=60) as one:
        yield one


def wav(seconds: float = 1.0) -> bytes:
    file = io.BytesIO()
    write_wav(file, (0.1 * np.sin(np.arange(round(seconds * 16_000)) * 0.1)).astype(np.float32), 16_000)
    return file.getvalue()


# --- text to speech -------------------------------------------------------------------------------------------------

SPOKEN = [
    pytest.param({}, "audio/mpeg", None, id="MP3 where nothing is asked for"),
    pytest.param({"codec": "pcm"}, "audio/pcm", 2 * 24_000, id="PCM at 24 kHz where no rate is asked for"),
    pytest.param({"codec": "pcm", "sample_rate": 16_000}, "audio/pcm", 2 * 16_000, id="PCM at the rate asked for"),
    pytest.param({"codec": "mulaw"}, "audio/basic", 8_000, id="mu-law at 8 kHz"),
    pytest.param({"codec": "alaw", "sample_rate": 16_000}, "audio/alaw", 16_000, id="A-law at the rate asked for"),
    pytest.param({"codec": "wav", "sample_rate": 48_000}, "audio/wav", 2 * 48_000, id="WAV at 48 kHz"),
    pytest.param({"codec": "mp3", "bit_rate": 32_000}, "audio/mpeg", 4_000, id="MP3 at the bit rate asked for"),
]


@pytest.mark.parametrize(("output_format", "content_type", "bytes_per_second"), SPOKEN)
def test_a_text_is_spoken(
    http: httpx.Client, output_format: dict[str, Any], content_type: str, bytes_per_second: int | None
) -> None:
    body = {"text": "Good morning to you all.", "language": "auto", "voice_id": "ara", "output_format": output_format}
    answer = http.post("/v1/tts", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    if bytes_per_second is not None:
        assert len(answer.content) / bytes_per_second == pytest.approx(24 * 0.06, rel=0.2)


def test_the_times_of_the_characters_come_with_the_sound(http: httpx.Client) -> None:
    body = {"text": "Hi. Who is it?", "language": "en", "output_format": {"codec": "pcm"}, "with_timestamps": True}
    answer = http.post("/v1/tts", json=body).json()
    times = answer["audio_timestamps"]
    assert "".join(times["graph_chars"]) == "Hi. Who is it?"
    assert len(times["graph_times"]) == len(times["graph_chars"])
    assert len(base64.b64decode(answer["audio"])) == pytest.approx(answer["duration"] * 48_000, abs=4)
    assert times["graph_times"][-1][1] == pytest.approx(answer["duration"], abs=0.01)


WRONG_TEXTS = [
    pytest.param({"language": "en"}, "missing_required_parameter", "text", id="the text must be there"),
    pytest.param({"text": "Hi"}, "missing_required_parameter", "language", id="the language must be there"),
    pytest.param({"text": "", "language": "en"}, "invalid_value", "text", id="the text may not be empty"),
    pytest.param({"text": "x" * 15_001, "language": "en"}, "invalid_value", "text", id="the text may not be too long"),
    pytest.param(
        {"text": "Hi", "language": "en", "voice_id": "nobody"}, "invalid_value", "voice_id", id="no such voice"
    ),
    pytest.param({"text": "Hi", "language": "ja"}, "invalid_value", "language", id="the voice does not speak Japanese"),
    pytest.param({"text": "Hi", "language": "en", "speed": 2}, "invalid_value", "speed", id="too fast"),
    pytest.param(
        {"text": "Hi", "language": "en", "replace": {"loch": "/lɔx/"}},
        "invalid_value",
        "replace.loch",
        id="a sound that the voices do not have",
    ),
    pytest.param(
        {"text": "Hi", "language": "en", "output_format": {"sample_rate": 1234}},
        "invalid_value",
        "output_format.sample_rate",
        id="a rate that the codec does not have",
    ),
    pytest.param(
        {"text": "Hi", "language": "en", "output_format": {"codec": "opus"}},
        "invalid_value",
        "output_format.codec",
        id="a codec that this API does not have",
    ),
]


@pytest.mark.parametrize(("body", "code", "param"), WRONG_TEXTS)
def test_a_wrong_text_is_refused(http: httpx.Client, body: dict[str, Any], code: str, param: str) -> None:
    answer = http.post("/v1/tts", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


# --- speech to text -------------------------------------------------------------------------------------------------


def test_a_recording_is_written_down(http: httpx.Client) -> None:
    fields = {"language": "en", "format": "true", "diarize": "false", "keyterm": ["vivavoce", "xAI"]}
    answer = http.post("/v1/stt", data=fields, files={"file": ("said.wav", wav(2.0), "audio/wav")})
    assert answer.json() == {"text": HEARD, "language": "en", "duration": 2.0, "words": []}


def test_raw_sound_is_written_down(http: httpx.Client) -> None:
    fields = {"audio_format": "pcm", "sample_rate": "8000"}
    answer = http.post("/v1/stt", data=fields, files={"file": ("said", wav(1.0)[44:])})
    assert answer.json()["duration"] == 2.0


FILE = {"file": ("said.wav", wav())}
WRONG_RECORDINGS = [
    pytest.param({}, {}, "missing_required_parameter", "file", id="the recording must be there"),
    pytest.param({"url": "http://127.0.0.1/x"}, {}, "unsupported_parameter", "url", id="nothing is fetched from a URL"),
    pytest.param({"diarize": "true"}, FILE, "unsupported_parameter", "diarize", id="speakers are not told apart"),
    pytest.param({"multichannel": "true"}, FILE, "unsupported_parameter", "multichannel", id="channels are mixed"),
    pytest.param({"language": "xx"}, FILE, "invalid_value", "language", id="the ears do not know the language"),
    pytest.param({"audio_format": "pcm"}, FILE, "invalid_value", "sample_rate", id="raw sound needs its rate"),
    pytest.param({"audio_format": "pcm", "sample_rate": "1"}, FILE, "invalid_value", "sample_rate", id="no such rate"),
    pytest.param({}, {"file": ("said.wav", b"")}, "invalid_audio", "file", id="an empty file"),
    pytest.param({}, {"file": ("said.wav", b"RIFF1234WAVE")}, "invalid_audio", "file", id="a broken file"),
    pytest.param({}, {"file": ("a.txt", b"Hello, hello!")}, "unsupported_format", "file", id="a file without sound"),
]


@pytest.mark.parametrize(("fields", "files", "code", "param"), WRONG_RECORDINGS)
def test_a_wrong_recording_is_refused(
    http: httpx.Client, fields: dict[str, str], files: dict[str, Any], code: str, param: str
) -> None:
    answer = http.post("/v1/stt", data=fields, files=files)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/v1/stt", id="the path of xAI takes 25 MiB"),
        pytest.param("/compat/xai/v1/stt", id="so does the same path where xAI's API is mounted alone"),
    ],
)
def test_how_large_a_recording_may_be(http: httpx.Client, path: str) -> None:
    large = wav() + bytes(5 * 1024 * 1024)
    assert http.post(path, files={"file": ("said.wav", large)}).json()["text"] == HEARD
    too_large = http.post(path, files={"file": ("said.wav", bytes(UPLOAD_BYTES_MAXIMUM))})
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "request_too_large")


def test_other_paths_take_no_more_than_before(http: httpx.Client) -> None:
    assert http.post("/v1/tts", content=bytes(1024 * 1024 + 1)).status_code == 413


def test_a_stranger_is_turned_away_before_the_body_is_read(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as stranger:
        assert stranger.post("/v1/stt", content=b"not even a form").status_code == 401


def test_a_socket_s_path_says_which_methods_it_takes(http: httpx.Client) -> None:
    answer = http.put("/v1/tts")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_client_that_goes_stops_the_voice(served: Served, http: httpx.Client) -> None:
    engines = served.server.engines
    assert engines is not None
    voice = engines.text_to_speech
    assert isinstance(voice, ScriptedTextToSpeech)
    body = {"text": "One more sentence is here. " * 500, "language": "en", "output_format": {"codec": "pcm"}}
    with http.stream("POST", "/v1/tts", json=body) as answer:
        next(answer.iter_raw())
    asked = 0
    while voice.active and asked < 1_000:  # each question gives the server a moment to notice
        http.get("/healthz")
        asked += 1
    assert voice.active == 0
    assert len([request for request in voice.requests if request.text == "One more sentence is here."]) < 500
