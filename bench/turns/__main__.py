"""False cut-offs against answer time, and interruptions caught against backchannels and noises ignored.

The product's session, its real ears, a scripted model and voice, in virtual time: the same run gives the same figures
on any machine. The first run judges every clip (minutes) and remembers it; later ones only simulate.

    python -m bench.turns [endpointing|interruptions] [--sweep] [--details] [--json] [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from multiprocessing.util import Finalize
from typing import TypeVar

from bench.labelled_speech.endpointing_set import endpoint_cases
from bench.labelled_speech.interruption_set import interruption_cases
from bench.turns.ears import EngineTimes, RealEars
from bench.turns.endpointing import EndpointOutcome, listen
from bench.turns.interruptions import InterruptionOutcome, interrupt
from bench.turns.patience import scaled_patience
from bench.turns.report import (
    HALVES,
    endpoint_figures,
    interruption_figures,
    print_endpointing,
    print_interruptions,
    right,
)
from vivavoce.app.call_settings import plain_settings
from vivavoce.conversation.settings import (
    Eagerness,
    Interruption,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    TurnDetection,
)

SCALES = (0.5, 0.75, 1.5, 2.0)
FIXED_SILENCES_MS = (300, 500, 700)

Outcome = TypeVar("Outcome", EndpointOutcome, InterruptionOutcome)


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that the whole set is played to."""

    name: str
    settings: Settings
    scale: float = 1.0


def _product(detection: TurnDetection) -> Settings:
    """What a call of the product begins with."""
    return replace(plain_settings(), turn_detection=detection)


def endpointing_trials(*, sweep: bool) -> list[Trial]:
    chosen = [Trial(f"semantic {eagerness}", _product(SemanticTurnDetection(eagerness))) for eagerness in Eagerness]
    chosen += [
        Trial(f"silence {length_ms} ms", _product(ServerVad(silence_duration_ms=length_ms)))
        for length_ms in FIXED_SILENCES_MS
    ]
    if sweep:
        automatic = _product(SemanticTurnDetection())
        chosen += [Trial(f"semantic auto x {scale:g}", automatic, scale) for scale in SCALES]
    return chosen


def interruption_trials() -> list[Trial]:
    product = _product(SemanticTurnDetection())
    return [
        Trial("confirmed", product),
        Trial("at once", replace(product, interruption=Interruption.AT_ONCE)),
    ]


@cache
def _ears() -> RealEars:
    ears = RealEars()
    Finalize(None, ears.close, exitpriority=1)  # at the end of a worker, where `atexit` is not called, and of this one
    return ears


def _listen(trial: Trial, number: int) -> EndpointOutcome:
    with scaled_patience(trial.scale):
        return listen(endpoint_cases()[number], trial.settings, _ears(), EngineTimes())


def _interrupt(trial: Trial, number: int) -> InterruptionOutcome:
    return interrupt(interruption_cases()[number], trial.settings, _ears(), EngineTimes())


def _all(
    play: Callable[[Trial, int], Outcome], trial: Trial, numbers: Sequence[int], pool: ProcessPoolExecutor | None
) -> list[Outcome]:
    mapped = map if pool is None else partial(pool.map, chunksize=8)
    outcomes = list(mapped(partial(play, trial), numbers))
    print(f"{trial.name}: {len(outcomes)} clips", file=sys.stderr, flush=True)
    return outcomes


def endpointing(chosen: argparse.Namespace, pool: ProcessPoolExecutor | None) -> dict[str, list[dict[str, object]]]:
    numbers = range(0, len(endpoint_cases()), chosen.every)
    found = {
        trial.name: _all(_listen, trial, numbers, pool)
        for trial in endpointing_trials(sweep=chosen.sweep)
        if chosen.only in trial.name
    }
    figures: dict[str, list[dict[str, object]]] = {}
    for part, halves in HALVES.items():
        rows = [
            endpoint_figures(name, [one for one in outcomes if one.half in halves]) for name, outcomes in found.items()
        ]
        figures[part] = [asdict(row) for row in rows]
        if not chosen.json:
            print_endpointing(f"End of turn, {part} (ms after the last speech)", rows)
    if chosen.details:
        for name, outcomes in found.items():
            for one in outcomes:
                mark = "cut " if one.cut_pauses else "    "
                over = f"{one.over_ms:.0f}" if one.over_ms is not None else "-"
                print(f"{mark}{name}: {one.name}: over {over} ms, cut {one.cut_pauses}, {' | '.join(one.words)!r}")
    return figures


def interruptions(chosen: argparse.Namespace, pool: ProcessPoolExecutor | None) -> dict[str, list[dict[str, object]]]:
    numbers = range(0, len(interruption_cases()), chosen.every)
    found = {
        trial.name: _all(_interrupt, trial, numbers, pool)
        for trial in interruption_trials()
        if chosen.only in trial.name
    }
    figures: dict[str, list[dict[str, object]]] = {}
    for part, halves in HALVES.items():
        rows = [
            interruption_figures(name, [one for one in outcomes if one.half in halves])
            for name, outcomes in found.items()
        ]
        figures[part] = [asdict(row) for row in rows]
        if not chosen.json:
            print_interruptions(f"Barge-in, {part}: share that was right", rows)
    if chosen.details:
        for name, outcomes in found.items():
            for each in outcomes:
                mark = "     " if right(each) else "WRONG"
                did = "stopped" if each.stopped else f"went on (quiet {each.paused_ms:.0f} ms)"
                when = f"told {each.told_ms}, ducked {each.heard_ducked_ms}, stopped {each.heard_stopped_ms}"
                print(f"{mark} {name}: {each.kind}: {each.name}: {did}, {when}; {' | '.join(each.words)!r}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("endpointing", "interruptions"))
    parser.add_argument("--sweep", action="store_true", help="also scale the patience of `auto`")
    parser.add_argument("--details", action="store_true", help="every clip's outcome")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="only every n-th clip, for a quick look")
    parser.add_argument("--only", default="", help="only settings whose name contains this, such as 'auto'")
    chosen = parser.parse_args()
    parts = {"endpointing": endpointing, "interruptions": interruptions}
    figures = {}
    pool = ProcessPoolExecutor(chosen.workers) if chosen.workers > 1 else None
    try:
        for name in (chosen.part,) if chosen.part else tuple(parts):
            figures[name] = parts[name](chosen, pool)
    finally:
        if pool is not None:
            pool.shutdown()
    if chosen.json:
        print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
