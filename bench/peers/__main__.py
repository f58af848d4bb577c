"""The product beside LiveKit Agents and Pipecat, with the same stubs and the same recorded speech.

    python -m bench.peers overhead [--rounds 3] [--turns 5]     last speech sample -> first sample of the answer
    python -m bench.peers barge-in [--rounds 3] [--turns 5]     first speech sample -> the agent is silent
    python -m bench.peers sessions [--rounds 1] [--sessions 6]  processor, memory, tasks of each further call

Each framework is installed by the first run into an environment of its own in the user's cache, and runs as a process
of its own, one after the other, round by round. `--json` prints the figures instead of a table.
"""

from __future__ import annotations

import argparse
import asyncio
import json

from bench.peers.clip import CHOICES, Clip, clip
from bench.peers.plan import Plan
from bench.peers.rounds import SYSTEMS, Figures, Row, run_rounds
from bench.peers.tables import barge_in_cells, overhead_cells, print_cells, sessions_cells

SECONDS_A_WORD = {"overhead": 0.08, "barge-in": 0.4, "sessions": 0.12}

OURS_AND_THEIRS = ("vivavoce", "server", "livekit", "pipecat")

ROWS = {
    "overhead": [
        Row("floor", "matched"),
        Row("vivavoce", "plain"),
        Row("vivavoce", "matched"),
        Row("server", "matched"),
        Row("livekit", "matched"),
        Row("livekit", "matched-no-preemption"),
        Row("pipecat", "matched"),
        Row("vivavoce", "defaults"),
        Row("server", "defaults"),
        Row("livekit", "defaults"),
        Row("pipecat", "defaults"),
    ],
    "barge-in": [
        Row("vivavoce", "plain"),
        *(Row(system, how) for how in ("matched", "defaults") for system in OURS_AND_THEIRS),
    ],
    "sessions": [
        Row("floor", "matched"),
        *(Row(system, "matched") for system in OURS_AND_THEIRS),
    ],
}

CAPTIONS = {
    "overhead": "stubs: transcript 100 ms after the speech, first words after 100 ms, first sound after 80 ms. "
    "matched: 300 ms of silence end a turn; plain: and nothing is done ahead. "
    "floor: what the stubs take in the order in which each works.",
    "barge-in": "from the first speech sample given to the agent; matched: 200 ms of speech interrupt, where that can "
    "be told; plain: ours without ducking. The stub tells each word 100 ms after it was spoken, but with --no-interim. "
    "softer: ducked, paused or stopped; silent: paused or stopped.",
    "sessions": "of one process, with the callers (see 'no framework'); CPU in % of a core; the caller speaks, is "
    "answered and hears the answer out, over and over.",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measure", choices=sorted(ROWS))
    parser.add_argument("--rounds", type=int, help="runs of each row (3; sessions: 1)")
    parser.add_argument("--turns", type=int, default=5, help="turns of a run, after one that warms up")
    parser.add_argument("--sessions", type=int, default=6, help="calls at once")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the calls at once are measured")
    parser.add_argument("--only", nargs="+", choices=sorted(SYSTEMS), help="leave out the rest")
    parser.add_argument("--clip", choices=list(CHOICES), help="what the caller says")
    parser.add_argument("--no-interim", action="store_true", help="barge-in: no words while the caller speaks")
    parser.add_argument("--settings", nargs="+", help="matched, defaults, …")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = [
        row
        for row in ROWS[chosen.measure]
        if (not chosen.only or row.system in chosen.only) and (not chosen.settings or row.settings in chosen.settings)
    ]
    spoken = asyncio.run(clip(chosen.clip))
    rounds = chosen.rounds or (1 if chosen.measure == "sessions" else 3)
    told = run_rounds(rows, lambda row: _plan(chosen, row, spoken), rounds)
    if chosen.json:
        print(json.dumps([{"system": row.system, "settings": row.settings, "figures": told[row]} for row in rows]))
    else:
        _print(chosen, spoken, rows, told)


def _plan(chosen: argparse.Namespace, row: Row, spoken: Clip) -> Plan:
    return Plan(
        measure=chosen.measure,
        settings=row.settings,
        turns=chosen.turns,
        sessions=chosen.sessions,
        window_seconds=chosen.seconds,
        seconds_a_word=SECONDS_A_WORD[chosen.measure],
        clip=spoken.sound,
        clip_words=spoken.words,
        speech_frames=spoken.speech_frames,
        interim=chosen.measure == "barge-in" and not chosen.no_interim,
    )


def _print(chosen: argparse.Namespace, spoken: Clip, rows: list[Row], told: dict[Row, list[Figures]]) -> None:
    match chosen.measure:
        case "overhead":
            cells = [overhead_cells(row, told[row]) for row in rows]
        case "barge-in":
            cells = [barge_in_cells(row, told[row]) for row in rows]
        case _:
            cells = [sessions_cells(row, told[row], chosen.sessions) for row in rows]
    said = (
        f"{spoken.name}, {spoken.speech_seconds:.2f} s of speech (its last {spoken.fades_seconds * 1000:.0f} ms fade)"
    )
    print_cells(f"{chosen.measure}: {said}", cells, CAPTIONS[chosen.measure])


if __name__ == "__main__":
    main()
