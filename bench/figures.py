"""Medians, 95th percentiles and tables, as every benchmark prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank: the smallest value that at least `percent` of the values do not exceed. NaN for no values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def print_stages(title: str, stages: dict[str, list[float]]) -> None:
    """One row a stage: count, p50, p95, worst, in milliseconds."""
    table = Table(title=title, title_justify="left")
    table.add_column("stage")
    for heading in ("n", "p50 ms", "p95 ms", "max ms"):
        table.add_column(heading, justify="right")
    for name, values in stages.items():
        figures = (percentile(values, 50), percentile(values, 95), max(values, default=math.nan))
        table.add_row(name, str(len(values)), *(f"{value:.0f}" for value in figures))
    Console().print(table)
