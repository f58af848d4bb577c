"""What a small model has made up for a call of a tool: required arguments that nobody has said. Pure.

A small model that lacks an argument writes one sooner than it asks: an order 12345, a Mr. Doe, a table at noon. What is
told here is only what is surely made up; a value that words may lead to (a reason, a code for a city, a summary) is
left alone, and so is everything that the agent has just asked for. The words for times and numbers are English; with
callers who speak anything else, only placeholders and numbers that nobody said count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from vivavoce.engines.ports import ChatMessage, FunctionTool, ToolCall

_WORD = re.compile(r"[^\W\d_]+|\d+")
_DIGITS = {word: str(number) for number, word in enumerate("zero one two three four five six seven eight nine".split())}
_DIGITS |= {"oh": "0", "ten": "10", "eleven": "11", "twelve": "12", "double": ""}

_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen couple pair both "
    "few single double twice once half alone myself just us we".split()
)
_DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december today tonight tomorrow yesterday weekend week weeks month next now day days "
    "morning afternoon evening night christmas easter birthday first second third th st nd rd soon asap".split()
)
_TIMES = frozenset(
    "noon midday midnight morning afternoon evening night tonight lunch lunchtime dinner dinnertime breakfast brunch "
    "now soon asap immediately clock am pm a.m p.m half quarter hour hours minute minutes past any anytime whenever "
    "early late".split()
)
_AT_A_NUMBER = re.compile(
    r"\b(at|by|around|about|until|till|from|after|before|between|to|make it|say)\s+"
    r"(\d|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|quarter)|\d\s*[:.]\s*\d\d|\d\s*[ap]\.?m"
)
_NAMING = frozenset("id number code order booking reference phone telephone account".split())
_ENGLISH = frozenset("the i you my is for to it and please do what can are of on in me have this that".split())
_PLACEHOLDER = re.compile(
    r"(john|jane)\W*(doe|smith)?|unknown|n\W?a|none|null|undefined|tbd|x+|\?*|<.*>|\[.*\]|\{.*\}|"
    r"(your|the|caller|customer|user|guest)('s)?[\W_]*(full|order|phone|booking|telephone)?[\W_]*(name|number|id|code|phone|email)",
    re.IGNORECASE,
)
_MOMENT_VALUE = re.compile(
    r"\d{4}-\d{2}-\d{2}.*|\d{1,2}([:.]\d{2})?\s*([ap]\.?m\.?)?|\d{1,2}/\d{1,2}(/\d{2,4})?", re.IGNORECASE
)


def unsaid_arguments(call: ToolCall, tools: Sequence[FunctionTool], messages: Sequence[ChatMessage]) -> list[str]:
    """The names of the required arguments of this call that are made up."""
    tool = next((each for each in tools if each.name == call.name), None)
    if tool is None:
        return []
    values = json.loads(call.arguments)
    properties = tool.parameters.get("properties", {})
    said = _Said(messages)
    required = [name for name in tool.parameters.get("required", ()) if name in values]
    return [name for name in required if said.made_up(name, values[name], properties.get(name, {}))]


class _Said:
    """What has been said in a conversation, as one call needs it."""

    def __init__(self, messages: Sequence[ChatMessage]) -> None:
        callers = " ".join(message.text for message in messages if message.role == "user").lower()
        others = " ".join(message.text for message in messages if message.role in ("system", "tool")).lower()
        agents = [message.text.lower() for message in messages if message.role == "assistant" and message.text]
        self._callers = callers
        self._caller_words = frozenset(_WORD.findall(callers))
        self._words = self._caller_words | frozenset(_WORD.findall(others))
        self._digits = _digits(callers), _digits(others)
        self._asked = agents[-1] if agents and "?" in agents[-1] else ""
        self._is_english = len(self._caller_words & _ENGLISH) > 0 or len(self._caller_words) < 4

    def made_up(self, name: str, value: Any, schema: Mapping[str, Any]) -> bool:
        if "enum" in schema or "const" in schema or "default" in schema or isinstance(value, bool):
            return False
        kinds = frozenset(word.lower() for word in _WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", name)))
        if isinstance(value, str):
            return self._text_is_made_up(kinds, value.strip())
        if isinstance(value, int | float):
            has_number = bool(self._caller_words & _NUMBERS) or any(self._digits)
            return self._is_english and not has_number and not self._was_asked(kinds)
        return False

    def _text_is_made_up(self, kinds: frozenset[str], value: str) -> bool:
        if _PLACEHOLDER.fullmatch(value):
            return not self._has_word_of(value, self._caller_words)
        if kinds & {"time", "hour"}:
            return self._lacks(kinds, bool(self._caller_words & _TIMES or _AT_A_NUMBER.search(self._callers)))
        if kinds & {"day", "date", "when"}:
            return self._lacks(kinds, bool(self._caller_words & _DAYS or self._digits[0]))
        if any(letter.isdigit() for letter in value) and (kinds & _NAMING or not _MOMENT_VALUE.fullmatch(value)):
            digits = "".join(letter for letter in value if letter.isdigit())
            return not any(digits in each for each in self._digits)
        if kinds & {"name", "title", "email", "street"}:
            return self._lacks(kinds, self._has_word_of(value, self._words))
        return False

    def _lacks(self, kinds: frozenset[str], has_it: bool) -> bool:
        return self._is_english and not has_it and not self._was_asked(kinds)

    def _was_asked(self, kinds: frozenset[str]) -> bool:
        return any(word in self._asked for word in kinds)

    def _has_word_of(self, value: str, words: frozenset[str]) -> bool:
        return any(word in words for word in _WORD.findall(value.lower()) if len(word) > 1)


def _digits(text: str) -> str:
    """All digits in their order, words for digits among them."""
    return "".join(_DIGITS.get(word, word) for word in _WORD.findall(text) if word.isdigit() or word in _DIGITS)
