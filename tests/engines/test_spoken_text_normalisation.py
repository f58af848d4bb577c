"""Text written out in the words that a voice says."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.engines.spoken_text import normalise

NUMBERS = [
    pytest.param("7 of 12", "seven of twelve", id="cardinals"),
    pytest.param(
        "1,234,567 times",
        "one million two hundred thirty four thousand five hundred sixty seven times",
        id="thousands separators",
    ),
    pytest.param("Pi is 3.14.", "Pi is three point one four.", id="a decimal before a full stop"),
    pytest.param("about .5", "about point five", id="a decimal without its zero"),
    pytest.param("-3 and -2.5", "minus three and minus two point five", id="negatives"),
    pytest.param("the 1st, 2nd, 3rd and 21st", "the first, second, third and twenty first", id="ordinals"),
    pytest.param("1/2, 3/4 and 5/8", "one half, three quarters and five eighths", id="fractions"),
    pytest.param("2 1/2 cups, 1½ spoons", "two and a half cups, one and a half spoons", id="mixed fractions"),
    pytest.param("70% or 3.5 %", "seventy percent or three point five percent", id="percent"),
    pytest.param("10-20% off, pages 3–5", "ten to twenty percent off, pages three to five", id="ranges"),
    pytest.param("9 - 3 = 6", "nine minus three equals six", id="a subtraction is no range"),
    pytest.param(
        "In 1999, 2005 and 2026.", "In nineteen ninety nine, two thousand five and twenty twenty six.", id="years"
    ),
    pytest.param("1500 people", "one thousand five hundred people", id="a count that looks like a year"),
    pytest.param("the 1990s and '80s", "the nineteen nineties and eighties", id="decades"),
    pytest.param(
        "10k users, 2bn, 1.5M views",
        "ten thousand users, two billion, one point five million views",
        id="scaled numbers",
    ),
    pytest.param("1.5 million", "one point five million", id="scale words"),
    pytest.param("24/7 since 9/11", "twenty four seven since nine eleven", id="numbers said as two"),
    pytest.param("2:1 odds, 16:9", "two to one odds, sixteen to nine", id="ratios"),
    pytest.param("3x faster, 4x4", "three times faster, four by four", id="factors"),
    pytest.param("4.5/5 stars, 9/10 people", "four point five out of five stars, nine out of ten people", id="ratings"),
    pytest.param(
        "€1.200,50, 10,5 kg",
        "one thousand two hundred euros and fifty cents, ten point five kilograms",
        id="European decimals",
    ),
    pytest.param("10⁻³ m, H₂O", "ten to the power of minus three meters, H-two-O", id="small digits"),
    pytest.param("10^8, 2^10 and x²", "ten to the power of eight, two to the power of ten and x squared", id="powers"),
    pytest.param("٤٢ and ４２", "forty two and forty two", id="digits of other scripts"),
]

CODES = [
    pytest.param("Call 555-1234.", "Call five five five, one two three four.", id="a short telephone number"),
    pytest.param("(555) 123-4567", "five five five, one two three, four five six seven", id="a bracketed area code"),
    pytest.param(
        "+1 555 123 4567", "plus one, five five five, one two three, four five six seven", id="a country code"
    ),
    pytest.param(
        "+442079460958", "plus four four two, zero seven nine, four six zero, nine five eight", id="an unbroken number"
    ),
    pytest.param("020 7946 0958", "zero two zero, seven nine four six, zero nine five eight", id="a British number"),
    pytest.param(
        "4111 1111 1111 1111", "four one one one, one one one one, one one one one, one one one one", id="a card number"
    ),
    pytest.param("123-45-6789", "one two three, four five, six seven eight nine", id="a social security number"),
    pytest.param("Order 48213, please.", "Order four eight two one three, please.", id="an order number"),
    pytest.param(
        "room 204, code: 0042", "room two zero four, code: zero zero four two", id="numbers that name something"
    ),
    pytest.param("ticket number is #7731.", "ticket number is seven seven three one.", id="a hash before a number"),
    pytest.param("123456789", "one two three, four five six, seven eight nine", id="a long run of digits"),
    pytest.param("50000 or 100000", "fifty thousand or one hundred thousand", id="round numbers stay numbers"),
    pytest.param("agent 007", "agent zero zero seven", id="leading zeros"),
    pytest.param("v2.1 of 1.2.3", "version two point one of one point two point three", id="versions"),
    pytest.param("192.168.1.1", "one nine two dot one six eight dot one dot one", id="an IP address"),
    pytest.param("BA249 and AB-1234", "B-A two four nine and A-B one two three four", id="letters with digits"),
    pytest.param("A4, MP3, H2O, COVID-19", "A-four, MP-three, H-two-O, COVID-nineteen", id="words with a number"),
    pytest.param(
        "room 12B, 3B rows, an H100", "room twelve-B, three billion rows, an H-one-hundred", id="letters after numbers"
    ),
    pytest.param("Qwen2.5 and GPT-4o", "Qwen two point five and GPT-four-o", id="names of models"),
    pytest.param(
        "DE89 3704 0044 0532",
        "DE-eighty-nine three seven zero four, zero zero four four, zero five three two",
        id="groups of four",
    ),
    pytest.param("5G and 4K", "five-G and four-K", id="numbers with a letter"),
    pytest.param("a 20-year-old", "a twenty-year-old", id="numbers in compounds"),
]

TIMES = [
    pytest.param("at 3:30 pm.", "at three thirty PM.", id="afternoon"),
    pytest.param("at 3:30 p.m., ok", "at three thirty PM, ok", id="afternoon with stops"),
    pytest.param("10.30 am, 2.15pm", "ten thirty AM, two fifteen PM", id="a point between hours and minutes"),
    pytest.param("3pm or 11 a.m.", "three PM or eleven AM.", id="full hours"),
    pytest.param(
        "Until 5 p.m. We close then.", "Until five PM. We close then.", id="a stop that also ends the sentence"
    ),
    pytest.param("Until 5 p.m. every day", "Until five PM every day", id="a stop that does not"),
    pytest.param("14:05 and 9:00", "fourteen oh five and nine o'clock", id="the 24 hour clock"),
    pytest.param("14:00, 00:15", "fourteen hundred, zero fifteen", id="full hours of the 24 hour clock"),
    pytest.param("9am-5pm, 9:00–17:30", "nine AM to five PM, nine to seventeen thirty", id="opening hours"),
    pytest.param("12:30:15", "twelve thirty and fifteen seconds", id="seconds"),
    pytest.param("25:99", "twenty five: ninety nine", id="no time of day"),
]

DATES = [
    pytest.param("on 2026-11-21", "on November twenty first, twenty twenty six", id="ISO date"),
    pytest.param(
        "2026-11-21T14:05:00Z", "November twenty first, twenty twenty six at fourteen oh five", id="ISO date and time"
    ),
    pytest.param(
        "21/11/2026 is 11/21/26",
        "November twenty first, twenty twenty six is November twenty first, twenty twenty six",
        id="slashes tell by the number over 12",
    ),
    pytest.param("03/04/2026", "March fourth, twenty twenty six", id="an ambiguous date is American"),
    pytest.param("21.11.2026", "November twenty first, twenty twenty six", id="points put the day first"),
    pytest.param("Nov 21, 2026", "November twenty first, twenty twenty six", id="month and day"),
    pytest.param("Nov. 21st, Jan 5", "November twenty first, January fifth", id="month and day without a year"),
    pytest.param("21 November 2026", "the twenty first of November, twenty twenty six", id="day and month"),
    pytest.param("the 5th of May", "the fifth of May", id="day of month"),
    pytest.param("in Feb 2026", "in February twenty twenty six", id="month and year"),
    pytest.param("Nov 3-5", "November third to fifth", id="days of a month"),
    pytest.param("Mon-Fri, Jan-Mar", "Monday to Friday, January to March", id="ranges of days and months"),
    pytest.param(
        "due 9/10, on 03/04", "due September tenth, on March fourth", id="a word before tells a date from a fraction"
    ),
    pytest.param("Mon, Nov 3 or Tue. 5 May", "Monday, November third or Tuesday the fifth of May", id="weekdays"),
    pytest.param("on 12/25", "on December twenty fifth", id="a date without a year"),
]

MONEY = [
    pytest.param("$4.50", "four dollars and fifty cents", id="dollars and cents"),
    pytest.param("$1 and $1.01", "one dollar and one dollar and one cent", id="singular"),
    pytest.param("$0.99, 50¢", "ninety nine cents, fifty cents", id="cents"),
    pytest.param("€20, 20€, 20 EUR, EUR 20", "twenty euros, twenty euros, twenty euros, twenty euros", id="euros"),
    pytest.param("£3m, $1.5 million", "three million pounds, one point five million dollars", id="millions"),
    pytest.param("1.5 million dollars", "one point five million dollars", id="millions in words"),
    pytest.param("$1,234.56", "one thousand two hundred thirty four dollars and fifty six cents", id="thousands"),
    pytest.param("$10-20, $10-$20", "ten to twenty dollars, ten to twenty dollars", id="price ranges"),
    pytest.param("$5/month", "five dollars per month", id="a rate"),
    pytest.param("-$5 or $-5", "minus five dollars or minus five dollars", id="debts"),
    pytest.param("US$20, A$5", "twenty US dollars, five Australian dollars", id="other dollars"),
    pytest.param("£1.50 and ¥500", "one pound and fifty pence and five hundred yen", id="pence and yen"),
    pytest.param("$3k, $1.2B", "three thousand dollars, one point two billion dollars", id="letters for scales"),
]

UNITS = [
    pytest.param("5 km, 1 km, 10mph", "five kilometers, one kilometer, ten miles per hour", id="distances and speeds"),
    pytest.param(
        "20°C, -5 °C, 98.6°F",
        "twenty degrees Celsius, minus five degrees Celsius, ninety eight point six degrees Fahrenheit",
        id="temperatures",
    ),
    pytest.param("a 90° turn", "a ninety degrees turn", id="angles"),
    pytest.param("3 GB at 100 Mbps", "three gigabytes at one hundred megabits per second", id="data"),
    pytest.param("5 m², 2 km2, 3 m^3", "five square meters, two square kilometers, three cubic meters", id="areas"),
    pytest.param("5-10 kg, 250 ml", "five to ten kilograms, two hundred fifty milliliters", id="weights"),
    pytest.param("5'10\" or 6 ft 2 in", "five foot ten or six foot two", id="heights"),
    pytest.param("wait 30 s, 5 min", "wait thirty seconds, five minutes", id="durations"),
    pytest.param("5 in the morning", "five in the morning", id="the word in is no inch"),
]

ADDRESSES = [
    pytest.param("jane.doe@example.com", "jane dot doe at example dot com", id="e-mail"),
    pytest.param(
        "a_b-c+d42@my-shop.co.uk.",
        "a underscore b dash c plus d forty two at my dash shop dot co dot U-K.",
        id="e-mail with marks",
    ),
    pytest.param("Visit https://www.example.com/.", "Visit example dot com.", id="a URL loses its scheme"),
    pytest.param("www.example.com/help, ok", "example dot com slash help, ok", id="a short path is read"),
    pytest.param("http://x.io/a?b=c#d", "x dot I-O", id="a long path is not"),
    pytest.param("example.com or my-site.ai", "example dot com or my dash site dot A-I", id="bare domains"),
    pytest.param("localhost:8080", "localhost: eight thousand eighty", id="no domain"),
]

ABBREVIATIONS = [
    pytest.param("Dr. Lee and Mrs. Roe", "Doctor Lee and Missus Roe", id="titles"),
    pytest.param("12 Main St. near St. Mary's", "twelve Main Street near Saint Mary's", id="street and saint"),
    pytest.param("Elm Dr., then Oak Ave.", "Elm Drive, then Oak Avenue.", id="drive and avenue"),
    pytest.param("e.g. tea, i.e. hot", "for example tea, that is hot", id="Latin"),
    pytest.param("tea, etc. Then go.", "tea, et cetera. Then go.", id="etc. at the end of a sentence"),
    pytest.param("tea, etc. for us", "tea, et cetera for us", id="etc. inside one"),
    pytest.param("cats vs. dogs", "cats versus dogs", id="versus"),
    pytest.param("No. 5, Fig. 2, p. 7", "Number five, Figure two, page seven", id="before numbers"),
    pytest.param("No. Not that.", "No. Not that.", id="the answer no"),
    pytest.param("the U.S. Army", "the US Army", id="dotted capitals"),
    pytest.param("in the U.S. We", "in the US. We", id="dotted capitals at the end of a sentence"),
    pytest.param("NASA and the FBI", "NASA and the FBI", id="acronyms stay for the pronunciation"),
    pytest.param("Henry VIII, Louis XIV", "Henry the eighth, Louis the fourteenth", id="kings"),
    pytest.param("Chapter IV, World War II", "Chapter four, World War two", id="counted things"),
    pytest.param("Mary I think, I saw", "Mary I think, I saw", id="the word I is no numeral"),
    pytest.param("9 N. Elm St., Apt. 4", "nine North Elm Street, Apartment four", id="an address"),
    pytest.param("w/ milk, w/o sugar", "with milk, without sugar", id="with and without"),
]

SYMBOLS = [
    pytest.param("R&D, fish & chips", "R and D, fish and chips", id="and"),
    pytest.param("2 + 3 = 5", "two plus three equals five", id="a sum"),
    pytest.param("5 * 3, 5×3", "five times three, five times three", id="products"),
    pytest.param("C#, C++, node.js", "C sharp, C plus plus, node dot js", id="programming languages"),
    pytest.param("$20/hr, his/her", "twenty dollars per hour, his or her", id="per and or"),
    pytest.param("well,yes.No!ok", "well, yes. No! ok", id="missing spaces"),
    pytest.param("#5 and #vivavoce", "number five and hashtag vivavoce", id="hash"),
    pytest.param("@bob", "at bob", id="at"),
    pytest.param("and/or, he/she, this/that", "and or, he or she, this slash that", id="slashes"),
    pytest.param("x < 5, y >= 2", "x is less than five, y is at least two", id="comparisons"),
    pytest.param("~5 ±2", "about five plus or minus two", id="about"),
    pytest.param("snake_case", "snake case", id="underscores part words"),
    pytest.param("“Hi” ‘you’ — it’s…", "Hi 'you' — it's...", id="typographic marks"),
    pytest.param("What?!! No!!! ok....", "What? No! ok...", id="repeated marks"),
    pytest.param("Hi 😀 ™ you\x00\u200b!", "Hi you!", id="what no voice can say"),
    pytest.param("你好 hello", "你好 hello", id="other scripts stay"),
    pytest.param("...", "", id="stops alone"),
    pytest.param("***", "", id="asterisks alone"),
    pytest.param("😀", "", id="an emoji alone"),
    pytest.param("  \n\t ", "", id="white space alone"),
    pytest.param("", "", id="nothing"),
]

EVERY_CASE = [*NUMBERS, *CODES, *TIMES, *DATES, *MONEY, *UNITS, *ADDRESSES, *ABBREVIATIONS, *SYMBOLS]


@pytest.mark.parametrize(("written", "spoken"), EVERY_CASE)
def test_text_is_written_out_in_words(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), EVERY_CASE)
def test_words_stay_as_they_are(written: str, spoken: str) -> None:
    assert normalise(spoken) == spoken


def test_british_english_puts_the_day_first() -> None:
    assert normalise("03/04/2026", "en-GB") == "April third, twenty twenty six"


def test_another_language_keeps_its_digits() -> None:
    assert normalise("Um 14:05 Uhr 😀 kostet es 3 €, ja?", "de") == "Um 14:05 Uhr kostet es 3 €, ja?"


_WRITTEN: list[str] = [str(case.values[0]) for case in EVERY_CASE]
_MARKS = list(".,;:!?-–—…'\"()[]{}/\\|@#$%^&*+=<>~`_°€£¥½²√∞ \n0123456789")
_BEGINNINGS = [
    "Dr. ",
    "St. ",
    "no. ",
    "e.g. ",
    "etc. ",
    "U.S. ",
    "a.m. ",
    " I ",
    "Henry ",
    "Chapter ",
    " II",
    "May ",
    "word",
]
_ENDS = ["A", "x", "k", "http://", "www.", ".com"]
_FRAGMENTS = st.sampled_from([*_WRITTEN, *_MARKS, *_BEGINNINGS, *_ENDS])
_TEXTS = st.one_of(st.lists(_FRAGMENTS, max_size=12).map("".join), st.text(max_size=80))


@given(_TEXTS)
@settings(max_examples=1000, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(_TEXTS)
@settings(max_examples=500, deadline=None)
def test_only_letters_and_punctuation_are_left(text: str) -> None:
    spoken = normalise(text)
    assert all(c.isalpha() or unicodedata.combining(c) or c in " .,!?;:'\"()-–—" for c in spoken)
    assert spoken == "" or any(c.isalpha() for c in spoken)
