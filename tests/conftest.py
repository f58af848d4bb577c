"""Fixtures that every test may use, and the rule that nothing is skipped in CI."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings

from vivavoce.engines.catalogue import models_directory as cached_models

settings.register_profile("vivavoce", deadline=None, print_blob=True)
settings.load_profile("vivavoce")

# httpx gives an answer five seconds. A test that names no time of its own asks a server on a machine that may be slow.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.write = 60.0


def pytest_configure() -> None:
    """pytest-asyncio looks for a current event loop, and Python 3.11 makes one for it that nobody closes."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def models_directory() -> Path:
    """Where the weights of the `small` profile lie: one folder a model, as `vivavoce models pull` leaves them."""
    return cached_models()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed run: what it would have shown has not been shown."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
