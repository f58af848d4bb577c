"""Reads dates and times of day aloud: 'Nov 21 at 14:05' -> 'November twenty first at fourteen oh five'.

Pure text functions, one step of the normaliser.
"""

from __future__ import annotations

import re

from vivavoce.engines.spoken_text.abbreviations import MONTH_NAMES, MONTHS, WEEKDAYS
from vivavoce.engines.spoken_text.number_words import cardinal, decade, ordinal, year

_MONTH = "|".join(sorted({*MONTHS, *MONTH_NAMES}, key=len, reverse=True))
_NOT_NUMBER = r"(?<![\w.,:/$€£-])"
_DATE_TIME = re.compile(r"\b(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?(?![\d:])")
_ISO_DATE = re.compile(r"(?<![\w.-])(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\w-])")
_SHORT_DATE = re.compile(rf"{_NOT_NUMBER}(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}})(?![\w/-]|\.\d)")
_MONTH_DAY = re.compile(
    rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?![\w:%/]|[.,]\d)(?:\s*[-–]\s*(\d{{1,2}})(?![\w:]))?(?:,?\s+(\d{{4}})(?![\w,]))?"
)
_DAY_MONTH = re.compile(
    rf"(?:\b([Tt]he)\s+)?(?<![\w.,:/$€£-])(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b\.?(?:,?\s+(\d{{4}})(?!\w))?"
)
_MONTH_YEAR = re.compile(rf"\b({_MONTH})\.?,?\s+(?=\d{{4}}\b)")
_WEEKDAY = re.compile(
    rf"\b({'|'.join(WEEKDAYS)})\.?(?=,?\s+(?:{_MONTH}|\d{{1,2}}\b))|\b(Mon|Tues|Wed|Thurs|Thur|Fri)\.(?=\W)"
)
_RANGE_OF_DAYS = re.compile(rf"\b({'|'.join(WEEKDAYS)})\.?\s?[-–—]\s?({'|'.join(WEEKDAYS)})\b")
_RANGE_OF_MONTHS = re.compile(rf"\b({_MONTH})\.?\s?[-–—]\s?({_MONTH})\b")
_DECADE = re.compile(r"(?<![\w$€£])'?(\d{2}|1\d\d|[12]\d\d)0'?s\b|(?<!\w)'?([2-9])0'?s\b")
_AM_PM = r"([AaPp])\.?[Mm](?:\b\.?)"
_CLOCK = rf"(\d{{1,2}})(?::(\d{{2}}))?(?:\s?{_AM_PM})?"
_POINTED_CLOCK = re.compile(r"(?<![\w.:,])(\d{1,2})\.(\d{2})(?=\s?[AaPp]\.?[Mm]\b)")
_CLOCK_RANGE = re.compile(rf"(?<![\w.:,/-]){_CLOCK}\s?[-–—]\s?{_CLOCK}(?![\w:/-]|\.\d)")
_CLOCK_TIME = re.compile(rf"(?<![\w.:,/-])(\d{{1,2}}):(\d{{2}})(?::(\d{{2}}))?(?:\s?{_AM_PM})?(?![\w:])(\s+o'clock)?")
_BARE_HOUR = re.compile(rf"(?<![\w.:,/$€£-])(\d{{1,2}})\s?{_AM_PM}(?!\w)")
_SCORE = re.compile(r"(?<![\w.:])(\d{1,3}):(\d)(?![\w:])")


def read_dates_and_times(text: str, *, day_first: bool) -> str:
    """`day_first`: how a short date that could be either is meant (03/04 is the third of April)."""
    text = _RANGE_OF_DAYS.sub(lambda m: f"{WEEKDAYS[m[1]]} to {WEEKDAYS[m[2]]}", text)
    text = _RANGE_OF_MONTHS.sub(lambda m: f"{_month_name(m[1])} to {_month_name(m[2])}", text)
    if not any(character.isdigit() for character in text):
        return _WEEKDAY.sub(_weekday, text) if "." in text else text
    text = _DATE_TIME.sub(r"\1 at \2", text)
    text = _ISO_DATE.sub(lambda m: _date(m, int(m[1]), int(m[2]), int(m[3])), text)
    text = _SHORT_DATE.sub(lambda m: _short_date(m, day_first), text)
    text = _WEEKDAY.sub(_weekday, text)
    text = _MONTH_DAY.sub(_month_day, text)
    text = _DAY_MONTH.sub(_day_month, text)
    text = _MONTH_YEAR.sub(lambda m: f"{_month_name(m[1])} ", text)
    text = _DECADE.sub(lambda m: decade(int(f"{m[1] or m[2]}0")), text)
    text = _POINTED_CLOCK.sub(r"\1:\2", text)
    text = _CLOCK_RANGE.sub(_clock_range, text)
    text = _CLOCK_TIME.sub(_clock_time, text)
    text = _BARE_HOUR.sub(lambda m: _clock(m, int(m[1]), 0, 0, m[2]), text)
    return _SCORE.sub(lambda m: f"{cardinal(int(m[1]))} to {cardinal(int(m[2]))}", text)


