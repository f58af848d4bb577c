"""Turns of callers to three made-up agents with tools, and what is right to do in each. Data, and its judges; pure.

What callers say is written as speech-to-text writes it. A case is tried with the whole conversation before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vivavoce.engines.ports import ChatMessage, FunctionTool, ToolCall

_DIGITS = {word: str(digit) for digit, word in enumerate("zero one two three four five six seven eight nine".split())}


@dataclass(frozen=True, slots=True)
class Having:
    """An argument is right when it has each of these in it, in any case."""

    parts: tuple[str, ...]

    def fits(self, given: Any) -> bool:
        text = str(given).lower()
        return all(re.search(part, text) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Same:
    """An argument is right when it is one of these, but for case, blanks, punctuation and digits written as words."""

    values: tuple[str, ...]

    def fits(self, given: Any) -> bool:
        return _compact(str(given)) in {_compact(value) for value in self.values}


def _compact(text: str) -> str:
    words = re.findall(r"[a-z]+|\d+", text.lower())
    return "".join(_DIGITS.get(word, word) for word in words)


@dataclass(frozen=True, slots=True)
class Call:
    """Right is a call of this tool, with at least these arguments."""

    tool: str
    arguments: Mapping[str, Having | Same]


@dataclass(frozen=True, slots=True)
class Say:
    """Right are words without a call, in which the pattern is found."""

    pattern: str = r"\w"


@dataclass(frozen=True, slots=True)
class Ask:
    """Right is a question without a call, in which the pattern is found."""

    pattern: str = r"\w"


@dataclass(frozen=True, slots=True)
class CallingAgent:
    name: str
    instructions: str
    tools: tuple[FunctionTool, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """`before` is the conversation so far. `said` '' where the agent goes on after a tool's result."""

    name: str
    agent: CallingAgent
    said: str
    right: Call | Say | Ask
    before: tuple[ChatMessage, ...] = field(default=())

    @property
    def messages(self) -> Sequence[ChatMessage]:
        opening = ChatMessage("system", self.agent.instructions)
        said = (ChatMessage("user", self.said),) if self.said else ()
        return (opening, *self.before, *said)


def verdict(right: Call | Say | Ask, words: str, calls: Sequence[ToolCall]) -> str:
    """'' if what was done is right; otherwise what is wrong with it."""
    if isinstance(right, Call):
        if not calls:
            return f"no call of {right.tool}"
        call = calls[0]
        if call.name != right.tool:
            return f"called {call.name} instead of {right.tool}"
        given = json.loads(call.arguments)
        bad = [name for name, argument in right.arguments.items() if not argument.fits(given.get(name))]
        return f"wrong {', '.join(bad)}" if bad else ""
    if calls:
        return f"called {calls[0].name}"
    if isinstance(right, Ask) and "?" not in words:
        return "did not ask"
    return "" if re.search(right.pattern, words.lower()) else "did not say what it should"


# --- the agents -------------------------------------------------------------------------------------------------------


def _tool(name: str, description: str, properties: Mapping[str, Any]) -> FunctionTool:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return FunctionTool(name, description, schema)


def _text(description: str) -> Mapping[str, Any]:
    return {"type": "string", "description": description}


_FILE_SEARCH = (
    "Look something up in the documents of the house: facts, prices, times, rules, names. Use it before you answer any "
    "question about them."
)
# Words of the product for the searches; those of the other tools are such as their authors write.
_QUERY = {"query": _text("What to look for, in a few words.")}
_SHORT = " Answer in one or two short spoken sentences."

