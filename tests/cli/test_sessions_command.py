"""`vivavoce sessions` and the SDK's recordings and journals, against a server with scripted engines."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile  # type: ignore[import-untyped]
from tests.serving import KEY, Served, scripted_settings, serving
from typer.testing import CliRunner, Result

from vivavoce.cli.main import app
from vivavoce.client import Vivavoce
from vivavoce.client.errors import NotFoundError
from vivavoce.config import RecordingSettings
from vivavoce.services.recordings.service import RecordingChoice


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = scripted_settings(tmp_path_factory.mktemp("data"))
    recording = RecordingSettings(RecordingChoice(enabled=True, format="wav"))
    with serving(replace(settings, recording=recording, journal=True)) as one:
        yield one


async def _call(served: Served, *, recorded: bool = True) -> str:
    """The session of a call that heard the greeting."""
    async with Vivavoce(served.url, KEY) as client:
        agent = await client.agents.create("Desk", greeting="Good day!", recording={"enabled": recorded})
        session = await client.sessions.create(agent.agent_id)
        async with client.join(session) as call, asyncio.timeout(30):
            async for event in call:
                if event["type"] == "response.done":
                    break
        async with asyncio.timeout(30):
            while (await client.sessions.recording(session.session_id)).state in {"recording", "uploading"}:
                pass
        return session.session_id


@pytest.fixture
def session(served: Served) -> str:
    return asyncio.run(_call(served))


def _run(served: Served, *arguments: str) -> Result:
    environment = {"VIVAVOCE_API_KEY": KEY, "VIVAVOCE_URL": served.url}
    return CliRunner().invoke(app, ["sessions", *arguments], env=environment)


def test_a_recording_is_told_downloaded_and_deleted(served: Served, session: str, tmp_path: Path) -> None:
    assert _run(served, "recording", session).stdout.startswith("part 1  ready  wav  ")
    out = tmp_path / "call.wav"
    written = _run(served, "recording", session, "--out", str(out), "--part", "1")
    assert (written.exit_code, written.stdout.startswith(f"Wrote {out} (")) == (0, True)
    told = json.loads(_run(served, "recording", session, "--json").stdout)
    assert (told["state"], told["bytes"]) == ("ready", out.stat().st_size)
    assert soundfile.info(out).channels == 2
    assert [each.name for each in tmp_path.iterdir()] == ["call.wav"]
    assert _run(served, "delete-recording", session).stdout == f"Deleted the recording of {session}\n"
    assert _run(served, "recording", session).stdout.startswith("part 1  deleted  wav")
    gone = _run(served, "recording", session, "--out", str(tmp_path / "gone.wav"))
    assert (gone.exit_code, "recording was deleted" in gone.stderr) == (3, True)
    assert not (tmp_path / "gone.wav").exists()


def test_a_session_that_was_not_recorded_says_so(served: Served) -> None:
    unheard = asyncio.run(_call(served, recorded=False))
    assert _run(served, "recording", unheard).stdout == "none: the session was not recorded\n"


def test_a_journal_is_downloaded_and_replayed(served: Served, session: str, tmp_path: Path) -> None:
    out = tmp_path / "call.jsonl"
    assert json.loads(_run(served, "journal", session, "--out", str(out), "--json").stdout) == {
        "file": str(out),
        "bytes": out.stat().st_size,
    }
    assert all(json.loads(line) for line in out.read_text().splitlines())
    assert _run(served, "replay", session).stdout.endswith(" facts gave the same orders.\n")
    assert json.loads(_run(served, "replay", session, "--json").stdout)["differences"] == []


def test_a_place_that_cannot_be_written_is_told(served: Served, session: str, tmp_path: Path) -> None:
    refused = _run(served, "recording", session, "--out", str(tmp_path / "nowhere" / "call.wav"))
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (2, True)


async def test_the_sdk_has_what_the_command_has(served: Served) -> None:
    session = await _call(served)
    heard: list[tuple[int, int]] = []
    async with Vivavoce(served.url, KEY) as client:
        info = await client.sessions.recording(session)
        assert (info.state, info.part, info.parts[0].format) == ("ready", 1, "wav")
        sound, journal = io.BytesIO(), io.BytesIO()
        size = await client.sessions.download_recording(
            session, sound, progress=lambda done, total: heard.append((done, total))
        )
        assert size == len(sound.getvalue()) == info.bytes
        assert heard[-1] == (size, size)
        assert await client.sessions.download_journal(session, journal) == len(journal.getvalue()) > 0
        replay = await client.sessions.replay(session)
        assert (replay.events > 0, replay.differences) == (True, ())
        await client.sessions.delete_recording(session)
        with pytest.raises(NotFoundError, match="deleted"):
            await client.sessions.download_recording(session, sound)
