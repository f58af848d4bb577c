"""Reads abbreviations, Roman numerals and symbols aloud, and cleans what no voice can say.

Pure text functions, the first and last steps of the normaliser.
"""

from __future__ import annotations

import re
import unicodedata

from vivavoce.engines.spoken_text.abbreviations import (
    BEFORE_NUMBER,
    NEVER_LAST,
    PERHAPS_LAST,
    SENTENCE_STARTERS,
    STREETS,
    TITLES,
)
from vivavoce.engines.spoken_text.number_words import cardinal, ordinal, roman

_PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "‛": "'",
        "ʼ": "'",
        "`": "'",
        "´": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "−": "-",
        "‐": "-",
        "‑": "-",
        "‒": "-",
        "―": "—",
        "…": "...",
        "。": ". ",
        "、": ", ",
        "｡": ". ",
        "¼": " 1/4",
        "½": " 1/2",
        "¾": " 3/4",
        "⅓": " 1/3",
        "⅔": " 2/3",
        "⅛": " 1/8",
        "™": "",
        "®": "",
        "©": "",
        "℠": "",
        "μ": "µ",
        "№": "No. ",
        "⁄": "/",
        "•": ", ",
        "·": " ",
    }
)
_SUPERSCRIPT = re.compile(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_COUNTED = (
    "Chapter|Part|Section|Volume|Act|Scene|Phase|Type|Level|Book|Episode|Article|Title|Class|Grade|Stage|Tier|Appendix|"
    "World War|Super Bowl|Rocky|Apollo|Mark"
)
_RULERS = (
    "Henry|George|Louis|Elizabeth|Charles|William|Edward|Richard|James|Mary|John Paul|Benedict|Pius|Philip|Napoleon|"
    "Catherine|Ivan|Peter|Alexander|Frederick|Nicholas|Leo|Gregory|Francis|Ferdinand|Ramses|Leopold|Albert|Victoria"
)
_COUNTED_ROMAN = re.compile(rf"\b({_COUNTED}) ({_ROMAN})(?![\w'])")
_RULER_ROMAN = re.compile(rf"\b({_RULERS}) (?!I\b(?!\s*[.,;:!?)]|\s+of\b|\s*$))({_ROMAN})(?![\w'])")
_TITLE = re.compile(rf"\b({'|'.join(TITLES)})(?:\.\s*|\s+)(?=[A-Z])(?!(?:{'|'.join(TITLES)})\b\.?\s*$)")
_UNAMBIGUOUS_TITLE = re.compile(r"\b(Dr|Mr|Mrs|Ms|Prof)\.(?=\s+[a-z\"'])")
_COMPASS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_COMPASS_STREET = re.compile(rf"\b([NSEW])\. (?=[A-Z][a-z]+ (?:{'|'.join(STREETS)})\b)")
_STREET = re.compile(rf"(?<=[a-z\d] )({'|'.join(STREETS)})\b(\.?)(?!['\w])")
_BEFORE_NUMBER = re.compile(rf"\b({'|'.join(BEFORE_NUMBER)})\.\s?(?=#?\d)", re.IGNORECASE)
_FIXED = {**NEVER_LAST, **PERHAPS_LAST}
_ABBREVIATION = re.compile(
    rf"(?<![\w.])({'|'.join(re.escape(key) for key in sorted(_FIXED, key=len, reverse=True))})(?!\w)"
)
_DOTTED_CAPITALS = re.compile(r"(?<![\w.])((?:[A-Z]\.){2,})([A-Z]\b)?")
_HALF_DAY = re.compile(r"(?<![\w.])([ap])\.m\.?(?!\w)", re.IGNORECASE)
_NEXT_WORD = re.compile(r"[\"')\]]*\s+[\"'(\[]*([A-Z][\w']*)")
_SPACED_WORDS = (
    (re.compile(r"(?<=\d)\s?[x×*]\s?(?=\d)"), " times "),
    (re.compile(r"(?<=\d)\s?\^\s?2(?!\d)"), " squared"),
    (re.compile(r"(?<=\w)\^2(?!\d)"), " squared"),
    (re.compile(r"(?<=\w)\^3(?!\d)"), " cubed"),
    (re.compile(r"(?<=\w)\s?\^\s?(?=-?\w)"), " to the power of "),
    (re.compile(r"\band/or\b"), "and or"),
    (re.compile(r"\b([Hh]e|[Hh]is|[Hh]im)/(she|her|hers)\b"), r"\1 or \2"),
    (re.compile(r"\b([CF])#"), r"\1 sharp"),
    (re.compile(r"\bkm/h\b"), "kilometers per hour"),
    (re.compile(r"(?<=[a-z])\.(?=(?:js|ts|py|io|net|md|txt|pdf|csv|json)\b)"), " dot "),
    (re.compile(r"(?<=[a-z]{2}[.])(?=[A-Z])"), " "),
    (re.compile(r"(?<=[^\W\d_][,;:!?])(?=[^\W\d_])"), " "),
    (re.compile(r"\bN/A\b|\bn/a\b"), "not applicable"),
    (re.compile(r"(?<=[a-z])/(?=(?:year|month|week|day|hour|minute|second|night|person|user)\b)"), " per "),
    (re.compile(r"(?<=[a-z])/(?:h|hr)\b"), " per hour"),
    (re.compile(r"(?<=[a-z])/(?:mo)\b"), " per month"),
    (re.compile(r"(?<=[a-z])/(?:y|yr)\b"), " per year"),
    (re.compile(r"(?<=[a-z])/(?:wk)\b"), " per week"),
    (re.compile(r"#(?=\d)"), "number "),
    (re.compile(r"#(?=[^\W\d])"), "hashtag "),
    (re.compile(r"(?<!\w)@(?=\w)"), "at "),
    (re.compile(r"(?<!\w)~\s?(?=\d)"), "about "),
    (re.compile(r"(?<![\w.)])\+(?=\d)"), "plus "),
    (re.compile(r"(?<=\w)\+(?=\s|$|[.,;:!?])"), " plus"),
    (re.compile(r"<="), " is at most "),
    (re.compile(r">="), " is at least "),
    (re.compile(r"!=|<>"), " is not equal to "),
    (re.compile(r"={2,}"), "="),
    (re.compile(r"[-=]+>"), ", "),
    (re.compile(r"(?<=\w)\s*<\s*(?=\w)"), " is less than "),
    (re.compile(r"(?<=\w)\s*>\s*(?=\w)"), " is greater than "),
    (re.compile(r"(?<=\w)\s*\|\s*(?=\w)"), ", "),
    (re.compile(r"(?<=\w)/(?=\w)"), " slash "),
)
_SYMBOL_WORDS = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "@": "at",
    "%": "percent",
    "°": "degrees",
    "±": "plus or minus",
    "×": "times",
    "÷": "divided by",
    "≤": "is at most",
    "≥": "is at least",
    "≠": "is not equal to",
    "≈": "about",
    "§": "section",
    "µ": "micro",
    "π": "pi",
    "∞": "infinity",
    "√": "the square root of",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
}
_SYMBOL = re.compile(f"[{re.escape(''.join(_SYMBOL_WORDS))}]")
_LONE_ACCENT = re.compile(r"(?<![^\W\d_\u0300-\u036f])[\u0300-\u036f]+")
_KEPT_MARKS = frozenset(".,!?;:'()-–—")
_WIDE = str.maketrans("！？，：；（）", "!?,:;()")
_BRACKETS = str.maketrans("[]{}", "()()")
_TIDY = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\([^\w()]*\)"), " "),
    (re.compile(r"(?<![^\W_])'(?![^\W_])"), " "),
    (re.compile(r"\s+"), " "),
    (re.compile(r"\s+(?=[.,!?;:)])"), ""),
    (re.compile(r"(?<=\()\s+"), ""),
    (re.compile(r"\.{4,}|\.{2}(?!\.)(?<!\.\.\.)"), "..."),
    (re.compile(r"!+(?=\?)|(?<=\?)[!?]+|(?<=!)!+"), ""),
    (re.compile(r"[,;:]+(?=[.!?,;:])"), ""),
    (re.compile(r"(?<=[.!?])[,;:]+"), ""),
    (re.compile(r"(?<=[!?])\.+"), ""),
    (re.compile(r"-{2,}|(?:\s-)+(?=\s)"), " —"),
    (re.compile(r"[–—](?:\s*[–—-])+"), "—"),
    (re.compile(r"(?:(?<=\s)|\A)-+(?=\w)"), ""),
    (re.compile(r"(?<=\w)-+(?=\s|\Z|[.,!?;:)])"), ""),
    (re.compile(r"\A[\s.,;:!?)–—-]+"), ""),
    (re.compile(r"[\s–—(-]+\Z"), ""),
)


