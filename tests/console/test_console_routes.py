"""How the console is served: its page everywhere that is its own, its files for ever, and nothing from elsewhere."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from vivavoce.console.routes import PAGES, console_routes

ROUTER = Path(__file__).resolve().parents[2] / "console" / "src" / "app" / "router.tsx"
PAGE = "<!doctype html><title>the console</title>"
SCRIPT = "export const answer = 42;\n" * 20


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    script = tmp_path / "assets" / "index-abc.js"
    script.write_text(SCRIPT)
    script.with_name("index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "secret.txt").write_text("not for anybody")
    return tmp_path


@pytest.fixture
def browser(built: Path) -> TestClient:
    return TestClient(Starlette(routes=console_routes(built)))


@pytest.mark.parametrize("path", [page.replace("{rest:path}", "agent_01/deep") for page in PAGES])
def test_every_address_of_the_console_shows_its_page(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_may_load_scripts_from_its_own_server_alone(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy


def test_a_browser_that_takes_gzip_gets_the_compressed_file(browser: TestClient) -> None:
    answer = browser.get("/assets/index-abc.js", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == SCRIPT
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]


def test_a_client_that_takes_no_gzip_gets_the_plain_file(browser: TestClient) -> None:
    answer = browser.get("/assets/index-abc.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.text == SCRIPT


@pytest.mark.parametrize(
    "name", ["missing.js", "index-abc.js.gz", "../secret.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt"]
)
def test_a_name_that_is_no_built_file_is_not_found(browser: TestClient, name: str) -> None:
    answer = browser.get(f"/assets/{name}")
    assert answer.status_code == 404
    assert "not for anybody" not in answer.text


def test_a_page_tells_of_its_scripts_before_the_first_one_runs(built: Path) -> None:
    manifest = {
        "index.html": {"file": "assets/index-abc.js", "imports": ["_parts.js"]},
        "_parts.js": {"file": "assets/parts-1.js"},
        "_list.js": {"file": "assets/list-2.js", "imports": ["_parts.js"]},
        "src/pages/usage/UsagePage.tsx": {"file": "assets/usage-3.js", "imports": ["index.html", "_list.js"]},
    }
    (built / "manifest.json").write_text(json.dumps(manifest))
    (built / "index.html").write_text("<html><head></head></html>")
    browser = TestClient(Starlette(routes=console_routes(built)))
    link = '<link rel="modulepreload" crossorigin href="/assets/{}">'
    links = link.format("usage-3.js") + link.format("list-2.js")
    assert browser.get("/usage").text == f"<html><head>{links}</head></html>"
    assert browser.get("/settings").text == "<html><head></head></html>"


def test_the_server_knows_the_pages_of_the_router_and_their_modules() -> None:
    router = ROUTER.read_text()
    shown = re.findall(r'path: "([^"]+)"', router)
    assert {re.sub(r"\$\w+", "{rest:path}", path) for path in shown} == set(PAGES)
    imported = set(re.findall(r'import\("@/pages/([\w/-]+)"\)', router))
    assert imported == {module for modules in PAGES.values() for module in modules}


def test_a_page_that_has_not_changed_is_not_sent_again(browser: TestClient, built: Path) -> None:
    first = browser.get("/agents")
    again = browser.get("/agents", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (built / "index.html").write_text(PAGE + "another build")
    assert browser.get("/agents", headers={"if-none-match": first.headers["etag"]}).text == PAGE + "another build"


def test_a_server_without_a_built_console_says_what_to_do(tmp_path: Path) -> None:
    answer = TestClient(Starlette(routes=console_routes(tmp_path))).get("/agents")
    assert answer.status_code == 503
    assert "pip install" in answer.text
