"""A client of the xAI agents API for tests: a test owns one, with a server, and ends it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx
from tests.serving import KEY, Served

Json = dict[str, Any]

FULL: Json = {
    "instructions": "Be brief.",
    "tools": [{"type": "x_search"}],
    "voice": {"voice_id": "rex", "vad_threshold": 0.3, "vad_silence_duration_ms": 900},
    "greeting": "Hello.",
    "language": "pt-BR",
    "max_turns": 7,
    "interruption": "at_once",
    "eagerness": "low",
    "endpointing": {"shortest_pause_ms": 100, "longest_pause_ms": None},
    "speculation": False,
    "caller_silence": {"after_ms": 8000, "reengagements": 1, "goodbye": "Bye."},
    "fillers": {"late_reply_ms": 700, "late_tool_ms": None, "reply_words": ["Hm."], "tool_words": None},
    "noise_reduction": "far_field",
    "recording": {"enabled": True, "format": "wav", "consent": "You are recorded."},
    "metadata": {"a": 1},
}


class Platform:
    """A server and what a client of xAI has in its hands."""

    def __init__(self, served: Served) -> None:
        self.url = served.url
        self.http = httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {KEY}"})

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Until the block ends."""
        with self.http:
            yield self

    def run(self, example: str, *, agent_id: str = "") -> str:
        """A program of the document, with this host, and the id of an agent that there is."""
        written = example.replace("https://api.x.ai", self.url).replace("wss://api.x.ai", f"ws{self.url[4:]}")
        written = written.replace("agent_abc123def456", agent_id)
        command = ["sh", "-c", written] if written.startswith("curl ") else [sys.executable, "-c", written]
        environment = os.environ | {"XAI_API_KEY": KEY}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create(self, **fields: Any) -> Json:
        answer = self.http.post("/v1/agents", json={"name": "Order Support"} | fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["agent"])

    def get(self, agent: Json) -> Json:
        return dict(self.http.get(f"/v1/agents/{agent['agent_id']}").json()["agent"])

    def patch(self, agent: Json, body: Any) -> httpx.Response:
        return self.http.patch(f"/v1/agents/{agent['agent_id']}", json=body)

    def number(self, area_code: str = "212") -> Json:
        answer = self.http.post("/v1/phone-numbers", json={"area_code": area_code, "name": "Line"})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["phone_number"])
