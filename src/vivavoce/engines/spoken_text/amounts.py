"""Reads amounts aloud: money, percentages, measures, ranges, ordinals and fractions.

Pure text functions, steps of the normaliser.
"""

from __future__ import annotations

import re

from vivavoce.engines.spoken_text.abbreviations import MONTH_NAMES
from vivavoce.engines.spoken_text.number_words import cardinal, decimal, fraction, ordinal

NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+"
_START = r"(?<![\w.,])"
_SCALE_WORDS = {
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "mio": "million",
    "b": "billion",
    "B": "billion",
    "bn": "billion",
    "T": "trillion",
    "tn": "trillion",
    "trn": "trillion",
}
_SCALE = r"(hundred|thousand|million|billion|trillion|mio|mn|bn|trn|tn|[kKmMbBT])"
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₺": ("lira", "lira", "", ""),
    "₿": ("bitcoin", "bitcoins", "", ""),
    "CHF": ("franc", "francs", "centime", "centimes"),
}
_CURRENCY_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "CHF": "CHF"}
_DOLLARS = {
    "US": "US ",
    "A": "Australian ",
    "AU": "Australian ",
    "C": "Canadian ",
    "CA": "Canadian ",
    "NZ": "New Zealand ",
}
_SYMBOLS = "".join(symbol for symbol in _CURRENCIES if len(symbol) == 1)
_CODES = "|".join(_CURRENCY_CODES)
_MONEY = re.compile(
    rf"(?P<sign>(?<![\w)])-\s?)?(?:(?<![A-Za-z])(?P<land>US|AU?|CA?|NZ)?(?P<symbol>[{_SYMBOLS}])(?=[-.\d]|(?<!\d.)(?<!\d\s.)\s)|\b(?P<code>{_CODES})\s)\s?(?P<minus>-)?"
    rf"(?P<amount>{NUMBER})(?:(?:[-–—]|\s[-–—]\s)[{_SYMBOLS}]?(?P<to>{NUMBER}))?(?:[ -]?{_SCALE}(?![\w]))?"
)
_MONEY_AFTER = re.compile(
    rf"{_START}(?P<amount>{NUMBER})(?:\s?{_SCALE})?\s?(?:(?P<symbol>[{_SYMBOLS}])|(?P<code>{_CODES})\b)(?![\d])"
)
_CENTS = re.compile(rf"{_START}({NUMBER})\s?¢")
_UNITS = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"),
    "MB/s": ("megabyte per second", "megabytes per second"),
    "GB/s": ("gigabyte per second", "gigabytes per second"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "fps": ("frame per second", "frames per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"),
    "km": ("kilometer", "kilometers"),
    "m": ("meter", "meters"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "µm": ("micrometer", "micrometers"),
    "nm": ("nanometer", "nanometers"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "sqft": ("square foot", "square feet"),
    "sq ft": ("square foot", "square feet"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "µg": ("microgram", "micrograms"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "cl": ("centiliter", "centiliters"),
    "gal": ("gallon", "gallons"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "µs": ("microsecond", "microseconds"),
    "ns": ("nanosecond", "nanoseconds"),
    "KB": ("kilobyte", "kilobytes"),
    "kB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "dB": ("decibel", "decibels"),
    "kcal": ("kilocalorie", "kilocalories"),
    "cal": ("calorie", "calories"),
    "px": ("pixel", "pixels"),
    "acre": ("acre", "acres"),
    "ha": ("hectare", "hectares"),
}
_UNIT_NAMES = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_COMMA_DECIMAL = re.compile(rf"(?<![\w.,])(\d+),(\d{{1,2}})(?=\s?(?:[€%£]|EUR\b|(?:{_UNIT_NAMES})\b))")
_POWERS = {"2": "square ", "3": "cubic "}
_SIGN = r"(?:(?<![\w)])-)?"
_MEASURE = re.compile(rf"{_START}({_SIGN}(?:{NUMBER}))[\s-]?({_UNIT_NAMES})(?:\^?([23]))?(?![\w/^]|\.\w)")
_DEGREES = re.compile(rf"{_START}({_SIGN}(?:{NUMBER}))\s?°\s?([CFK])?(?!\w)")
_PERCENT = re.compile(rf"{_START}({_SIGN}(?:{NUMBER}))\s?(%|‰)")
_FEET_INCHES = re.compile(
    r"(?<![\w.,])(\d{1,2})\s?'\s?(\d{1,2})\s?(?:\"|'')|(?<![\w.,])(\d{1,2})\s?(?:ft|')\s(\d{1,2})\s?(?:in|\")\b"
)
_RANGE = re.compile(rf"(?<![\w.,\-–])((?:{NUMBER})[%°]?)(\s?)[-–—](\s?)(?=(?:{NUMBER})(?![\w.,]*[-–—]\d))")
_MINUS = re.compile(rf"({NUMBER})\s-\s(?=(?:{NUMBER})\s*=)")
_TIMES = re.compile(rf"{_START}({NUMBER})(\s?)x\s?(?=\d)")
_FACTOR = re.compile(rf"{_START}({NUMBER})x\b")
_ORDINAL = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)
_MIXED_FRACTION = re.compile(r"(?<![\w./,])(\d{1,4})[\s-](\d{1,2})/(\d{1,3})(?![\w/])")
_SLASHED = re.compile(r"(?<![\w./,])(\d{1,4})/(\d{1,4})(?![\w/]|\.\d)")
_SCALED = re.compile(rf"{_START}({NUMBER})(?:(k|M|bn|mn|mio)(?!\w)|(B)(?:(?<=\.\dB)(?!\w)|(?=\s[a-z]+s\b)))")
_RATING = re.compile(
    r"(?<![\w.,/])(\d+(?:\.\d+)?)/(5|10|100)(?![\w/]|\.\d)(?=(\s+(?:stars?|points?|people|users|customers))?)"
)
_DATED = re.compile(r"\b(?:on|by|until|till|before|after|since|due|from|dated)\s+\Z", re.IGNORECASE)
_EUROPEAN = (
    (re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d{3})+),(\d{1,2})(?!\w|,\d)"), lambda m: f"{m[1].replace('.', '')}.{m[2]}"),
    (re.compile(r"(?<![\w.,])\d{1,3}\.\d{3}\.\d{3}(?![\w,]|\.\d)"), lambda m: m.group().replace(".", "")),
)
_FRACTION_PARTS = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 100, 1000})
_SAID_AS_TWO_NUMBERS = frozenset({(24, 7), (9, 11), (20, 20), (50, 50), (7, 11)})


def read_money(text: str) -> str:
    """'$4.50' -> 'four dollars and fifty cents', '£3m' -> 'three million pounds', '20€' -> 'twenty euros'."""
    for pattern, plain in _EUROPEAN:
        text = pattern.sub(plain, text)
    text = _COMMA_DECIMAL.sub(r"\1.\2", text)
    text = _MONEY.sub(_money, text)
    text = _MONEY_AFTER.sub(_money, text)
    return _CENTS.sub(lambda m: f"{decimal(m[1])} cent{'' if m[1] == '1' else 's'}", text)


def read_measures(text: str) -> str:
    """Heights, temperatures, percentages and units; a range such as '5-10 km' first becomes '5 to 10 km'."""
    text = _TIMES.sub(_by_or_times, text)
    text = _FEET_INCHES.sub(_feet_inches, text)
    text = _MINUS.sub(r"\1 minus ", text)
    text = _RANGE.sub(r"\1 to ", text)
    text = _PERCENT.sub(lambda m: f"{decimal(m[1])} {'percent' if m[2] == '%' else 'per mille'}", text)
    text = _DEGREES.sub(_degrees, text)
    text = _MEASURE.sub(_measure, text)
    return _FACTOR.sub(lambda m: f"{decimal(m[1])} times", text)


def read_parts(text: str) -> str:
    """Ordinals, fractions and scaled numbers ('21st', '2 1/2', '10k')."""
    text = _ORDINAL.sub(lambda m: ordinal(int(m[1].replace(",", ""))), text)
    text = _RATING.sub(_rating, text)
    text = _MIXED_FRACTION.sub(_mixed_fraction, text)
    text = _SLASHED.sub(_slashed, text)
    return _SCALED.sub(lambda m: f"{decimal(m[1])} {_SCALE_WORDS[m[2] or m[3]]}", text)


def _money(match: re.Match[str]) -> str:
    parts = match.groupdict()
    symbol = parts["symbol"] or _CURRENCY_CODES[parts["code"]]
    names = _CURRENCIES[symbol]
    land = _DOLLARS.get(parts.get("land") or "", "")
    scale = next((group for group in reversed(match.groups()) if group and re.fullmatch(_SCALE, group)), None)
    minus = "minus " if parts.get("sign") or parts.get("minus") else ""
    amount, to = parts["amount"], parts.get("to")
    lead = " " if match.start() and match.string[match.start() - 1].isalnum() else ""
    if scale:
        amount = f"{decimal(amount)} to {decimal(to)}" if to else decimal(amount)
        return f"{lead}{minus}{amount} {_SCALE_WORDS.get(scale, scale)} {land}{names[1]}"
    if to:
        return f"{lead}{minus}{decimal(amount)} to {_price(to, land, names)}"
    return f"{lead}{minus}{_price(amount, land, names)}"


def _price(amount: str, land: str, names: tuple[str, str, str, str]) -> str:
    one, many, cent, cents = names
    whole, _, part = amount.replace(",", "").partition(".")
    if part and (len(part) > 2 or not cent):
        return f"{decimal(amount)} {land}{many}"
    pounds, pence = int(whole or 0), int(part.ljust(2, "0")) if part else 0
    spoken = f"{cardinal(pounds)} {land}{one if pounds == 1 else many}"
    if not pence:
        return spoken
    small = f"{cardinal(pence)} {cent if pence == 1 else cents}"
    return f"{spoken} and {small}" if pounds else small


def _feet_inches(match: re.Match[str]) -> str:
    feet, inches = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"{cardinal(int(feet))} foot {cardinal(int(inches))}"


def _degrees(match: re.Match[str]) -> str:
    scale = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin"}.get(match[2] or "", "")
    return f"{decimal(match[1])} degree{'' if match[1] in {'1', '-1'} else 's'}{scale}"


def _measure(match: re.Match[str]) -> str:
    one, many = _UNITS[match[2]]
    if match[3] and match[2] not in {"km", "m", "cm", "mm", "mi", "ft", "yd"}:
        return match.group()
    return f"{decimal(match[1])} {_POWERS.get(match[3] or '', '')}{one if match[1] in {'1', '-1'} else many}"


def _mixed_fraction(match: re.Match[str]) -> str:
    whole, numerator, denominator = int(match[1]), int(match[2]), int(match[3])
    if not 0 < numerator < denominator or denominator not in _FRACTION_PARTS:
        return match.group()
    part = fraction(numerator, denominator)
    return f"{cardinal(whole)} and {'a half' if part == 'one half' else part}"


def _by_or_times(match: re.Match[str]) -> str:
    """'3x4' is a size, '3 x 4' a product."""
    return f"{match[1]} {'times' if match[2] else 'by'} "


def _rating(match: re.Match[str]) -> str:
    """'4.5/5', '9/10 people', '87/100': out of so many. A plain '1/5' is a fraction, 'on 9/10' a date."""
    if _DATED.search(match.string[: match.start()]) or (match[2] == "5" and "." not in match[1] and not match[3]):
        return match.group()
    return f"{decimal(match[1])} out of {cardinal(int(match[2]))}"


def _slashed(match: re.Match[str]) -> str:
    first, second = int(match[1]), int(match[2])
    if (first, second) in _SAID_AS_TWO_NUMBERS:
        return f"{cardinal(first)} {cardinal(second)}"
    dated = "0" in {match[1][0], match[2][0]} or _DATED.search(match.string[: match.start()])
    if 0 < first < second and second in _FRACTION_PARTS and not dated:
        return fraction(first, second)
    if 1 <= first <= 12 and 1 <= second <= 31 and len(match[2]) <= 2:
        return f"{MONTH_NAMES[first - 1]} {ordinal(second)}"
    return f"{match[1]} slash {match[2]}"
