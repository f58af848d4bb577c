"""A small client of the ACP API: what tests of it do again and again. Holds nothing; the test owns the connection."""

from __future__ import annotations

from typing import Any

import httpx

from tests.serving import KEY, Served

Json = dict[str, Any]


def client(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False)


def made_agent(http: httpx.Client, **fields: Any) -> str:
    answer = http.post("/v1/voice-agents/agents", json={"name": "Ada", "instructions": "Be brief."} | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["agent"]["id"])


def opened(http: httpx.Client, agent: str, **body: Any) -> Json:
    answer = http.post(f"/v1/voice-agents/agents/{agent}/sessions", json=body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def session_of(http: httpx.Client, session_id: str) -> Json:
    found: Json = http.get(f"/v1/voice-agents/sessions/{session_id}").json()
    return found


def sent(http: httpx.Client, session_id: str, role: str, content: str, **event: Any) -> tuple[int, Json]:
    body = {"role": role, "content": content, "event": event}
    answer = http.post(f"/v1/voice-agents/sessions/{session_id}/messages", json=body)
    return answer.status_code, answer.json()
