"""Serves the console: one page for every address of its own, and hashed files that never change.

The files lie in the package, built and compressed when it was built (`hatch_build.py`); what was asked for once is kept
in memory, at most all of them, two megabytes. Nothing that the page loads comes from elsewhere, and the content
security policy says so to the browser.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

ASSETS = Path(__file__).parent / "assets"
PAGES: dict[str, tuple[str, ...]] = {
    "/": ("agents/AgentsPage", "welcome/WelcomePage"),
    "/agents": ("agents/AgentsPage",),
    "/agents/{rest:path}": ("agent/AgentPage",),
    "/sessions": ("sessions/SessionsPage",),
    "/sessions/{rest:path}": ("session/SessionPage",),
    "/phone-numbers": ("phone-numbers/PhoneNumbersPage",),
    "/api-keys": ("api-keys/ApiKeysPage",),
    "/webhooks": ("webhooks/WebhooksPage",),
    "/usage": ("usage/UsagePage",),
    "/settings": ("settings/SettingsPage",),
    "/welcome": ("welcome/WelcomePage",),
}
"""Addresses of the console, each with the modules that its router shows there: the browser is told of them at once."""

# Styles may be written by scripts (menus and editors place themselves); scripts may come from this server alone.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_PAGE_HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ENTRY = "index.html"
_MANIFEST = "manifest.json"
_NOT_BUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>vivavoce</title></head><body>
<h1>The console is not built</h1><p>The server runs, and its API answers; only the console's files are missing from this
installation. Install the package again with the package index of npm in reach:
<code>VIVAVOCE_CONSOLE=required pip install --editable .</code></p></body></html>"""


def console_routes(assets: Path = ASSETS) -> list[BaseRoute]:
    """The routes, to stand behind all others."""
    built = _Built(assets)

    def page_of(modules: tuple[str, ...]) -> Any:
        async def page(request: Request) -> Response:
            html = await asyncio.to_thread(built.page, modules)
            if html is None:
                return HTMLResponse(_NOT_BUILT, 503, _PAGE_HEADERS)
            headers = {**_PAGE_HEADERS, "etag": f'"{hashlib.sha256(html).hexdigest()[:32]}"'}
            if request.headers.get("if-none-match") == headers["etag"]:
                return Response(status_code=304, headers=headers)
            return HTMLResponse(html, headers=headers)

        return page

    async def asset(request: Request) -> Response:
        compress = "gzip" in request.headers.get("accept-encoding", "")
        found = await built.file(request.path_params["name"], compress=compress)
        return Response("no such file", 404, media_type="text/plain") if found is None else found

    pages: list[BaseRoute] = [
        Route(path, page_of(modules), methods=["GET"], include_in_schema=False) for path, modules in PAGES.items()
    ]
    # One segment and no more: a name cannot lead out of the folder.
    return [*pages, Route("/assets/{name:str}", asset, methods=["GET"], include_in_schema=False)]


@dataclass(slots=True)
class _Built:
    """The files of one build. Their names change with their content; only the page is looked at anew each time."""

    place: Path
    _contents: dict[Path, bytes] = field(default_factory=dict)

    def page(self, modules: tuple[str, ...]) -> bytes | None:
        """The page, with links to the files of these modules; None where nothing is built. Reads files."""
        try:
            html = (self.place / _ENTRY).read_text()
        except OSError:
            return None
        try:
            manifest: dict[str, Any] = json.loads((self.place / _MANIFEST).read_text())
        except (OSError, ValueError):
            manifest = {}
        known = _files_of([_ENTRY], manifest)
        wanted = _files_of([f"src/pages/{module}.tsx" for module in modules], manifest)
        links = "".join(
            f'<link rel="modulepreload" crossorigin href="/{file}">' for file in wanted if file not in known
        )
        return html.replace("</head>", f"{links}</head>").encode()

    async def file(self, name: str, *, compress: bool) -> Response | None:
        """An asset, compressed where it can be and may be; None where there is none of this name."""
        path = self.place / "assets" / name
        if path.suffix == ".gz":
            return None
        headers = {"cache-control": _FOR_EVER, "x-content-type-options": "nosniff", "vary": "accept-encoding"}
        content = await self._content(path.with_name(f"{name}.gz")) if compress else None
        if content is not None:
            headers["content-encoding"] = "gzip"
        else:
            content = await self._content(path)
        if content is None:
            return None
        return Response(
            content, headers=headers, media_type=mimetypes.guess_type(name)[0] or "application/octet-stream"
        )

    async def _content(self, path: Path) -> bytes | None:
        if path not in self._contents:
            try:
                self._contents[path] = await asyncio.to_thread(path.read_bytes)
            except OSError:
                return None
        return self._contents[path]


def _files_of(modules: list[str], manifest: dict[str, Any]) -> list[str]:
    """The scripts of these modules and of all that they import, each once."""
    waiting, seen, files = list(modules), set[str](), list[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in manifest:
            continue
        seen.add(name)
        files.append(manifest[name]["file"])
        waiting += manifest[name].get("imports", [])
    return files