def plain_characters(text: str) -> str:
    """One form for each character: straight quotes, ASCII digits, no control characters, no emoji."""
    text = text.translate(_PLAIN).translate(_WIDE)
    if not text.isascii():
        text = _SUPERSCRIPT.sub(r"^\g<0>", text)
        text = "".join(_ascii_digit(character) for character in unicodedata.normalize("NFKC", text))
        text = text.translate(_PLAIN)
    kept = "".join(character if _is_text(character) else " " for character in text)
    return kept if kept.isascii() else _LONE_ACCENT.sub("", kept)


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if unicodedata.category(character) == "Nd" else character


def _is_text(character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    category = unicodedata.category(character)
    return category[0] in "LMNP" or category in {"Sc", "Sm"} or character in _SYMBOL_WORDS


def read_abbreviations(text: str) -> str:
    """'Dr. Lee lives on Main St.' -> 'Doctor Lee lives on Main Street.'; 'U.S.' -> 'US'; 'Henry VIII'."""
    text = _COUNTED_ROMAN.sub(lambda m: f"{m[1]} {cardinal(roman(m[2]))}", text)
    text = _RULER_ROMAN.sub(lambda m: f"{m[1]} the {ordinal(roman(m[2]))}", text)
    text = _BEFORE_NUMBER.sub(lambda m: f"{_like(m[1], BEFORE_NUMBER[m[1].lower()])} ", text)
    text = _COMPASS_STREET.sub(lambda m: f"{_COMPASS[m[1]]} ", text)
    text = _STREET.sub(_street, text)
    text = _TITLE.sub(lambda m: f"{TITLES[m[1]]} ", text)
    text = _UNAMBIGUOUS_TITLE.sub(lambda m: TITLES[m[1]], text)
    text = _ABBREVIATION.sub(lambda m: f"{_FIXED[m[1]]}{_stop_if_closing(m)}", text)
    text = _HALF_DAY.sub(lambda m: f"{m[1].upper()}M{_stop_if_closing(m)}", text)
    return _DOTTED_CAPITALS.sub(
        lambda m: f"{m[1].replace('.', '')}{m[2] or ''}{'' if m[2] else _stop_if_closing(m)}", text
    )


def _like(pattern: str, word: str) -> str:
    return word.capitalize() if pattern[0].isupper() else word


def _street(match: re.Match[str]) -> str:
    """A title where a name follows ('Main street. St. Mary'): only a street at the end of a phrase is one."""
    following = match.string[match.end() :]
    if re.match(r"\s+[A-Z]", following) and not _closes_sentence(following):
        return match.group()
    stop = "." if match[2] and _closes_sentence(following) else ""
    return f"{STREETS[match[1]]}{stop}"


def _stop_if_closing(match: re.Match[str]) -> str:
    if not match.group().endswith(".") or match[1] in NEVER_LAST:
        return ""
    return "." if _closes_sentence(match.string[match.end() :]) else ""


def _closes_sentence(following: str) -> bool:
    if not following.strip("\"')] "):
        return True
    next_word = _NEXT_WORD.match(following)
    return next_word is not None and next_word[1].lower() in SENTENCE_STARTERS


def read_symbols(text: str) -> str:
    """'R&D' -> 'R and D', 'x = 2' -> 'x equals 2', '#vivavoce' -> 'hashtag vivavoce'."""
    for pattern, words in _SPACED_WORDS:
        text = pattern.sub(words, text)
    return _SYMBOL.sub(lambda match: f" {_SYMBOL_WORDS[match.group()]} ", text)


def tidy(text: str) -> str:
    """Only letters and punctuation, single spaces; '' where nothing can be said."""
    text = text.translate(_BRACKETS)
    text = "".join(c if c.isalpha() or c in _KEPT_MARKS or unicodedata.combining(c) else " " for c in text)
    before = None
    while before != text:
        before = text
        for pattern, replacement in _TIDY:
            text = pattern.sub(replacement, text)
    return text if any(character.isalpha() for character in text) else ""
