"""`vivavoce keys` on a real database: what it makes, shows, revokes and refuses."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vivavoce.cli.keys import app
from vivavoce.store.database import DATABASE_FILE_NAME, sqlite_url
from vivavoce.store.records import ApiKeyRecord
from vivavoce.store.store import Store

Keys = Callable[..., Result]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Run the command on a database of its own."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env={"VIVAVOCE_DATA": str(tmp_path / "data"), "COLUMNS": "200"})

    return run


def _verified(tmp_path: Path, secret: str) -> ApiKeyRecord | None:
    async def verify() -> ApiKeyRecord | None:
        async with await Store.open(sqlite_url(tmp_path / "data")) as store:
            return await store.keys.verify(secret)

    return asyncio.run(verify())


def test_a_new_key_is_the_only_thing_on_the_standard_output_and_opens_the_door(keys: Keys, tmp_path: Path) -> None:
    result = keys("create", "--name", "laptop")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"vv_[0-9A-Za-z]{40}\n", result.stdout)
    assert "laptop" in result.stderr
    record = _verified(tmp_path, result.stdout.strip())
    assert record is not None
    assert record.name == "laptop"


def test_a_new_key_as_json_has_its_secret_once(keys: Keys) -> None:
    made = json.loads(keys("create", "--name", "ci", "--json").stdout)
    assert made["secret"].endswith(made["last4"])
    assert (made["name"], made["last_used_at"], made["revoked_at"]) == ("ci", None, None)
    assert made["secret"] not in keys("list").output
    assert made["secret"] not in keys("list", "--json").output


def test_the_list_shows_the_state_of_every_key(keys: Keys, tmp_path: Path) -> None:
    used = json.loads(keys("create", "--name", "used [red] \x1b[2J", "--json").stdout)
    revoked = json.loads(keys("create", "--name", "old", "--json").stdout)
    assert _verified(tmp_path, used["secret"]) is not None
    keys("revoke", revoked["id"])
    head, first, second = keys("list").stdout.splitlines()
    assert head.split() == ["ID", "ENDS", "IN", "MADE", "LAST", "USED", "STATE", "NAME"]
    assert first.split()[:2] == [used["id"], used["last4"]]
    assert first.endswith("used [red] ?[2J")
    assert " works " in first
    assert " never " not in first
    assert second.split()[0] == revoked["id"]
    assert " never " in second
    assert " revoked " in second
    assert head.index("STATE") == first.index("works") == second.index("revoked")
    listed = json.loads(keys("list", "--json").stdout)
    assert [key["id"] for key in listed] == [used["id"], revoked["id"]]
    assert [key["revoked_at"] is None for key in listed] == [True, False]


def test_a_revoked_key_opens_nothing_any_more(keys: Keys, tmp_path: Path) -> None:
    made = json.loads(keys("create", "--json").stdout)
    result = keys("revoke", made["id"])
    assert (result.exit_code, result.stdout) == (0, f"Key {made['id']} (unnamed) is revoked.\n")
    assert _verified(tmp_path, made["secret"]) is None
    assert json.loads(keys("revoke", made["id"], "--json").stdout)["revoked_at"] is not None


def test_an_unknown_key_cannot_be_revoked(keys: Keys) -> None:
    keys("create")
    result = keys("revoke", "key_nothing")
    assert result.exit_code == 1
    assert result.stderr == "There is no API key with the id 'key_nothing'.\n"


@pytest.mark.parametrize("arguments", [("list",), ("revoke", "key_1")])
def test_where_no_database_is_none_is_made_and_the_option_is_named(
    keys: Keys, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    result = keys(*arguments)
    assert result.exit_code == 1
    assert (
        f"There is no database in {tmp_path / 'data'}; name the server's data directory with --data." in result.stderr
    )
    assert not (tmp_path / "data").exists()


def test_a_key_without_a_name_is_refused(keys: Keys) -> None:
    result = keys("create", "--name", " ")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "name of a key must have 1 to 255 characters" in result.stderr


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(keys: Keys, tmp_path: Path) -> None:
    keys("create")
    with closing(sqlite3.connect(tmp_path / "data" / DATABASE_FILE_NAME)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    result = keys("list")
    assert result.exit_code == 1
    assert "newer vivavoce" in result.stderr
    assert "Traceback" not in result.output


def test_the_data_directory_of_the_user_is_the_default(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name: str(tmp_path / "home" / name))
    assert CliRunner().invoke(app, ["create"], env={"VIVAVOCE_DATA": None}).exit_code == 0
    assert (tmp_path / "home" / "vivavoce" / DATABASE_FILE_NAME).exists()


def test_without_a_command_the_help_is_shown(keys: Keys) -> None:
    result = keys()
    assert all(word in result.output for word in ("create", "list", "revoke"))
