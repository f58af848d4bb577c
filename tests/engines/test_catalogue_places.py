"""What lies on the disk: where, whether it is complete, whether it is right, which profile fits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from package_registry import sha256

from vivavoce.engines.catalogue import (
    Model,
    ModelFile,
    available_memory_bytes,
    default_profile,
    defaults,
    is_complete,
    missing_models,
    model_directory,
    models_directory,
    places,
    pull,
    verify,
)
from vivavoce.engines.catalogue.description import PackagedFile, WebFile

GIBIBYTE = 1024**3


def model_of(contents: dict[str, bytes]) -> Model:
    listed = tuple(
        ModelFile(name, len(content), sha256(content), None, WebFile("http://127.0.0.1:9/"), ())
        for name, content in contents.items()
    )
    return Model("tiny", "does", "stt", "MIT", "upstream", listed)


@pytest.fixture
def tiny(tmp_path: Path) -> Model:
    """A model of two files that lie complete in `tmp_path`."""
    contents = {"a.bin": b"alpha", "deep/b.bin": b"beta"}
    for name, content in contents.items():
        path = tmp_path / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return model_of(contents)


def test_the_models_directory_is_the_one_that_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVAVOCE_MODELS", "~/elsewhere")
    assert models_directory() == Path.home() / "elsewhere"
    assert model_directory("piper-joe") == Path.home() / "elsewhere" / "piper-joe"


def test_the_models_directory_is_in_the_users_cache_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VIVAVOCE_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert models_directory() == tmp_path / "vivavoce" / "models"


def test_a_model_is_complete_when_every_file_has_its_size(tiny: Model, tmp_path: Path) -> None:
    assert is_complete(tiny, tmp_path)


def test_a_model_with_a_short_file_is_not_complete(tiny: Model, tmp_path: Path) -> None:
    (tmp_path / "tiny/a.bin").write_bytes(b"alph")
    assert not is_complete(tiny, tmp_path)


def test_a_model_without_one_of_its_files_is_not_complete(tiny: Model, tmp_path: Path) -> None:
    (tmp_path / "tiny/deep/b.bin").unlink()
    assert not is_complete(tiny, tmp_path)


def test_a_file_that_was_right_for_an_older_catalogue_is_not_complete_for_this_one(tiny: Model, tmp_path: Path) -> None:
    verify([tiny], tmp_path)
    newer = model_of({"a.bin": b"ALPHA", "deep/b.bin": b"beta"})
    assert is_complete(tiny, tmp_path)
    assert not is_complete(newer, tmp_path)


def test_an_empty_directory_lacks_the_whole_profile(tmp_path: Path) -> None:
    assert {model.name for model in missing_models("small", tmp_path)} >= {"silero-vad", "qwen2.5-coder-0.5b"}


def test_verify_tells_right_from_missing_short_and_changed_files(tmp_path: Path) -> None:
    model = model_of({"right": b"12345", "missing": b"12345", "short": b"12345", "changed": b"12345"})
    (tmp_path / "tiny").mkdir()
    for name, content in {"right": b"12345", "short": b"123", "changed": b"12346"}.items():
        (tmp_path / "tiny" / name).write_bytes(content)
    seen: list[int] = []
    checks = verify([model], tmp_path, seen.append)
    assert [(check.file, check.result) for check in checks] == [
        ("right", "right"),
        ("missing", "missing"),
        ("short", "wrong size"),
        ("changed", "wrong checksum"),
    ]
    assert sum(seen) == 10


def test_verify_leaves_a_wrong_file_and_the_next_pull_replaces_it(tmp_path: Path) -> None:
    content = (Path(places.__file__).parent / "voices/kokoro-vocab.json").read_bytes()
    origin = PackagedFile("vivavoce.engines.catalogue", "voices/kokoro-vocab.json")
    listed = ModelFile("vocab.json", len(content), sha256(content), origin, None, ())
    model = Model("tiny", "does", "tts", "MIT", "upstream", (listed,))
    pull([model], directory=tmp_path)
    path = tmp_path / "tiny/vocab.json"
    stamped = path.stat()
    path.write_bytes(content[:-1] + b"?")
    os.utime(path, ns=(stamped.st_atime_ns, stamped.st_mtime_ns))

    assert [check.result for check in verify([model], tmp_path)] == ["wrong checksum"]
    assert path.exists()
    pull([model], directory=tmp_path)
    assert path.read_bytes() == content


def test_files_that_were_checked_once_are_not_hashed_again(
    tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    honest = places.sha256_of

    def counting(path: Path, seen: places.Seen | None = None) -> str:
        hashed.append(path.name)
        return honest(path, seen)

    monkeypatch.setattr(places, "sha256_of", counting)
    pull([tiny], directory=tmp_path)
    pull([tiny], directory=tmp_path)
    assert hashed == ["a.bin", "b.bin"]


def test_a_file_that_was_touched_since_is_hashed_again(tiny: Model, tmp_path: Path) -> None:
    pull([tiny], directory=tmp_path)
    os.utime(tmp_path / "tiny/a.bin", (1, 1))
    assert not places.is_known_right(tiny, tmp_path)
    pull([tiny], directory=tmp_path)
    assert places.is_known_right(tiny, tmp_path)


def test_a_damaged_stamp_counts_as_none(tiny: Model, tmp_path: Path) -> None:
    pull([tiny], directory=tmp_path)
    (tmp_path / "tiny/.verified.json").write_text('["not", "a", "stamp"')
    assert is_complete(tiny, tmp_path)
    assert not places.is_known_right(tiny, tmp_path)


# --- the profile that fits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("available_bytes", "profile"),
    [
        pytest.param(4 * GIBIBYTE, "standard", id="four gibibytes are enough for the standard profile"),
        pytest.param(4 * GIBIBYTE - 1, "small", id="less than four gibibytes means the small profile"),
    ],
)
def test_the_default_profile_follows_the_memory(
    available_bytes: int, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "available_memory_bytes", lambda: available_bytes)
    assert default_profile() == profile


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [
        pytest.param("1000000\n", "400000\n", 600_000, id="a container's limit counts, less what it uses"),
        pytest.param("1000\n", "4000\n", 0, id="a container over its limit has nothing left"),
    ],
)
def test_a_containers_limit_counts(limit: str, used: str, expected: int, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(used)
    assert available_memory_bytes(tmp_path) == expected


def test_without_a_containers_limit_the_machine_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("4000\n")
    assert available_memory_bytes(tmp_path) > GIBIBYTE // 4
