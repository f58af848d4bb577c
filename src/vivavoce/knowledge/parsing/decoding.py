"""Bytes to text that every database and every model can take. Pure."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
TITLE_CHARACTERS = 200


def decoded(data: bytes, declared: str | None = None) -> str:
    """The text: by its mark, as UTF-8, in the encoding that it declares, else as Windows-1252. Never fails."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_known(declared) or "cp1252", "replace")


def cleaned(text: str) -> str:
    """Without NULs, other control characters and half characters; lines end in a line feed, few of them blank."""
    return _BLANK_LINES.sub("\n\n", _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))).strip("\n")


def title_of(text: str | None) -> str | None:
    """One line, not too long; None when nothing is left."""
    line = " ".join(cleaned(text or "").split())
    return line[:TITLE_CHARACTERS] or None


def _known(declared: str | None) -> str | None:
    try:
        found = codecs.lookup(declared) if declared else None
    except LookupError:
        return None
    return found.name if found is not None and found._is_text_encoding else None
