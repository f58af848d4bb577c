"""Which profile fits this machine."""

from __future__ import annotations

from pathlib import Path

import psutil  # type: ignore[import-untyped]

STANDARD_PROFILE_BYTES = 4 * 1024**3
"""Memory that must be available for the `standard` profile (it takes up to 3 GB; the rest is room for calls)."""

_CGROUP = Path("/sys/fs/cgroup")


def default_profile() -> str:
    """`standard` where at least 4 GiB of memory are available, else `small`."""
    return "standard" if available_memory_bytes() >= STANDARD_PROFILE_BYTES else "small"


def available_memory_bytes(cgroup: Path = _CGROUP) -> int:
    """Memory that may be used without swapping: the machine's, or the container's where that is less (cgroup v2)."""
    available = int(psutil.virtual_memory().available)
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
    except (OSError, ValueError):
        return available
    return min(available, max(limit - used, 0))
