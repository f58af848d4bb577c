"""Many generated client events against live sessions: no crash, no hang, nothing that a strict client rejects.

The bounded run is part of the tests (`tests/transports/test_fuzzed_sessions.py`); this one takes as many events as
asked, in sessions of 500, in virtual time, and watches the memory. A run that finds something ends with status 1.

    python -m bench.fuzzed_events [--events 200000] [--seed 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
import time

import looptime
import psutil  # type: ignore[import-untyped]
from tests.transports.client_event_fuzzing import Found, fuzz

SESSION_EVENTS = 500
FLAT_MB = 32.0
"""How much more may be resident at the end than after the first tenth."""


def resident_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1000)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    found, begun, settled = Found(), time.monotonic(), 0.0
    sessions = max(1, chosen.events // SESSION_EVENTS)
    for number in range(sessions):
        with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
            runner.run(fuzz(chosen.seed + number, SESSION_EVENTS, found))
        if number == sessions // 10:
            settled = resident_mb()
        if number % max(1, sessions // 5) == 0:
            print(f"after {found.sent} events: {resident_mb():.1f} MB resident", flush=True)
    grown = resident_mb() - settled
    print(f"{found.sent} events in {sessions} sessions took {time.monotonic() - begun:.0f} s; none crashed, none hung")
    print(f"received: {sum(found.received.values())} events of {len(found.received)} types")
    print(f"errors told: {dict(found.errors.most_common())}")
    print(f"memory since the first tenth: {grown:+.1f} MB; complaints of strict clients: {len(found.complaints)}")
    for complaint in found.complaints[:10]:
        print(complaint)
    if found.complaints or grown > FLAT_MB:
        sys.exit(1)


if __name__ == "__main__":
    main()
