"""Runs one call to its end, whatever happens in it. One of the two places that catch everything."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from vivavoce.sessions.session import Session

_log = logging.getLogger(__name__)


async def run_call(session: Session, reading: Coroutine[Any, Any, None]) -> Exception | None:
    """Hold the call until it ends or its transport stops reading; the defect that ended it (logged), if one did."""
    try:
        await session.run(reading)
    except Exception as defect:  # noqa: BLE001 - a boundary: one call's defect must not reach the others
        _log.exception("call %s ended by a defect", session.session_id)
        return defect
    return None
