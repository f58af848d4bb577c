"""The web application: every router in its place, the document of the API, and what surrounds every request.

Built by the composition root before anything else is ready; until it sets `app.state.api`, the routes that need the
store answer 503.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from vivavoce import __version__
from vivavoce.api.body_limit import BodyLimit
from vivavoce.api.envelope import Envelope
from vivavoce.api.error_shapes import MOUNTS, Dialect
from vivavoce.api.errors import exception_handlers, response_of
from vivavoce.api.health import Readiness, health_routes
from vivavoce.api.idempotency import REPLAYED
from vivavoce.api.mcp.endpoint import mcp_route
from vivavoce.api.platform.knowledge_shapes import DOCUMENT_BYTES_MAXIMUM, DOCUMENT_PATHS
from vivavoce.api.problems import Problem
from vivavoce.api.routers import DIALECT_ROUTERS, PLATFORM_ROUTERS, SHARED_ROUTERS
from vivavoce.api.speech.answering import UPLOAD_BYTES_MAXIMUM, UPLOAD_PATHS

BODY_BYTES_MAXIMUM = 1024 * 1024
PREFLIGHT_SECONDS = 600
"""How long a browser may remember what it may ask."""

DOCS_PATH = "/docs"
_ASSETS = "/docs/assets"
_OPENAPI_PATH = "/openapi.json"
_NOBODYS_PATH = "//"
_EXPOSED_HEADERS = (
    "X-Request-Id",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Limit-Requests",
    "X-RateLimit-Remaining-Requests",
    "X-RateLimit-Reset-Requests",
    "Retry-After",
    REPLAYED,
)
_TITLE = "vivavoce"
_DESCRIPTION = """\
Voice agents that you run yourself. One server speaks the APIs of five voice-agent products; an agent made through one \
can be used through all the others. Send an API key as `Authorization: Bearer KEY` or as `x-api-key: KEY`. Calls \
themselves are WebSockets: see the reference of the realtime protocol."""


_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token of the identity provider that the server was told of.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "An API key."},
}


def build_application(
    readiness: Readiness,
    sockets: Sequence[BaseRoute],
    cors_origins: Sequence[str] = (),
    load: Callable[[], Mapping[str, Any]] | None = None,
) -> tuple[FastAPI, ASGIApp]:
    """The application, and it within what surrounds every request; the second is what is to be served.

    `cors_origins`: which pages of other origins may use it; `*` is any. `load`: what `/readyz` tells of a ready server.
    """
    app = FastAPI(
        title=_TITLE,
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # FastAPI's own route builds the document on the event loop: it takes a second
        exception_handlers=exception_handlers(),
        redirect_slashes=False,
    )
    app.router.routes.extend([*health_routes(readiness, load), mcp_route(), *sockets])
    for router in (*SHARED_ROUTERS, *PLATFORM_ROUTERS):
        app.include_router(router)
    for dialect, routers in DIALECT_ROUTERS.items():
        for router in routers:
            if router not in SHARED_ROUTERS:
                app.include_router(router)
        _mount_alone(app, dialect, routers)
    _add_docs(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    limited = BodyLimit(
        app, exempt=_is_exempt, refuse=_too_large, maximum_bytes=BODY_BYTES_MAXIMUM, maximum_of=_upload_maximum
    )
    return app, Envelope(_shared_with(cors_origins, limited))


def build_routes(app: FastAPI) -> None:
    """Build what FastAPI leaves to the first request that passes a router: the models of all its routes.

    Takes a second; call it on a thread.
    """
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": _NOBODYS_PATH, "root_path": "", "headers": []})


def _mount_alone(app: FastAPI, dialect: Dialect, routers: Sequence[APIRouter]) -> None:
    for router in routers:
        app.include_router(router, prefix=MOUNTS[dialect], include_in_schema=False)


def _add_docs(app: FastAPI) -> None:
    """The document, and the interactive page from files of this machine: it works without the internet."""

    @app.get(_OPENAPI_PATH, include_in_schema=False)
    def document() -> JSONResponse:
        return JSONResponse(app.openapi())

    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="docs assets")

    @app.get(DOCS_PATH, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=_OPENAPI_PATH,
            title=_TITLE,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon.png",
        )


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. Fields that are wrong are answered with 400 here, not with the framework's 422."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for path in document.get("paths", {}).values():
            for operation in path.values():
                operation.get("responses", {}).pop("422", None)
        components = document.setdefault("components", {})
        for name in ("HTTPValidationError", "ValidationError"):
            components.get("schemas", {}).pop(name, None)
        components["securitySchemes"] = _SECURITY
        document["security"] = [{name: []} for name in _SECURITY]
        app.openapi_schema = document
    return app.openapi_schema


def _shared_with(origins: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Let pages of these origins read the answers, errors among them (WHATWG Fetch, "CORS protocol").

    Without credentials: keys travel in headers, never in cookies, so a page has only what it was given itself.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=_EXPOSED_HEADERS,
        max_age=PREFLIGHT_SECONDS,
    )


def _is_exempt(_scope: Scope) -> bool:
    return False


def _upload_maximum(scope: Scope) -> int | None:
    path = scope["path"].removeprefix(MOUNTS[Dialect.XAI])
    if scope["method"] != "POST":
        return None
    if path in UPLOAD_PATHS:
        return UPLOAD_BYTES_MAXIMUM
    return DOCUMENT_BYTES_MAXIMUM if DOCUMENT_PATHS.fullmatch(path) else None


def _too_large(scope: Scope) -> Any:
    message = f"The body is larger than {_upload_maximum(scope) or BODY_BYTES_MAXIMUM} bytes."
    return response_of(Problem(413, "request_too_large", message), scope)
