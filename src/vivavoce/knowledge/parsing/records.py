"""CSV and JSON to lines that say of each value what it is, so that a passage cut out of them still makes sense."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from vivavoce.knowledge.limits import ReadingLimits
from vivavoce.knowledge.parsing.decoding import cleaned, decoded
from vivavoce.knowledge.parsing.kinds import MEDIA_TYPES
from vivavoce.knowledge.passages import DocumentError, DocumentText

_SAMPLE_CHARACTERS = 16_384
_FIELD_CHARACTERS = 1_000_000
_BLANKS = re.compile(r"\s+")


def read_csv(path: Path, name: str, limits: ReadingLimits) -> DocumentText:
    """A line a row, `header: value; header: value`, rows apart by a blank line. The first row is the header."""
    text = decoded(path.read_bytes()).replace("\x00", "")
    delimiter = "\t" if PurePath(name).suffix.lower() == ".tsv" else _delimiter(text)
    csv.field_size_limit(_FIELD_CHARACTERS)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [_line(cell) for cell in next(rows, [])]
        lines = _within((line for row in rows if (line := _labelled(header, row))), limits)
        found = "\n\n".join(lines) or "; ".join(cell for cell in header if cell)
    except csv.Error as error:
        raise DocumentError("damaged", f"the table breaks off: {error}; check its quotes") from error
    return DocumentText(cleaned(found), (), MEDIA_TYPES["csv"])


def read_json(path: Path, name: str, limits: ReadingLimits) -> DocumentText:
    """A line a value, `path.to[0].it: value`; the members of a list apart by a blank line. Also one object a line."""
    text = decoded(path.read_bytes())
    by_line = PurePath(name).suffix.lower() in (".jsonl", ".ndjson")
    try:
        value = [json.loads(line) for line in text.splitlines() if line.strip()] if by_line else json.loads(text)
    except RecursionError as error:
        raise DocumentError("damaged", "the JSON is nested too deeply; make it flatter") from error
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "a number"
        raise DocumentError("damaged", f"this is not valid JSON ({where}); correct it") from error
    return DocumentText(cleaned("\n".join(_within(_lines_of(value), limits))), (), MEDIA_TYPES["json"])


def _labelled(header: list[str], row: list[str]) -> str:
    cells = ((header[at] if at < len(header) else "", _line(cell)) for at, cell in enumerate(row))
    return "; ".join(f"{label}: {cell}" if label else cell for label, cell in cells if cell)


def _delimiter(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text[:_SAMPLE_CHARACTERS], delimiters=",;\t|").delimiter
    except csv.Error:
        return ","


def _line(value: str) -> str:
    return _BLANKS.sub(" ", value).strip()


def _lines_of(value: Any) -> Iterator[str]:
    """Without calling itself, so that no depth can hurt. Before each member of a list of objects: a blank line."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, at = waiting.pop()
        if isinstance(at, dict):
            waiting += [(f"{path}.{_line(key)}" if path else _line(key), at[key]) for key in reversed(at)]
        elif isinstance(at, list):
            waiting += [(f"{path}[{number}]", at[number]) for number in range(len(at) - 1, -1, -1)]
        elif at is not None and at != "":
            text = _line(at) if isinstance(at, str) else json.dumps(at)
            yield f"{path}: {text}" if path else text
        if isinstance(at, dict) and path.endswith("]"):
            yield ""


def _within(lines: Iterator[str], limits: ReadingLimits) -> Iterator[str]:
    """Labels repeat, so a file within its limit can become a text far beyond the other."""
    characters = 0
    for line in lines:
        characters += len(line) + 1
        if characters > limits.text_characters:
            raise DocumentError(
                "too_large", f"it has more than {limits.text_characters:,} characters of text; split it"
            )
        yield line
