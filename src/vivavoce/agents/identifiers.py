"""Identifiers of things the product stores: a prefix that names the kind and 26 characters that sort by time.

The 26 characters are a ULID (https://github.com/ulid/spec) in lower case: 48 bits of Unix milliseconds, then 80 random
bits, in Crockford's base 32. Pure functions; the caller brings the clock.
"""

from __future__ import annotations

import secrets

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_TIME_BITS = 48
_CHARACTERS = 26


def ulid(unix_ms: int, randomness: int) -> str:
    """The 26 characters for a moment (Unix milliseconds, 48 bits) and 80 random bits. Raises `ValueError` beyond."""
    if not 0 <= unix_ms < 1 << _TIME_BITS:
        raise ValueError(f"{unix_ms} ms since 1970 does not fit in {_TIME_BITS} bits")
    if not 0 <= randomness < 1 << _RANDOM_BITS:
        raise ValueError(f"the random part does not fit in {_RANDOM_BITS} bits")
    number = unix_ms << _RANDOM_BITS | randomness
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))


def new_identifier(prefix: str, unix_ms: int) -> str:
    """A fresh identifier such as `agent_01k…`; two of the same millisecond differ in their 80 random bits."""
    return f"{prefix}_{ulid(unix_ms, secrets.randbits(_RANDOM_BITS))}"
