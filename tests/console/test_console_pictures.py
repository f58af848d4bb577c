"""The pictures of the console in the documentation: every page has its four, each is shown, all are small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from bench.console_screenshots import OUT, PLACES, SIZES, THEMES, picture
from bench.palette_png import palette_png, png_size

from vivavoce.console.routes import PAGES

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-the-console.md"
BYTES_MAXIMUM = 2_500_000
PICTURES = {picture(place.name, theme, size): size for place in PLACES for theme in THEMES for size in SIZES}


@pytest.mark.parametrize("name", [place.name for place in PLACES])
def test_a_page_has_four_pictures_of_the_right_size(name: str) -> None:
    for file, size in PICTURES.items():
        if file.startswith(name):
            assert png_size((OUT / file).read_bytes()) == SIZES[size], file


def test_no_page_of_the_console_is_without_pictures() -> None:
    pictured = {place.path.split("?")[0].split("/")[1] for place in PLACES}
    assert {page.split("/")[1] for page in PAGES if page != "/"} == pictured


def test_the_folder_holds_these_pictures_only_and_is_small() -> None:
    files = list(OUT.iterdir())
    assert {file.name for file in files} == set(PICTURES)
    assert sum(file.stat().st_size for file in files) < BYTES_MAXIMUM


def test_the_guide_shows_every_picture() -> None:
    shown = set(re.findall(r"\.\./console/([a-z-]+\.png)", GUIDE.read_text()))
    assert shown == set(PICTURES)


def test_a_picture_of_few_colours_loses_nothing() -> None:
    pixels = np.zeros((3, 5, 3), dtype=np.uint8)
    pixels[1, 2] = (10, 20, 30)
    content = palette_png(pixels)
    assert content.startswith(b"\x89PNG")
    assert png_size(content) == (5, 3)
    assert b"PLTE" + bytes([0, 0, 0, 10, 20, 30]) in content
