"""The figures of `bench.turns`: shares of what was right, and the times it took. Pure; printing is at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.figures import percentile
from bench.labelled_speech.interruption_set import MUST_GO_ON, MUST_STOP, Kind
from bench.labelled_speech.recipes import Half
from bench.turns.endpointing import EndpointOutcome
from bench.turns.interruptions import InterruptionOutcome


@dataclass(frozen=True, slots=True)
class EndpointFigures:
    """`cut_turns`: share of the utterances that were cut inside a sentence; `cut_pauses`: share of such pauses.

    `hasty_pauses`: share of the pauses between sentences in which the turn was over. `late_turns`: never over.
    """

    setting: str
    turns: int
    cut_turns: float
    cut_pauses: float
    hasty_pauses: float
    never_over: int
    over_p50_ms: float
    over_p95_ms: float
    over_mean_ms: float
    answer_p50_ms: float
    answer_p95_ms: float


def share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else math.nan


def endpoint_figures(setting: str, outcomes: Sequence[EndpointOutcome]) -> EndpointFigures:
    over = [one.over_ms for one in outcomes if one.over_ms is not None]
    answers = [one.answer_ms for one in outcomes if one.answer_ms is not None]
    return EndpointFigures(
        setting,
        len(outcomes),
        share(sum(bool(one.cut_pauses) for one in outcomes), len(outcomes)),
        share(sum(len(one.cut_pauses) for one in outcomes), sum(one.inside_pauses for one in outcomes)),
        share(sum(len(one.hasty_pauses) for one in outcomes), sum(one.between_pauses for one in outcomes)),
        len(outcomes) - len(over),
        round(percentile(over, 50)),
        round(percentile(over, 95)),
        round(sum(over) / len(over)) if over else math.nan,
        round(percentile(answers, 50)) if answers else math.nan,
        round(percentile(answers, 95)) if answers else math.nan,
    )


@dataclass(frozen=True, slots=True)
class InterruptionFigures:
    """Shares that were right: `caught` interruptions, `answered` answers, and by kind what the agent ignored."""

    setting: str
    caught: float
    ignored: float
    answered: float
    by_kind: dict[str, float]
    heard_ducked_p50_ms: float
    heard_ducked_p95_ms: float
    heard_stopped_p50_ms: float
    heard_stopped_p95_ms: float
    sent_ducked_p50_ms: float
    sent_ducked_p95_ms: float
    sent_stopped_p50_ms: float
    sent_stopped_p95_ms: float
    quiet_when_ignored_p50_ms: float
    quiet_when_ignored_p95_ms: float
    lost_when_ignored_max_ms: float


def right(one: InterruptionOutcome) -> bool:
    if one.kind in MUST_STOP:
        return one.stopped
    return not one.stopped if one.kind in MUST_GO_ON else one.answered


def interruption_figures(setting: str, outcomes: Sequence[InterruptionOutcome]) -> InterruptionFigures:
    stopping = [one for one in outcomes if one.kind in MUST_STOP and one.stopped]
    ignored = [one for one in outcomes if one.kind in MUST_GO_ON and not one.stopped]
    return InterruptionFigures(
        setting,
        _right_share(one for one in outcomes if one.kind in MUST_STOP),
        _right_share(one for one in outcomes if one.kind in MUST_GO_ON and one.kind is not Kind.ECHO),
        _right_share(one for one in outcomes if one.kind is Kind.ANSWER),
        {kind.value: _right_share(one for one in outcomes if one.kind is kind) for kind in Kind},
        *_p50_p95([one.heard_ducked_ms for one in stopping]),
        *_p50_p95([one.heard_stopped_ms for one in stopping]),
        *_p50_p95([one.sent_ducked_ms for one in stopping]),
        *_p50_p95([one.sent_stopped_ms for one in stopping]),
        *_p50_p95([one.paused_ms for one in ignored if one.kind is not Kind.ECHO]),
        max((one.lost_ms for one in ignored), default=0.0),
    )


def _right_share(outcomes: Iterable[InterruptionOutcome]) -> float:
    them = list(outcomes)
    return share(sum(right(one) for one in them), len(them))


def _p50_p95(values: Iterable[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    return percentile(known, 50), percentile(known, 95)


def print_endpointing(title: str, rows: Sequence[EndpointFigures]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("setting", "turns", "cut turns", "cut pauses", "hasty", "never", "over p50", "p95", "mean"):
        table.add_column(heading, justify="left" if heading == "setting" else "right")
    for heading in ("answer p50", "p95"):
        table.add_column(heading, justify="right")
    for row in rows:
        shares = (f"{value:.1%}" for value in (row.cut_turns, row.cut_pauses, row.hasty_pauses))
        times = (row.over_p50_ms, row.over_p95_ms, row.over_mean_ms, row.answer_p50_ms, row.answer_p95_ms)
        table.add_row(row.setting, str(row.turns), *shares, str(row.never_over), *(f"{value:.0f}" for value in times))
    Console(width=140).print(table)


def print_interruptions(title: str, rows: Sequence[InterruptionFigures]) -> None:
    shares = Table(title=title, title_justify="left")
    shares.add_column("setting")
    for heading in ("caught", "ignored", *(kind.value for kind in Kind if kind is not Kind.INTERRUPTION)):
        shares.add_column(heading, justify="right")
    for row in rows:
        kinds = [row.by_kind[kind.value] for kind in Kind if kind is not Kind.INTERRUPTION]
        shares.add_row(row.setting, *(f"{value:.0%}" for value in (row.caught, row.ignored, *kinds)))
    times = Table(title="ms after the first sound, p50 / p95", title_justify="left")
    times.add_column("setting")
    for heading in ("ducked (heard)", "stopped (heard)", "ducked (sent)", "stopped (sent)", "quiet, ignored", "lost"):
        times.add_column(heading, justify="right")
    for row in rows:
        pairs = (
            (row.heard_ducked_p50_ms, row.heard_ducked_p95_ms),
            (row.heard_stopped_p50_ms, row.heard_stopped_p95_ms),
            (row.sent_ducked_p50_ms, row.sent_ducked_p95_ms),
            (row.sent_stopped_p50_ms, row.sent_stopped_p95_ms),
            (row.quiet_when_ignored_p50_ms, row.quiet_when_ignored_p95_ms),
        )
        lost = f"{row.lost_when_ignored_max_ms:.0f}"
        times.add_row(row.setting, *(f"{middle:.0f} / {late:.0f}" for middle, late in pairs), lost)
    Console(width=140).print(shares, times)


HALVES: dict[str, frozenset[Half]] = {
    "all": frozenset(Half),
    "tune": frozenset({Half.TUNE}),
    "held out": frozenset({Half.HELD_OUT}),
}
"""The parts of the set that figures are given for."""
