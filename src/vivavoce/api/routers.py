"""Every router of the API and whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter

from vivavoce.api.error_shapes import Dialect

SHARED_ROUTERS: Sequence[APIRouter] = ()
"""Paths that two dialects have in common; at the root they are served once."""

PLATFORM_ROUTERS: Sequence[APIRouter] = ()
"""What no other API has."""

DIALECT_ROUTERS: Mapping[Dialect, Sequence[APIRouter]] = {}
"""Each dialect, whole: what is mounted alone under its prefix."""
