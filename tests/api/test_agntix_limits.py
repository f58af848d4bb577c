"""How sessions of the Agntix API run out: of time, of places, and for keys that may not open any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.agntix_client import LIVEKIT, agent, chat, client_of, opened, refused
from tests.serving import Served, scripted_settings, serving

from vivavoce.config import PlatformSettings
from vivavoce.services.sessions import SessionLimits

LIFETIME_SECONDS = 3_600
OPEN_MAXIMUM = 3


@dataclass
class Calendar:
    """The time of day, and what a test has added to it."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def served(
    calendar: Calendar, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    monkeypatch.setattr("vivavoce.app.platform._utc_now", calendar.now)
    limits = SessionLimits(lifetime_seconds=LIFETIME_SECONDS, open_maximum=OPEN_MAXIMUM)
    platform = PlatformSettings(livekit=LIVEKIT, limits=limits)
    with serving(scripted_settings(tmp_path_factory.mktemp("data"), platform=platform)) as one:
        yield one


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with client_of(served) as client:
        yield client


def test_a_session_whose_time_is_up_has_expired_and_takes_nothing_more(http: httpx.Client, calendar: Calendar) -> None:
    one = agent(http)
    spoken, written = opened(http, one), chat(http, one)
    calendar.ahead = timedelta(seconds=LIFETIME_SECONDS + 1)
    for session in (spoken, written):
        shown = http.get(f"/v1/chat/chat/sessions/{session['id']}").json()
        assert (shown["state"], shown["endReason"]) == ("EXPIRED", "expired")
    answer = http.post(f"/v1/chat/chat/sessions/{written['id']}/messages", json={"content": "Hi"})
    assert refused(answer) == (409, "SESSION_EXPIRED")
    # `?token=` in the address is the only key that a browser has.
    address = httpx.URL(spoken["websocketUrl"].replace("ws://", "http://"))
    upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    late = httpx.get(address, headers=upgrade | {"sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="}, trust_env=False)
    assert late.status_code == 401


def test_an_organisation_has_only_so_many_sessions_open(http: httpx.Client) -> None:
    one = agent(http)
    sessions = [opened(http, one) for _ in range(OPEN_MAXIMUM)]
    refusal = http.post("/v1/voice/sessions", json={"agentId": one})
    assert refused(refusal) == (429, "SESSION_CREATION_ERROR")
    assert int(refusal.headers["retry-after"]) > 0
    http.post(f"/v1/voice/sessions/{sessions[0]['id']}/end").raise_for_status()
    opened(http, one)


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        pytest.param(["read"], (200, 403, 403), id="a key that may look only looks"),
        pytest.param(["realtime"], (403, 403, 201), id="a key for calls only opens them"),
        pytest.param(["write"], (403, 201, 403), id="a key that may change opens no calls"),
    ],
)
def test_a_key_does_what_its_scopes_allow(
    served: Served, http: httpx.Client, scopes: list[str], statuses: tuple[int, int, int]
) -> None:
    one = agent(http)
    made = http.post("/v1/api-keys", json={"name": "limited", "scopes": scopes}).json()
    secret = next(value for name, value in made.items() if name in ("secret", "key"))
    with httpx.Client(base_url=served.url, headers={"x-api-key": secret}, trust_env=False) as limited:
        body = {"fullName": "B", "description": "", "role": ""}
        answers = (
            limited.get("/v2/chat/agents"),
            limited.post("/v2/chat/agents", json=body),
            limited.post("/v1/voice/sessions", json={"agentId": one}),
        )
    assert tuple(answer.status_code for answer in answers) == statuses
    assert {refused(each)[1] for each in answers if each.status_code == 403} == {"INSUFFICIENT_SCOPE"}
