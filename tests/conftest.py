"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest


@pytest.fixture(scope="session")
def models_directory() -> Path:
    """Where the weights of the `small` profile lie: one folder a model, as `vivavoce models pull` leaves them."""
    return Path(os.environ.get("VIVAVOCE_MODELS") or Path(platformdirs.user_cache_dir("vivavoce")) / "models")
