"""Phone numbers: taken from the range that is kept for fiction, or brought along with a SIP trunk. Records only."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from vivavoce.agents import checks
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.resources import PhoneNumber
from vivavoce.outbound.signing import new_secret
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError
from vivavoce.store.errors import DuplicateRecordError, UnknownRecordError
from vivavoce.store.records import Page, PageRequest
from vivavoce.store.resources import Resource
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

FICTIONAL_LINES = range(100, 200)
"""555-0100 to 555-0199: never given to anybody (North American Numbering Plan, fictitious use)."""

SIP_AUTH_PURPOSE = "SIP trunk authentication"
WEBHOOK_SECRET_PURPOSE = "phone number webhook secret"  # noqa: S105 - names what is sealed

# Not N11 (211 to 911 are services) and not N9X (kept for longer numbers).
_AREA_CODE = re.compile(r"[2-9](?!11|9)[0-9]{2}")


@dataclass(frozen=True, slots=True)
class TrunkNumber:
    """A number that a trunk brings. `sip_auth` is kept sealed."""

    number: str
    name: str = ""
    webhook_name: str | None = None
    webhook_url: str | None = None
    sip_auth: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BroughtNumber:
    """A brought number, and its webhook's secret at the only moment that it is known."""

    phone_number: Resource[PhoneNumber]
    signing_secret: str | None = field(repr=False)


class PhoneNumbers:
    """Stateless but for the store and the vault."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._numbers = store.phone_numbers
        self._vault = vault

    async def take(self, caller: Caller, area_code: str, name: str) -> Resource[PhoneNumber]:
        """A simulated number in a US area. Raises `InvalidFieldError`, and `ConflictError` when none is left there."""
        checks.matching("area_code", area_code, _AREA_CODE, "a US area code: three digits such as 415")
        lines = random.sample(FICTIONAL_LINES, len(FICTIONAL_LINES))
        for line in lines:
            number = PhoneNumber(f"+1{area_code}555{line:04d}", name=name, area_code=area_code)
            try:
                return await self._numbers.add(caller.organisation_id, number)
            except DuplicateRecordError:
                continue
        raise ConflictError("no_number_left", f"No number is left in the area {area_code}; take one in another area.")

    async def bring(self, caller: Caller, wanted: TrunkNumber) -> BroughtNumber:
        """Keep a number of the caller's own. Raises `InvalidFieldError`, `DuplicateRecordError`."""
        secret = None if wanted.webhook_url is None else new_secret()
        vault = self._vault
        sip_auth = None if wanted.sip_auth is None else msgspec.json.encode(dict(wanted.sip_auth))
        number = PhoneNumber(
            wanted.number,
            name=wanted.name,
            origin="byo_trunk",
            provider="sip",
            webhook_name=wanted.webhook_name,
            webhook_url=wanted.webhook_url,
            sip_auth_sealed=None if sip_auth is None else vault.seal(sip_auth, SIP_AUTH_PURPOSE),
            webhook_secret_sealed=None if secret is None else vault.seal(secret, WEBHOOK_SECRET_PURPOSE),
        )
        return BroughtNumber(await self._numbers.add(caller.organisation_id, number), secret)

    async def list(self, caller: Caller, request: PageRequest) -> Page[Resource[PhoneNumber]]:
        return await self._numbers.list(caller.organisation_id, request)

    async def get(self, caller: Caller, number: str) -> Resource[PhoneNumber]:
        """Raises `UnknownRecordError`."""
        found = await self._numbers.get(caller.organisation_id, _identifier(number))
        if found is None:
            raise UnknownRecordError("phone number", number)
        return found

    async def rename(self, caller: Caller, number: str, name: str) -> Resource[PhoneNumber]:
        """Raises `InvalidFieldError`, `UnknownRecordError`."""
        identifier = _identifier(number)
        return await self._numbers.change(caller.organisation_id, identifier, lambda body: replace(body, name=name))

    async def release(self, caller: Caller, number: str) -> Resource[PhoneNumber]:
        """Give a number back; its agent has none then. Raises `UnknownRecordError`."""
        return await self._numbers.delete(caller.organisation_id, _identifier(number))


def _identifier(number: str) -> str | int:
    found = parse(Kind.PHONE_NUMBER, number)
    if found is None:
        raise UnknownRecordError("phone number", number)
    return found