ORDERS = CallingAgent(
    "orders",
    "You are a friendly order support agent for Acme Corp." + _SHORT,
    (
        FunctionTool(
            "lookup_order",
            "Look up the status of a customer order",
            {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
        ),
        _tool(
            "web_search",
            "Search the web for current facts: news, weather, prices, opening hours, anything recent.",
            _QUERY,
        ),
    ),
)
RESTAURANT = CallingAgent(
    "restaurant",
    "You take reservations for the restaurant Bella Vista on the telephone. It is open from noon to ten in the evening "
    "and closed on Mondays." + _SHORT,
    (
        _tool(
            "check_table",
            "Tells whether a table is free.",
            {
                "day": _text("The day, as the caller says it."),
                "time": _text("The time of day."),
                "guests": {"type": "integer"},
            },
        ),
        _tool(
            "book_table",
            "Books a table that is free.",
            {
                "name": _text("The guest's name."),
                "day": _text("The day, as the caller says it."),
                "time": _text("The time of day."),
                "guests": {"type": "integer"},
            },
        ),
        _tool("cancel_booking", "Cancels a booking.", {"booking_code": _text("The code of the booking.")}),
    ),
)
CLINIC = CallingAgent(
    "clinic",
    "You answer the telephone of the Riverside Clinic. What callers ask about the clinic, such as prices, hours and "
    "how to prepare, you look up in its documents. You give no medical advice." + _SHORT,
    (
        _tool("file_search", _FILE_SEARCH, _QUERY),
        _tool(
            "request_callback",
            "Has somebody of the staff call back.",
            {"name": _text("The caller's name."), "phone": _text("The caller's telephone number.")},
        ),
    ),
)


# --- the conversations ------------------------------------------------------------------------------------------------


def caller(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def agent(text: str) -> ChatMessage:
    return ChatMessage("assistant", text)


def called(tool: str, result: Any, **arguments: Any) -> tuple[ChatMessage, ChatMessage]:
    """A call and its result."""
    call = ToolCall("call_1", tool, json.dumps(arguments))
    return ChatMessage("assistant", "", (call,)), ChatMessage("tool", json.dumps(result), call_id="call_1")


SHIPPED = (
    caller("Where is my order? It's 4 5 7 1."),
    *called("lookup_order", {"status": "shipped", "arrives": "Tuesday"}, order_id="4571"),
)
SHIPPED_TOLD = (*SHIPPED, agent("Your order has been shipped and will arrive on Tuesday."))
FREE = (
    caller("Do you have a table for four on Friday at seven?"),
    *called("check_table", {"free": True}, day="Friday", time="seven", guests=4),
)
PRICE = (
    caller("How much is a blood test?"),
    *called(
        "file_search", [{"text": "A blood test costs 45 euros.", "source": "prices.pdf"}], query="price of a blood test"
    ),
)
PRICE_TOLD = (*PRICE, agent("A blood test costs 45 euros."))

_ORDER_CASES = (
    Case("a greeting is returned", ORDERS, "Hi, good morning.", Say()),
    Case("an order without its number is asked for", ORDERS, "Where is my order?", Ask(r"number|order|i\.?d")),
    Case(
        "a late parcel without a number is asked for",
        ORDERS,
        "My package still hasn't come, it's been two weeks.",
        Ask(),
    ),
    Case(
        "a number said at once is looked up",
        ORDERS,
        "Can you check order 4 5 7 1 for me, please?",
        Call("lookup_order", {"order_id": Same(("4571",))}),
    ),
    Case(
        "a number given when asked is looked up",
        ORDERS,
        "It's A, B, 1, 2, 3.",
        Call("lookup_order", {"order_id": Same(("AB123",))}),
        (caller("I want to know where my order is."), agent("I can look that up. What is your order number?")),
    ),
    Case("the result of a look-up is told", ORDERS, "", Say("tuesday"), SHIPPED),
    Case(
        "an order that there is not is told as such",
        ORDERS,
        "",
        Say(r"not|n't|sorry|unable|no "),
        (
            caller("Check order 9 9 9 please."),
            *called("lookup_order", {"error": "there is no order 999"}, order_id="999"),
        ),
    ),
    Case(
        "a corrected number is looked up again",
        ORDERS,
        "No, sorry, I meant 4 5 7 2.",
        Call("lookup_order", {"order_id": Same(("4572",))}),
        SHIPPED_TOLD,
    ),
    Case(
        "a second order is looked up",
        ORDERS,
        "And what about order 8 8 0 1?",
        Call("lookup_order", {"order_id": Same(("8801",))}),
        SHIPPED_TOLD,
    ),
    Case("what was told is told again without a call", ORDERS, "So when will it arrive?", Say("tuesday"), SHIPPED_TOLD),
    Case(
        "the weather is searched for",
        ORDERS,
        "What's the weather like in Boston today?",
        Call("web_search", {"query": Having(("weather", "boston"))}),
    ),
    Case(
        "news are searched for",
        ORDERS,
        "Do you know who won the world cup final last night?",
        Call("web_search", {"query": Having(("world cup",))}),
    ),
    Case("who the agent is needs no search", ORDERS, "Who am I talking to?", Say()),
    Case("thanks are not searched for", ORDERS, "Great, thanks, that's all I wanted.", Say(), SHIPPED_TOLD),
)
_RESTAURANT_CASES = (
    Case("a hello is returned", RESTAURANT, "Hello?", Say()),
    Case("hours that the agent knows are told", RESTAURANT, "What time do you open?", Say(r"noon|twelve|12")),
    Case("a day that is closed is told", RESTAURANT, "Are you open on Mondays?", Say(r"closed|no\b|not|n't")),
    Case("a booking without anything is asked about", RESTAURANT, "I'd like to book a table.", Ask()),
    Case(
        "a booking without a time is asked about",
        RESTAURANT,
        "A table for two tomorrow, please.",
        Ask(r"time|when|what hour|o'clock"),
    ),
    Case(
        "a table with day, time and guests is checked",
        RESTAURANT,
        "Do you have a table for four on Friday at seven?",
        Call("check_table", {"day": Having(("fri",)), "time": Having(("seven|7|19",)), "guests": Same(("4",))}),
    ),
    Case(
        "another table is checked",
        RESTAURANT,
        "Is Saturday at eight free for six people?",
        Call("check_table", {"day": Having(("sat",)), "time": Having(("eight|8|20",)), "guests": Same(("6",))}),
    ),
    Case("a free table is offered", RESTAURANT, "", Say(r"yes|free|available|table"), FREE),
    Case(
        "a full evening is told with what is left",
        RESTAURANT,
        "",
        Say(r"8:30|8 30|eight thirty|half past eight|20:30"),
        (
            caller("Do you have a table for four on Friday at seven?"),
            *called("check_table", {"free": False, "next_free": "8:30 pm"}, day="Friday", time="seven", guests=4),
        ),
    ),
    Case(
        "a free table with a name is booked",
        RESTAURANT,
        "Yes please, my name is Miller.",
        Call(
            "book_table",
            {
                "name": Having(("miller",)),
                "day": Having(("fri",)),
                "time": Having(("seven|7|19",)),
                "guests": Same(("4",)),
            },
        ),
        (*FREE, agent("Yes, we have a table. Shall I book it, and under what name?")),
    ),
    Case(
        "a booking is confirmed with its code",
        RESTAURANT,
        "",
        Say(r"k\W*(9|nine)\W*(0|zero|oh)\W*(1|one)"),
        (
            *FREE,
            agent("Yes, we have a table. Under what name?"),
            caller("Miller."),
            *called(
                "book_table", {"booked": True, "code": "K901"}, name="Miller", day="Friday", time="seven", guests=4
            ),
        ),
    ),
    Case(
        "a cancellation without a code is asked about", RESTAURANT, "I need to cancel my booking.", Ask(r"code|number")
    ),
    Case(
        "a cancellation with its code is done",
        RESTAURANT,
        "Please cancel my booking, the code is K 7 7 2.",
        Call("cancel_booking", {"booking_code": Same(("K772",))}),
    ),
    Case("a goodbye is returned", RESTAURANT, "Thank you, goodbye.", Say()),
)
_CLINIC_CASES = (
    Case("a greeting is returned", CLINIC, "Hi there.", Say()),
    Case(
        "a price is searched for",
        CLINIC,
        "How much does a blood test cost?",
        Call("file_search", {"query": Having(("blood",))}),
    ),
    Case(
        "how to prepare is searched for",
        CLINIC,
        "Do I have to fast before an ultrasound?",
        Call("file_search", {"query": Having(("ultrasound",))}),
    ),
    Case(
        "hours are searched for",
        CLINIC,
        "What are your opening hours on Saturday?",
        Call("file_search", {"query": Having(("hour|saturday",))}),
    ),
    Case("parking is searched for", CLINIC, "Where can I park?", Call("file_search", {"query": Having(("park",))})),
    Case(
        "a second question is searched for again",
        CLINIC,
        "And how much is an X-ray?",
        Call("file_search", {"query": Having(("x.?ray",))}),
        PRICE_TOLD,
    ),
    Case("what was found is told", CLINIC, "", Say("45|forty"), PRICE),
    Case(
        "what was not found is not made up",
        CLINIC,
        "",
        Say(r"not|n't|no |sorry|unable"),
        (caller("Do you do hair transplants?"), *called("file_search", {"results": []}, query="hair transplants")),
    ),
    Case("what was told is said again", CLINIC, "Sorry, could you say that again?", Say("45|forty"), PRICE_TOLD),
    Case(
        "a call back without anything is asked about", CLINIC, "Can somebody call me back?", Ask(r"name|number|phone")
    ),
    Case(
        "a call back without a number is asked about",
        CLINIC,
        "Please have a doctor call me back. My name is Ruth Adler.",
        Ask("number|phone"),
    ),
    Case(
        "a call back with name and number is requested",
        CLINIC,
        "It's 5 5 5, 0 1 7 2.",
        Call("request_callback", {"name": Having(("adler",)), "phone": Same(("5550172",))}),
        (
            caller("Please have a doctor call me back. My name is Ruth Adler."),
            agent("Of course. What is your phone number?"),
        ),
    ),
    Case(
        "a call back is confirmed",
        CLINIC,
        "",
        Say(),
        (
            caller("Please call me back. Ruth Adler, 5 5 5, 0 1 7 2."),
            *called("request_callback", {"requested": True}, name="Ruth Adler", phone="5550172"),
        ),
    ),
    Case("thanks are not searched for", CLINIC, "Thanks, that helps. Bye.", Say(), PRICE_TOLD),
)

# Two further agents, written after the prompt had been settled with the cases above: they tell whether it was fitted
# to those.

BANK = CallingAgent(
    "bank",
    "You are the telephone assistant of Harbour Bank. Branches are open from nine to four on weekdays." + _SHORT,
    (
        _tool(
            "get_balance", "Tells the balance of an account.", {"account_number": _text("The number of the account.")}
        ),
        _tool("block_card", "Blocks a lost card.", {"last_four_digits": _text("The last four digits of the card.")}),
    ),
)
LIBRARY = CallingAgent(
    "library",
    "You answer the telephone of the town library." + _SHORT,
    (
        _tool("find_book", "Tells whether the library has a book.", {"title": _text("The title of the book.")}),
        _tool("renew_loan", "Extends a loan by two weeks.", {"card_number": _text("The number of the reader's card.")}),
        _tool("file_search", _FILE_SEARCH, _QUERY),
    ),
)
BALANCE = (
    caller("What's the balance of account 7 7 0 1 2?"),
    *called("get_balance", {"balance": "312 dollars"}, account_number="77012"),
)
HELD_OUT: Sequence[Case] = (
    Case("a greeting is returned", BANK, "Good afternoon.", Say()),
    Case("hours that the agent knows are told", BANK, "When do you close today?", Say("four|4")),
    Case(
        "a lost card without digits is asked about", BANK, "I lost my card, please block it.", Ask("digit|number|card")
    ),
    Case(
        "a lost card with its digits is blocked",
        BANK,
        "I lost my card, it ends in 9 0 2 1.",
        Call("block_card", {"last_four_digits": Same(("9021",))}),
    ),
    Case("a balance without an account is asked about", BANK, "How much money do I have?", Ask("account|number")),
    Case(
        "a balance with its account is looked up",
        BANK,
        "My account number is 7 7 0 1 2, what's my balance?",
        Call("get_balance", {"account_number": Same(("77012",))}),
    ),
    Case("a balance is told", BANK, "", Say("312|three hundred"), BALANCE),
    Case("thanks need no tool", BANK, "Thank you very much.", Say(), (*BALANCE, agent("You have 312 dollars."))),
    Case(
        "a book is looked for",
        LIBRARY,
        "Do you have Moby Dick?",
        Call("find_book", {"title": Having(("moby",))}),
    ),
    Case("a book without a title is asked about", LIBRARY, "I'm looking for a book.", Ask("title|which|book|name")),
    Case(
        "fees are searched for",
        LIBRARY,
        "What does a late book cost per day?",
        Call("file_search", {"query": Having(("late|fee|fine|cost",))}),
    ),
    Case("a loan without a card is asked about", LIBRARY, "Can you renew my books?", Ask("card|number")),
    Case(
        "a loan with its card is renewed",
        LIBRARY,
        "Please renew my loan, my card number is 3 3 1 8.",
        Call("renew_loan", {"card_number": Same(("3318",))}),
    ),
    Case("a goodbye is returned", LIBRARY, "Okay, bye.", Say()),
)

CASES: Sequence[Case] = (*_ORDER_CASES, *_RESTAURANT_CASES, *_CLINIC_CASES)
