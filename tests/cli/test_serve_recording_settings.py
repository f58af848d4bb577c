"""What the environment says of recordings: understood, or refused by the variable's name."""

from __future__ import annotations

import pytest
import typer

from vivavoce.cli.serve_recording import recording_of
from vivavoce.config import RecordingSettings
from vivavoce.services.recordings.service import RecordingChoice


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        pytest.param({}, RecordingSettings(), id="nothing is recorded unless somebody says so"),
        pytest.param({"VIVAVOCE_RECORDING": "off"}, RecordingSettings(), id="off is off"),
        pytest.param(
            {"VIVAVOCE_RECORDING": "on"},
            RecordingSettings(RecordingChoice(enabled=True)),
            id="on is Opus, kept until it is deleted",
        ),
        pytest.param(
            {
                "VIVAVOCE_RECORDING": "on",
                "VIVAVOCE_RECORDING_FORMAT": "wav",
                "VIVAVOCE_RECORDING_RETENTION_DAYS": "0.5",
                "VIVAVOCE_RECORDING_URL": "s3://bucket/calls",
            },
            RecordingSettings(RecordingChoice(True, "wav", 0.5), "s3://bucket/calls"),  # noqa: FBT003
            id="every choice at once",
        ),
    ],
)
def test_the_environment_says_what_is_recorded(environment: dict[str, str], settings: RecordingSettings) -> None:
    assert recording_of(environment) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("VIVAVOCE_RECORDING", "yes", id="neither on nor off"),
        pytest.param("VIVAVOCE_RECORDING_FORMAT", "mp3", id="a format that there is not"),
        pytest.param("VIVAVOCE_RECORDING_RETENTION_DAYS", "0", id="no days at all"),
        pytest.param("VIVAVOCE_RECORDING_RETENTION_DAYS", "nan", id="days that are no number"),
        pytest.param("VIVAVOCE_RECORDING_URL", "ftp://host/", id="a place that is not S3"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(typer.BadParameter, match=name):
        recording_of({name: value})
