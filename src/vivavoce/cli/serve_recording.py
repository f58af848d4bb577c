"""What `vivavoce serve` records and where it keeps that, as the environment says. Pure but for what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import typer

from vivavoce.config import RecordingSettings
from vivavoce.media.stereo_encoding import RecordingFormat
from vivavoce.services.recordings.service import RecordingChoice

SWITCH_VARIABLE = "VIVAVOCE_RECORDING"
FORMAT_VARIABLE = "VIVAVOCE_RECORDING_FORMAT"
RETENTION_VARIABLE = "VIVAVOCE_RECORDING_RETENTION_DAYS"
URL_VARIABLE = "VIVAVOCE_RECORDING_URL"

_SWITCH = {"": False, "off": False, "on": True}
_FORMATS: tuple[RecordingFormat, ...] = get_args(RecordingFormat)


def recording_of(environment: Mapping[str, str]) -> RecordingSettings:
    """Raises `BadParameter` for what is none of the choices."""
    switch, wanted, days, url = (
        environment.get(name, "").strip()
        for name in (SWITCH_VARIABLE, FORMAT_VARIABLE, RETENTION_VARIABLE, URL_VARIABLE)
    )
    if switch not in _SWITCH:
        raise typer.BadParameter(f"{SWITCH_VARIABLE} must be on or off, not {switch!r}")
    chosen = next((each for each in _FORMATS if each == (wanted or "opus")), None)
    if chosen is None:
        raise typer.BadParameter(f"{FORMAT_VARIABLE} must be one of {', '.join(_FORMATS)}, not {wanted!r}")
    if url and not url.startswith("s3://"):
        raise typer.BadParameter(f"{URL_VARIABLE} must begin with s3://, as in s3://BUCKET/PREFIX")
    return RecordingSettings(RecordingChoice(_SWITCH[switch], chosen, _days(days)), url or None)


def _days(written: str) -> float | None:
    if not written:
        return None
    try:
        days = float(written)
    except ValueError:
        days = -1.0
    if not 0 < days < 36_500:
        raise typer.BadParameter(f"{RETENTION_VARIABLE} must be a number of days above 0, not {written!r}")
    return days
