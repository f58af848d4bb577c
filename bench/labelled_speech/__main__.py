"""Lists the labelled set: every clip, its half, its length and its labels; `--write FOLDER` writes the sound.

python -m bench.labelled_speech [endpointing|interruptions] [--write FOLDER]
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from bench.labelled_speech.endpointing_set import endpoint_cases
from bench.labelled_speech.interruption_set import interruption_cases
from bench.labelled_speech.recipes import Mixed, PauseKind
from vivavoce.engines.ports import HEARING_RATE_HZ
from vivavoce.media.wav import write_wav


def _origin(*, synthetic: bool) -> str:
    return "synthetic" if synthetic else "recorded"


def list_endpointing(folder: Path | None) -> None:
    pauses: Counter[PauseKind] = Counter()
    for case in endpoint_cases():
        clip = case.clip()
        pauses.update(pause.kind for pause in clip.pauses)
        said = ", ".join(f"{one.span.start_ms}+{one.span.length_ms}{_mark(one.kind)}" for one in clip.pauses) or "-"
        where = f"{case.half:8} {_origin(synthetic=case.synthetic):9}"
        print(f"{where} {clip.speech.length_ms / 1000:6.2f} s  {case.group}: {case.name}: not over at {said}")
        _write(folder, case.name, clip)
    print(
        f"{len(endpoint_cases())} clips, pauses: {dict(pauses)}; times in ms since the line opened; ~ between sentences"
    )


def list_interruptions(folder: Path | None) -> None:
    kinds: Counter[str] = Counter()
    for case in interruption_cases():
        clip = case.clip(max(0, case.at_ms))
        kinds[case.kind] += 1
        where = f"{case.half:8} {_origin(synthetic=case.synthetic):9}"
        print(f"{where} {clip.speech.length_ms / 1000:6.2f} s  {case.kind}: {case.name} at {case.at_ms} ms")
        _write(folder, case.name, clip)
    print(f"{len(interruption_cases())} clips: {dict(kinds)}")


def _mark(kind: PauseKind) -> str:
    return "~" if kind is PauseKind.BETWEEN else ""


def _write(folder: Path | None, name: str, clip: Mixed) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_wav(folder / f"{re.sub(r'[^a-zA-Z0-9]+', '-', name).strip('-')}.wav", clip.samples, HEARING_RATE_HZ)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("half", nargs="?", choices=("endpointing", "interruptions"))
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    chosen = parser.parse_args()
    if chosen.half in {None, "endpointing"}:
        list_endpointing(chosen.write)
    if chosen.half in {None, "interruptions"}:
        list_interruptions(chosen.write)


if __name__ == "__main__":
    main()
