"""What a new user does: start the server on an empty directory, paste the command that it prints, hear the answer.

Real processes, real models of the `small` profile, real speech.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from vivavoce.client.realtime import RealtimeClient
from vivavoce.engines.ports import HEARING_RATE_HZ, TranscriptionHints
from vivavoce.engines.stt.moonshine import MoonshineSpeechToText
from vivavoce.media.resampling import resample
from vivavoce.media.wav import read_wav
from vivavoce.sessions.journal import replay

pytestmark = pytest.mark.models


@dataclass(frozen=True, slots=True)
class FirstRun:
    """A server that was started on an empty directory, and what it printed."""

    printed: dict[str, Any]
    data: Path

    @property
    def url(self) -> str:
        return str(self.printed["url"])

    def paste(self, command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command line as a person would who pasted it."""
        words = shlex.split(command)
        settings = dict(word.split("=", 1) for word in words if word.startswith("VIVAVOCE_"))
        arguments = [word for word in words if not word.startswith("VIVAVOCE_")]
        arguments[:1] = [sys.executable, "-m", "vivavoce"]
        return subprocess.run(
            arguments, cwd=cwd, env=_environment() | settings, capture_output=True, text=True, timeout=120, check=False
        )


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")}
    if "VIVAVOCE_MODELS" in os.environ:
        kept["VIVAVOCE_MODELS"] = os.environ["VIVAVOCE_MODELS"]
    return kept


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstRun]:
    data = tmp_path_factory.mktemp("home") / "data"
    command = [
        sys.executable,
        "-m",
        "vivavoce",
        "serve",
        "--profile",
        "small",
        "--port",
        "0",
        "--data",
        str(data),
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, "the server ended before it was ready"
            yield FirstRun(json.loads(line), data)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


async def transcript_of(audio: Path, models_directory: Path) -> str:
    """What is said in a file, as another pair of ears hears it."""
    recorded = read_wav(audio)
    ears = MoonshineSpeechToText(models_directory / "moonshine-tiny-en")
    stream = ears.open_stream(TranscriptionHints("en"))
    stream.push(resample(recorded.samples, recorded.rate_hz, HEARING_RATE_HZ))
    text = (await stream.final()).text
    stream.close()
    await ears.close()
    return text


async def test_the_printed_command_answers_a_spoken_question_with_fitting_spoken_words(
    first_run: FirstRun, tmp_path: Path, models_directory: Path
) -> None:
    assert first_run.printed["api_key"]
    pasted = await asyncio.to_thread(first_run.paste, first_run.printed["talk"], tmp_path)
    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    assert "capital of france" in pasted.stdout.lower()
    assert "first audio" in pasted.stdout.lower()
    answer = read_wav(tmp_path / "answer.wav")
    assert float(np.abs(answer.samples).max()) > 0.05
    assert "paris" in (await transcript_of(tmp_path / "answer.wav", models_directory)).lower()


async def test_a_recorded_person_is_understood_and_answered(first_run: FirstRun, tmp_path: Path) -> None:
    clip = Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav")
    command = f"VIVAVOCE_API_KEY={first_run.printed['api_key']} vivavoce talk --url {first_run.url} --wav {clip} --json"
    pasted = await asyncio.to_thread(first_run.paste, command, tmp_path)
    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    assert "answer" in pasted.stdout or "agent" in pasted.stdout


def test_the_server_says_that_it_lives_and_that_it_is_ready(first_run: FirstRun) -> None:
    assert httpx.get(f"{first_run.url}/healthz").json()["status"] == "ok"
    assert httpx.get(f"{first_run.url}/readyz").json()["status"] == "ready"


async def test_typed_words_are_answered_in_typed_words(first_run: FirstRun) -> None:
    async with RealtimeClient.connect(first_run.url, first_run.printed["api_key"]) as call, asyncio.timeout(60):
        await call.update_session({"output_modalities": ["text"], "instructions": "Answer with one word."})
        await call.create_message("What is the capital of Italy?")
        await call.create_response()
        async for event in call:
            if event["type"] == "response.done":
                break
        assert "Rome" in event["response"]["output"][0]["content"][0]["text"]


def test_every_call_of_this_run_replays_to_the_same_orders(first_run: FirstRun) -> None:
    journals = sorted((first_run.data / "journals").glob("*.jsonl"))
    assert journals
    for journal in journals:
        assert replay(journal) is None, journal.name


def test_a_second_run_shows_no_key_again(first_run: FirstRun) -> None:
    database = (first_run.data / "vivavoce.db").read_bytes()
    assert first_run.printed["api_key"].encode() not in database
