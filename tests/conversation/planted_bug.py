"""What a planted bug is: a sentence about what goes wrong, and the line that makes it so. Imported by their lists."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlantedBug:
    """Replace `sound`, which stands once in `file`, by `broken`.

    `noticed_by`: the module of tests (without `test_` and `.py`) that is asked first, to be quick. Where it notices
    nothing, or none is named, the whole suite is asked.
    """

    name: str
    file: str
    sound: str
    broken: str
    noticed_by: str = ""
