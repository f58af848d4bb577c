"""Whether the caller has said what a model puts into a tool's arguments. Pure.

A model that lacks an order number makes one up sooner than it asks. So a required argument that names something (a
number, a code, an address, anything with a digit in it) must have been said by somebody: by the caller, by a tool or by
the agent's instructions. What a caller's words only lead to (a date for "tomorrow", a city's code, a number of
guests, a sentence) cannot be held against them and is let through. A property of the schema decides for itself with
`"x-from-caller": true` or `false`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.arguments import Schema, resolved
from vivavoce.tools.as_spoken import compact, was_said, words_of
from vivavoce.tools.ports import ToolError
from vivavoce.tools.schemas import UnusableSchemaError, compiled

FROM_CALLER = "x-from-caller"

_NAMES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FREE_TEXT = frozenset(
    "query q question reason message notes note comment comments description summary text body content subject title "
    "details feedback topic goodbye search prompt instructions request problem issue complaint transcript".split()
)
_MOMENTS = frozenset(
    "date time datetime day days week weekday month year hour hours minute minutes when until since deadline duration "
    "start end birthday birthdate dob timezone tz".split()
)
_AMOUNTS = frozenset(
    "quantity qty count amount guests people persons party size nights adults children items limit page radius "
    "distance age rating score stars budget price total percent num temperature latitude longitude lat lon lng units "
    "max min maximum minimum".split()
)
_IDENTIFIERS = frozenset(
    "id ids identifier number no nr pin reference ref account order booking confirmation tracking serial vin iban "
    "ticket plate invoice case claim policy passport license licence phone mobile telephone tel email mail".split()
)
_MOMENT_FORMATS = frozenset(("date", "date-time", "time", "duration"))
_SAID_FORMATS = frozenset(("email", "idn-email", "phone", "tel", "uuid", "uri", "url", "hostname", "ipv4", "ipv6"))
_PHONE_NAMES = frozenset("phone mobile telephone tel cell fax".split())
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}(-\d{2})?([T ].*)?|\d{1,2}:\d{2}(:\d{2})?\s*([ap]\.?m\.?)?", re.IGNORECASE)
_CODE_OF_A_NAME = re.compile(r"[A-Za-z]{1,3}")
_PHONE_DIGITS_MINIMUM = 6
_PREFIX_DIGITS = re.compile(r"(?P<letters>[a-z]{1,8})(?P<digits>\d{3,})")

_PLACEHOLDERS = frozenset(
    "unknown na none null nil undefined tbd todo placeholder string value missing unspecified notprovided "
    "notspecified notgiven notavailable notapplicable notknown unknownyet empty blank any caller user customer "
    "thecaller theuser thecustomer customername username fullname firstname lastname callername yourname johndoe "
    "janedoe johnsmith asktheuser askthecaller askuser notmentioned notstated notsaid xxx xxxx abc".split()
)
_TEMPLATE = re.compile(
    r"\s*(<.*>|\[.*\]|\{.*\}|\$\{?\w+\}?|(your|my|the|insert|enter|provide|some)[_\s-]\w*[_\s-]?"
    r"(id|number|name|email|code|phone|address|here)\w*|[\s.?_\-–—*x]*)\s*",
    re.IGNORECASE | re.DOTALL,
)
_EXAMPLE_ADDRESS = re.compile(r".*@(example|test|email|domain|mail)\.(com|org|net)", re.IGNORECASE)
_COUNTED = re.compile(r"(number|no)_?of|num_|count_", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Argument:
    """One value of a call. `name` is the property's own, `path` leads to it."""

    path: str
    name: str
    value: str | int | float
    schema: Schema
    is_required: bool

    @property
    def words(self) -> frozenset[str]:
        return frozenset(self._row())

    @property
    def is_identifier(self) -> bool:
        """Whether the name says that the value names one thing: an `order_id`, but no `order_date`."""
        row = self._row()
        if not row or _COUNTED.match(self.name):
            return False
        return row[-1] in _IDENTIFIERS or (row[-1] not in _AMOUNTS | _MOMENTS and bool(_IDENTIFIERS.intersection(row)))

    @property
    def ends_as_identifier(self) -> bool:
        row = self._row()
        return bool(row) and row[-1] in _IDENTIFIERS and not _COUNTED.match(self.name)

    def _row(self) -> Sequence[str]:
        return [word.lower() for word in _NAMES.findall(self.name) if not word.isdigit()]


def check_grounded(tool: Tool, values: Mapping[str, Any], said: Sequence[str]) -> None:
    """Raises `ToolError` (`NOT_SAID`) for arguments that must have been said and were not.

    `said`: what the caller and the tools have said, and the agent's instructions. `values` fit the tool's schema.
    """
    try:
        schema = compiled(tool.parameters).schema
    except UnusableSchemaError:
        return
    if not isinstance(schema, Mapping):
        return
    suspects = [each for each in _arguments(values, schema, schema, "") if _is_suspect(each)]
    if not suspects:
        return
    words = words_of(said)
    unsaid = list(dict.fromkeys(each.path for each in suspects if not _is_grounded(each, words, tool.description)))
    if unsaid:
        names = " and ".join(f"the {path}" for path in unsaid)
        them = "it" if len(unsaid) == 1 else "them"
        raise ToolError(ToolFailure.NOT_SAID, f"The caller has not said {names}. Ask for {them}.")


