"""What the documents say about models is what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vivavoce.engines.catalogue import Model, load_catalogue

ROOT = Path(__file__).resolve().parents[2]
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"
HOW_TO = ROOT / "docs" / "how-to" / "fetch-models.md"


def table_rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(
    "model", [pytest.param(each, id=f"{each.name} is noticed") for each in load_catalogue().models]
)
def test_every_model_stands_in_the_notices_with_its_licence(model: Model) -> None:
    rows = [row for row in table_rows(NOTICES.read_text()) if f"`{model.name}`" in row[0]]
    assert [row[-1] for row in rows] == [model.licence]


def test_every_file_in_this_package_that_others_made_stands_in_the_notices() -> None:
    notices = NOTICES.read_text()
    for file in (ROOT / "src/vivavoce/engines/catalogue/voices").iterdir():
        assert file.name in notices, file.name


def test_the_how_to_names_every_profile_with_its_size() -> None:
    catalogue = load_catalogue()
    told = {row[0].strip("`"): row[1] for row in table_rows(HOW_TO.read_text()) if re.fullmatch(r"[\d.]+ GB", row[1])}
    real = {
        name: f"{sum(model.size_bytes for model in catalogue.profile(name)) / 1e9:.2f} GB"
        for name in catalogue.profiles
    }
    assert told == real
