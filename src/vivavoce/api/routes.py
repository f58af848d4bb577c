"""Every HTTP route of the server, for the composition root to serve."""

from __future__ import annotations

from starlette.routing import BaseRoute

from vivavoce.api.health import Readiness, health_routes


def build_routes(readiness: Readiness) -> list[BaseRoute]:
    """Serve these with `exception_handlers()` of `vivavoce.api.errors`, so that every error has the same shape."""
    return [*health_routes(readiness)]