def _arguments(values: Mapping[str, Any], schema: Schema, root: Schema, path: str) -> Iterator[_Argument]:
    """The texts and numbers that may have to be said: in what is required, and in lists and objects of it."""
    properties = schema.get("properties")
    required = schema.get("required") or ()
    for name, value in values.items():
        own = resolved(properties.get(name), root) if isinstance(properties, Mapping) else {}
        yield from _within(value, own, root, (f"{path}{name}", name, name in required))


def _within(value: Any, schema: Schema, root: Schema, place: tuple[str, str, bool]) -> Iterator[_Argument]:
    path, name, is_required = place
    forced = schema.get(FROM_CALLER)
    if forced is False or not (is_required or forced is True):
        return
    if isinstance(value, dict):
        yield from _arguments(value, schema, root, f"{path}.")
    elif isinstance(value, list):
        items = resolved(schema.get("items"), root)
        for each in value:
            if not isinstance(each, dict | list):
                told = {FROM_CALLER: True} if forced is True else {}
                yield from _within(each, {**items, **told}, root, (path, name, is_required))
            elif isinstance(each, dict):
                yield from _arguments(each, items, root, f"{path}.")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield _Argument(path, name, value, schema, is_required)


def _is_suspect(argument: _Argument) -> bool:
    schema, words, value = argument.schema, argument.words, argument.value
    if schema.get(FROM_CALLER) is True:
        return True
    if "enum" in schema or "const" in schema or ("default" in schema and schema["default"] == value):
        return False
    if not isinstance(value, str):
        return argument.is_identifier
    if _is_placeholder(argument):
        return True
    if words & _FREE_TEXT and not argument.ends_as_identifier:
        return False
    return _names_something(argument)


def _names_something(argument: _Argument) -> bool:
    schema, words, value = argument.schema, argument.words, str(argument.value)
    kind = schema.get("format")
    if kind in _MOMENT_FORMATS or _ISO_MOMENT.fullmatch(value.strip()):
        return False
    if kind in _SAID_FORMATS or "@" in value:
        return True
    has_digit = any(letter.isdigit() for letter in value)
    if argument.is_identifier and has_digit:
        return True
    # A reference without a digit counts, but not the short codes that stand for a name: LHR, EUR, US.
    if argument.ends_as_identifier or "pattern" in schema:
        return not _CODE_OF_A_NAME.fullmatch(value.strip())
    return has_digit and not words & (_MOMENTS | _AMOUNTS)


def _is_placeholder(argument: _Argument) -> bool:
    value = str(argument.value)
    if _TEMPLATE.fullmatch(value):
        return not value.strip(" ") or not value.strip(" .?_-–—*xX") or compact(value) != ""
    if argument.words & _FREE_TEXT:
        return False
    plain = compact(value)
    return plain in _PLACEHOLDERS or plain == compact(argument.name) or bool(_EXAMPLE_ADDRESS.fullmatch(value.strip()))


def _is_grounded(argument: _Argument, words: Sequence[str], description: str) -> bool:
    value = argument.value
    if not isinstance(value, str):
        return _number_was_said(value, words)
    if not compact(value):
        return False
    if was_said(value, words):
        return True
    if argument.words & _PHONE_NAMES or argument.schema.get("format") in ("phone", "tel") or value.startswith("+"):
        return _phone_was_said(value, words)
    if _prefixed_was_said(argument, words, description):
        return True
    return _parts_were_said(argument, words)


def _number_was_said(number: float, words: Sequence[str]) -> bool:
    """A caller's leading zeros are lost in a number."""
    written = str(abs(int(number))) if float(number).is_integer() else str(abs(number))
    return any(was_said("0" * zeros + written, words) for zeros in range(4))


def _phone_was_said(value: str, words: Sequence[str]) -> bool:
    """A model writes the country's code before what the caller said, and leaves a leading zero out."""
    digits = "".join(letter for letter in value if letter.isdecimal())
    rests = [digits[count:] for count in range(4)]
    return any(
        len(rest) >= _PHONE_DIGITS_MINIMUM and (was_said(rest, words) or was_said(f"0{rest}", words)) for rest in rests
    )


def _prefixed_was_said(argument: _Argument, words: Sequence[str], description: str) -> bool:
    """The letters before a number may come from how the tool writes it ("ORD-48213"); the number has to be said."""
    parts = _PREFIX_DIGITS.fullmatch(compact(str(argument.value)))
    if parts is None or not was_said(parts["digits"], words):
        return False
    told = (description, str(argument.schema.get("description", "")), str(argument.schema.get("pattern", "")))
    letters = parts["letters"]
    return letters in words or any(letters in compact(each) for each in (*told, *_examples(argument.schema)))


def _examples(schema: Schema) -> Sequence[str]:
    examples = schema.get("examples")
    return [str(each) for each in examples] if isinstance(examples, Sequence) else ()


def _parts_were_said(argument: _Argument, words: Sequence[str]) -> bool:
    """An address or a product ("12 Main Street") has words that a recogniser spells its own way; its numbers count."""
    if argument.schema.get(FROM_CALLER) is True or argument.is_identifier:
        return False
    parts = str(argument.value).split()
    codes = [each for each in parts if any(letter.isdigit() for letter in each)]
    if len(codes) == len(parts) or not codes:
        return False
    return all(was_said(each, words) for each in codes)
