"""Abbreviations of written English: how each is read aloud, and whether its full stop can end a sentence.

Constant tables and one pure function; they live as long as the process. Owned by `spoken_text`: the sentence cutter
asks about the stop, the normaliser about the words.
"""

from __future__ import annotations

import re

TITLES = {
    "Dr": "Doctor",
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Prof": "Professor",
    "St": "Saint",
    "Mt": "Mount",
    "Ft": "Fort",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Gen": "General",
    "Col": "Colonel",
    "Maj": "Major",
    "Capt": "Captain",
    "Cpt": "Captain",
    "Lt": "Lieutenant",
    "Sgt": "Sergeant",
    "Messrs": "Messieurs",
}
"""Stand before a name, so their full stop never ends a sentence. Read so before a capital letter."""

BEFORE_NUMBER = {
    "no": "number",
    "nos": "numbers",
    "vol": "volume",
    "ch": "chapter",
    "fig": "figure",
    "sec": "section",
    "art": "article",
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "apt": "apartment",
    "ext": "extension",
    "tel": "telephone",
    "rm": "room",
    "ste": "suite",
}
"""Abbreviations only where a number follows ('No. 5' but 'No. Five of them left.')."""

STREETS = {
    "St": "Street",
    "Dr": "Drive",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Sq": "Square",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
}
"""Read so after a capitalised word ('Main St.')."""

NEVER_LAST = {
    "e.g.": "for example",
    "i.e.": "that is",
    "eg.": "for example",
    "ie.": "that is",
    "vs.": "versus",
    "cf.": "compare",
    "ca.": "circa",
    "Est.": "Established",
    "viz.": "namely",
    "approx.": "approximately",
    "incl.": "including",
    "excl.": "excluding",
    "esp.": "especially",
    "c/o": "care of",
    "w/o": "without",
    "w/": "with",
}
"""Stand in the middle of a sentence; the full stop never ends one."""

PERHAPS_LAST = {
    "etc.": "et cetera",
    "a.k.a.": "also known as",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Corp.": "Corporation",
    "Co.": "Company",
    "Dept.": "Department",
    "dept.": "department",
    "Assn.": "Association",
    "Univ.": "University",
    "Bros.": "Brothers",
    "min.": "minimum",
    "max.": "maximum",
    "avg.": "average",
    "hrs.": "hours",
    "mins.": "minutes",
    "yrs.": "years",
    "lbs.": "pounds",
    "Ph.D.": "PhD",
    "Ph.D": "PhD",
}
"""May also close a sentence ('and so on, etc. Then …')."""

MONTHS = {
    "Jan": "January",
    "Feb": "February",
    "Mar": "March",
    "Apr": "April",
    "May": "May",
    "Jun": "June",
    "Jul": "July",
    "Aug": "August",
    "Sep": "September",
    "Sept": "September",
    "Oct": "October",
    "Nov": "November",
    "Dec": "December",
}
MONTH_NAMES = tuple(dict.fromkeys(MONTHS.values()))
WEEKDAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}

_STARTER_WORDS = (
    "a after all also an and any are as at before but can could do does for from he her here his how however i if "
    "i'd i'll i'm i've in is it it's its let let's may maybe my next no not now of on once one or our please she "
    "since so sorry sure thank thanks that that's the their then there there's these they they're this those to "
    "today tomorrow until we we'll we're we've what when where which while who why will would yes yet you you'll "
    "you're your"
)
SENTENCE_STARTERS = frozenset(_STARTER_WORDS.split())
"""Capitalised, these words most likely begin a sentence rather than a name."""

_NEVER_FINAL = {title.lower() for title in TITLES} | {key.rstrip(".") for key in NEVER_LAST} | {"al"}
_MAYBE_FINAL = (
    {key.rstrip(".").lower() for key in PERHAPS_LAST}
    | {key.lower() for key in STREETS}
    | {key.lower() for key in MONTHS if key != "May"}
    | {key.lower() for key in WEEKDAYS if key not in {"Sat", "Sun"}}
)
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]", re.UNICODE)


def stop_belongs_to(word: str) -> str:
    """What the full stop after `word` (without the stop) is: 'word', 'perhaps', 'number' or 'sentence'.

    'word': part of an abbreviation that something follows. 'perhaps': part of an abbreviation that may close a
    sentence. 'number': part of an abbreviation if a number follows. 'sentence': an ordinary full stop.
    """
    lowered = word.lower()
    if word == "EST":
        return "sentence"
    if lowered in _NEVER_FINAL and lowered not in {"st", "dr", "ft", "mt"}:
        return "word"
    if lowered in {"st", "dr", "ft", "mt"}:
        return "perhaps"
    if lowered in BEFORE_NUMBER:
        return "number"
    if lowered in _MAYBE_FINAL or _DOTTED.fullmatch(word) or (len(word) == 1 and word.isalpha()):
        return "perhaps"
    return "sentence"
