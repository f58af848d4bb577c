"""Serves the console: one page for every address of its own, and hashed files that never change.

Stateless: the files lie in the package, built and compressed when it was built (`hatch_build.py`). Nothing that the
page loads comes from elsewhere, and the content security policy says so to the browser.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

ASSETS = Path(__file__).parent / "assets"
PAGES = (
    "/",
    "/agents",
    "/agents/{rest:path}",
    "/sessions",
    "/sessions/{rest:path}",
    "/phone-numbers",
    "/api-keys",
    "/webhooks",
    "/usage",
    "/settings",
    "/welcome",
)
"""Addresses of the console; its router shows what belongs there."""

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
_NOT_BUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>vivavoce</title></head><body>
<h1>The console is not built</h1><p>The server runs, and its API answers; only the console's files are missing from this
installation. Install the package again with the package index of npm in reach:
<code>VIVAVOCE_CONSOLE=required pip install --editable .</code></p></body></html>"""


def console_routes(assets: Path = ASSETS) -> list[BaseRoute]:
    """The routes, to stand behind all others."""

    async def page(request: Request) -> Response:
        if not (assets / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, 503, _PAGE_HEADERS)
        return _file(request, assets / "index.html", _PAGE_HEADERS)

    async def asset(request: Request) -> Response:
        wanted = assets / "assets" / request.path_params["name"]
        if wanted.suffix == ".gz" or not wanted.is_file():
            return Response("no such file", 404, media_type="text/plain")
        return _file(request, wanted, {"cache-control": _FOR_EVER, "x-content-type-options": "nosniff"})

    pages: list[BaseRoute] = [Route(path, page, methods=["GET"], include_in_schema=False) for path in PAGES]
    # One segment and no more: a name cannot lead out of the folder.
    return [*pages, Route("/assets/{name:str}", asset, methods=["GET"], include_in_schema=False)]


def _file(request: Request, path: Path, headers: dict[str, str]) -> FileResponse:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    compressed = path.with_name(f"{path.name}.gz")
    if compressed.is_file():
        headers = {**headers, "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            path = compressed
    return FileResponse(path, headers=headers, media_type=media_type)
