"""`vivavoce collections` and `vivavoce secrets` against a server of this product, with scripted engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import KEY, Served, scripted_settings, serving
from typer.testing import CliRunner, Result

from vivavoce.cli.main import app

FERRIES = "# Ferries\n\nThe last ferry to the island leaves at nine in the evening.\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ferries.md"
    path.write_text(FERRIES)
    return path


def _run(served: Served, *arguments: str, key: str = KEY, said: str | None = None) -> Result:
    environment = {"VIVAVOCE_API_KEY": key, "VIVAVOCE_URL": served.url, "SECRET_VALUE": "a-value-of-an-api-key"}
    return CliRunner().invoke(app, list(arguments), env=environment, input=said)


def _made(served: Served) -> str:
    made = _run(served, "collections", "create", "Ferries", "--description", "Timetables", "--json")
    assert made.exit_code == 0, made.output
    return str(json.loads(made.stdout)["collection_id"])


def test_a_file_is_put_into_a_collection_found_and_deleted(served: Served, file: Path) -> None:
    collection = _made(served)
    sent = _run(served, "collections", "upload", collection, str(file))
    assert sent.exit_code == 0, sent.output
    assert "processed (1 passages)  ferries.md" in sent.stdout
    found = _run(served, "collections", "search", collection, "last ferry to the island")
    assert "ferries.md (Ferries)" in found.stdout
    assert "nine in the evening" in found.stdout
    assert "ferries.md" in _run(served, "collections", "show", collection).stdout
    assert f"{collection}      1 documents  Ferries" in _run(served, "collections", "list").stdout
    assert _run(served, "collections", "delete", collection).stdout == f"Deleted {collection}\n"
    gone = _run(served, "collections", "show", collection)
    assert gone.exit_code == 3
    assert "Error" in gone.stderr


def test_json_is_json_for_every_command(served: Served, file: Path) -> None:
    collection = _made(served)
    (sent,) = json.loads(_run(served, "collections", "upload", collection, str(file), "--no-wait", "--json").stdout)
    assert sent["file_metadata"]["name"] == "ferries.md"
    shown = json.loads(_run(served, "collections", "show", collection, "--json").stdout)
    assert [each["file_id"] for each in shown["documents"]] == [sent["file_id"]]
    assert collection in [
        each["collection_id"] for each in json.loads(_run(served, "collections", "list", "--json").stdout)
    ]
    assert isinstance(json.loads(_run(served, "collections", "search", collection, "ferry", "--json").stdout), list)
    assert json.loads(_run(served, "collections", "delete", collection, "--json").stdout) == {
        "id": collection,
        "deleted": True,
    }


def test_a_file_that_cannot_be_read_ends_with_an_error(served: Served, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing more")
    sent = _run(served, "collections", "upload", _made(served), str(broken))
    assert sent.exit_code == 1
    assert "failed: " in sent.stdout


def test_a_file_that_there_is_not_is_refused_before_anything_is_sent(served: Served, tmp_path: Path) -> None:
    assert _run(served, "collections", "upload", "col_1", str(tmp_path / "nothing")).exit_code == 2


def test_a_wrong_key_is_told_with_what_to_do(served: Served) -> None:
    refused = _run(served, "collections", "list", key="vv_wrong_key_0123456789")
    assert refused.exit_code == 3
    assert "VIVAVOCE_API_KEY" in refused.stderr
    as_json = _run(served, "collections", "list", "--json", key="vv_wrong_key_0123456789")
    assert json.loads(as_json.stderr)


def test_a_secret_is_stored_changed_listed_and_deleted_and_never_shown(served: Served) -> None:
    outputs = [
        _run(served, "secrets", "set", "ORDERS_KEY", said="first-value-123\n"),
        _run(served, "secrets", "set", "ORDERS_KEY", "--from-env", "SECRET_VALUE", "--json"),
        _run(served, "secrets", "list"),
        _run(served, "secrets", "list", "--json"),
        _run(served, "secrets", "delete", "ORDERS_KEY"),
    ]
    assert [each.exit_code for each in outputs] == [0] * 5, [each.output for each in outputs]
    assert outputs[0].stdout == "Stored ORDERS_KEY\n"
    assert outputs[2].stdout.startswith("ORDERS_KEY  changed ")
    assert [each["name"] for each in json.loads(outputs[3].stdout)] == ["ORDERS_KEY"]
    everything = "".join(each.output for each in outputs)
    assert "first-value" not in everything
    assert "a-value-of" not in everything
    assert _run(served, "secrets", "delete", "ORDERS_KEY", "--json").exit_code == 3


def test_a_variable_that_is_not_set_is_told(served: Served) -> None:
    refused = _run(served, "secrets", "set", "ORDERS_KEY", "--from-env", "NOT_THERE")
    assert refused.exit_code == 2
    assert "NOT_THERE" in refused.stderr
