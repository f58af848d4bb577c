"""What is kept on the disk for clients to come back to: sealed, found again, worth nothing to anybody else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from vivavoce.app.resumption import KEPT_SECONDS, KeptConversation, Resumptions
from vivavoce.conversation.events import CallerJoined
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.settings import Settings
from vivavoce.sessions.journal import Journal
from vivavoce.store.vault import Vault

VAULT = Vault(b"k" * 32)
TOOL = {"type": "mcp", "server_label": "shop", "server_url": "https://a.example", "authorization": "Bearer hush"}
KEPT = KeptConversation("org_1", "thread_1", None, "vivavoce", ("sess_1",), {"tools": [TOOL]})


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A data directory with one conversation in it."""
    resumptions = Resumptions(tmp_path, None, VAULT)
    resumptions.keep(KEPT)
    journal = Journal(resumptions.journal_path("sess_1"))
    settings = Settings()
    journal.begin(settings, "p")
    joined = CallerJoined()
    journal.write(0.0, joined, Conversation(settings, "p").handle(joined, 0.0))
    journal.close()
    return tmp_path


def file_of(data: Path) -> Path:
    return data / "resumption" / "thread_1.json"


def test_what_was_kept_is_found_whole(kept: Path) -> None:
    found = Resumptions(kept, None, VAULT).find("org_1", "thread_1")
    assert found is not None
    assert found.kept == KEPT


def test_nothing_of_the_session_stands_on_the_disk_in_plain(kept: Path) -> None:
    content = file_of(kept).read_bytes()
    assert not [word for word in (b"hush", b"Bearer", b"a.example", b"org_1") if word in content]
    assert file_of(kept).stat().st_mode & 0o777 == 0o600


def test_with_another_key_there_is_nothing_to_come_back_to(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert Resumptions(kept, None, Vault(b"x" * 32)).find("org_1", "thread_1") is None
    assert "put back" in caplog.text


def test_a_file_under_the_name_of_another_thread_is_none(kept: Path) -> None:
    file_of(kept).rename(kept / "resumption" / "thread_2.json")
    assert Resumptions(kept, None, VAULT).find("org_1", "thread_2") is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            b'{"organisation_id":"org_1","thread_id":"thread_1","agent_id":null,"model":"m","sessions":["sess_1"],"session":{}}',
            id="in plain, by an earlier version",
        ),
        pytest.param(b'{"sessions":["sess_1"],"sealed":"vv1.AAAA"}', id="with a token that is none"),
        pytest.param(b'{"sessions":["ses', id="half"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_cannot_be_read_is_not_found_and_forgotten_in_time(kept: Path, content: bytes) -> None:
    file_of(kept).write_bytes(content)
    resumptions = Resumptions(kept, None, VAULT)
    assert resumptions.find("org_1", "thread_1") is None
    resumptions.forget_old(())
    assert file_of(kept).exists()
    old = time.time() - KEPT_SECONDS - 60
    for path in (kept / "resumption").iterdir():
        os.utime(path, (old, old))
    resumptions.forget_old(())
    assert not file_of(kept).exists()
