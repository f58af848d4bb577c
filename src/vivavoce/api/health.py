"""Whether the process lives and whether it can take calls. Needs no key: supervisors and load balancers ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce import __version__

_FRESH = {"cache-control": "no-store"}


class Readiness(Protocol):
    """Knows what the server still waits for before it can take calls."""

    def waiting_for(self) -> Sequence[str]:
        """Names a person understands, such as `speech-to-text`; empty when the server is ready."""
        ...


def health_routes(readiness: Readiness, load: Callable[[], Mapping[str, Any]] | None = None) -> list[Route]:
    """`GET /healthz`: always 200. `GET /readyz`: 200 with what `load` tells, or 503 with what is not there yet."""

    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__}, headers=_FRESH)

    async def ready(_request: Request) -> Response:
        waiting_for = list(readiness.waiting_for())
        if waiting_for:
            starting = {"status": "starting", "waiting_for": waiting_for}
            return JSONResponse(starting, 503, headers=_FRESH | {"retry-after": "1"})
        told = {} if load is None else load()
        return JSONResponse({"status": "ready", **told}, headers=_FRESH)

    return [Route("/healthz", alive), Route("/readyz", ready)]