def _month_name(text: str) -> str:
    return MONTHS.get(text, text)


def _weekday(match: re.Match[str]) -> str:
    return WEEKDAYS[match[1] or match[2]]


def _date(match: re.Match[str], year_number: int | None, month: int, day: int) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match.group()
    spoken = f"{MONTH_NAMES[month - 1]} {ordinal(day)}"
    return spoken if year_number is None else f"{spoken}, {year(year_number)}"


def _short_date(match: re.Match[str], day_first: bool) -> str:
    first, second = int(match[1]), int(match[3])
    month, day = (second, first) if (day_first or match[2] == "." or first > 12) and second <= 12 else (first, second)
    digits = match[4]
    full_year = int(digits) if len(digits) == 4 else int(digits) + (1900 if int(digits) > 50 else 2000)
    return _date(match, full_year, month, day)


def _month_day(match: re.Match[str]) -> str:
    day = int(match[2])
    last = int(match[3]) if match[3] else None
    if not 1 <= day <= 31 or (last is not None and not 1 <= last <= 31):
        return match.group()
    spoken = f"{_month_name(match[1])} {ordinal(day)}"
    if last is not None:
        spoken += f" to {ordinal(last)}"
    return spoken if match[4] is None else f"{spoken}, {year(int(match[4]))}"


def _day_month(match: re.Match[str]) -> str:
    day = int(match[2])
    if not 1 <= day <= 31:
        return match.group()
    spoken = f"{match[1] or 'the'} {ordinal(day)} of {_month_name(match[3])}"
    return spoken if match[4] is None else f"{spoken}, {year(int(match[4]))}"


def _clock_range(match: re.Match[str]) -> str:
    from_hour, from_minute, from_half, to_hour, to_minute, to_half = match.groups()
    if from_minute is None and to_minute is None and from_half is None and to_half is None:
        return match.group()
    begin = _spoken_clock(int(from_hour), int(from_minute or 0), 0, from_half, hour_word=False)
    end = _spoken_clock(int(to_hour), int(to_minute or 0), 0, to_half, hour_word=True)
    return match.group() if begin is None or end is None else f"{begin} to {end}{_kept_stop(match)}"


def _clock_time(match: re.Match[str]) -> str:
    if match[5]:
        return cardinal(int(match[1])) + match[5] if match[2] == "00" else match.group()
    return _clock(match, int(match[1]), int(match[2]), int(match[3] or 0), match[4])


def _clock(match: re.Match[str], hour: int, minute: int, second: int, half: str | None) -> str:
    spoken = _spoken_clock(hour, minute, second, half, hour_word=True)
    return match.group() if spoken is None else f"{spoken}{_kept_stop(match)}"


def _kept_stop(match: re.Match[str]) -> str:
    """The stop of 'p.m.' is also the sentence's where a new one begins, or the text ends."""
    rest = match.string[match.end() :]
    closes = not rest.strip() or bool(re.match(r"[\"')\]]*\s+[\"'(\[]*[A-Z]", rest))
    return "." if match.group().rstrip().endswith(".") and closes else ""


def _spoken_clock(hour: int, minute: int, second: int, half: str | None, *, hour_word: bool) -> str | None:
    """None where it is no time of day. `hour_word`: a full hour is 'nine o'clock' rather than 'nine'."""
    if hour > 24 or minute > 59 or second > 59 or (half and not 1 <= hour <= 12):
        return None
    spoken = cardinal(hour)
    if minute:
        spoken += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half and hour_word:
        spoken += " o'clock" if 1 <= hour <= 12 else " hundred"
    if second:
        spoken += f" and {cardinal(second)} second{'' if second == 1 else 's'}"
    return f"{spoken} {half.upper()}M" if half else spoken
