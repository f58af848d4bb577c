"""Identifiers of things the product stores: one 128-bit ULID an object, and every way in which it is written.

Inside, an identifier is a prefix that names the kind and 26 characters that sort by time: a ULID
(https://github.com/ulid/spec) in lower case, 48 bits of Unix milliseconds, then 80 random bits, in Crockford's base 32.
Outside, each API has its own way (`agt_…`, `vs_…`, a UUID of the same 128 bits, a number that counts); `parse` takes
them all, so that an object can be named anywhere by the name it was given anywhere else. Pure functions; the caller
brings the clock.
"""

from __future__ import annotations

import re
import secrets
from enum import StrEnum
from uuid import UUID

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_TIME_BITS = 48
_CHARACTERS = 26
_ULID = re.compile(f"[0-7][{_CROCKFORD}]{{25}}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


class Kind(StrEnum):
    """What an identifier names; its value is the prefix that we use ourselves."""

    AGENT = "agent"
    API_KEY = "key"
    AVATAR = "avt"
    COLLECTION = "col"
    CONVERSATION = "conv"
    DELIVERY = "dlv"
    ENVIRONMENT = "env"
    EVENT = "evt"
    FILE = "file"
    MESSAGE = "msg"
    ORGANISATION = "org"
    PHONE_NUMBER = "pn"
    SESSION = "sess"
    THREAD = "thr"
    WEBHOOK = "wh"


FOREIGN_PREFIXES: dict[Kind, tuple[str, ...]] = {
    Kind.AGENT: ("agt",),
    Kind.COLLECTION: ("collection",),
    Kind.ENVIRONMENT: ("environment",),
    Kind.PHONE_NUMBER: ("phone",),
    Kind.SESSION: ("ses", "vs"),
    Kind.THREAD: ("thread", "conv"),
}
"""Prefixes of the other APIs that are taken for a kind besides our own."""


def ulid(unix_ms: int, randomness: int) -> str:
    """The 26 characters for a moment (Unix milliseconds, 48 bits) and 80 random bits. Raises `ValueError` beyond."""
    if not 0 <= unix_ms < 1 << _TIME_BITS:
        raise ValueError(f"{unix_ms} ms since 1970 does not fit in {_TIME_BITS} bits")
    if not 0 <= randomness < 1 << _RANDOM_BITS:
        raise ValueError(f"the random part does not fit in {_RANDOM_BITS} bits")
    return _written(unix_ms << _RANDOM_BITS | randomness)


def new_identifier(prefix: str, unix_ms: int) -> str:
    """A fresh identifier such as `agent_01k…`; two of the same millisecond differ in their 80 random bits."""
    return f"{prefix}_{ulid(unix_ms, secrets.randbits(_RANDOM_BITS))}"


def parse(kind: Kind, text: str) -> str | int | None:
    """What `text` names: our identifier, or the number that counts the objects of this kind. None: neither.

    Taken: any prefix of the kind and the 26 characters (in any case), the 26 characters alone, the UUID of the same
    128 bits with or without hyphens, and a decimal number.
    """
    written = text.strip().lower()
    if _NUMBER.fullmatch(written):
        return int(written)
    if _UUID.fullmatch(written):
        return f"{kind}_{_written(UUID(written).int)}"
    prefix, separator, rest = written.rpartition("_")
    if separator and prefix not in (kind.value, *FOREIGN_PREFIXES.get(kind, ())):
        return None
    return f"{kind}_{rest}" if _ULID.fullmatch(rest) else None


def with_prefix(identifier: str, prefix: str) -> str:
    """The same object under another API's prefix: `agent_01k…` as `agt_01k…`."""
    return f"{prefix}_{identifier.rpartition('_')[2]}"


def as_uuid(identifier: str) -> str:
    """The same 128 bits as a UUID with hyphens."""
    number = 0
    for character in identifier.rpartition("_")[2]:
        number = number << 5 | _CROCKFORD.index(character)
    return str(UUID(int=number))


def _written(number: int) -> str:
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))
