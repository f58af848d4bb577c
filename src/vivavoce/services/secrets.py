"""An organisation's secrets by name: stored and replaced by its administrators, read only by the tools of its agents.

Stateless but for the store. No answer of this service has a value in it, but those of `values`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.services.callers import Caller
from vivavoce.services.errors import RefusedError
from vivavoce.store.named_secrets import NamedSecret
from vivavoce.store.records import OrganisationId
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

SECRETS_MAXIMUM = 100
"""How many an organisation may have."""

VALUE_LENGTH_MINIMUM = 8
VALUE_LENGTH_MAXIMUM = 4_096
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_PURPOSE = "named secret"


class SecretService:
    """Values are sealed for their organisation and name: a row that is moved cannot be read."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._secrets = store.named_secrets
        self._vault = vault

    async def create(self, caller: Caller, name: str, value: str) -> NamedSecret:
        """Raises `InvalidFieldError`, `DuplicateRecordError`; `RefusedError` where the organisation has 100 already."""
        checks.matching("name", name, NAME, "a letter and up to 63 letters, digits or _")
        _check_value(value)
        if await self._secrets.count(caller.organisation_id) >= SECRETS_MAXIMUM:
            message = f"Your organisation has {SECRETS_MAXIMUM} secrets, which is the limit; delete one first."
            raise RefusedError("too_many_secrets", message)
        return await self._secrets.add(caller.organisation_id, name, self._sealed(caller.organisation_id, name, value))

    async def replace(self, caller: Caller, name: str, value: str) -> NamedSecret:
        """Tools use the new value from now on. Raises `InvalidFieldError`, `UnknownRecordError`."""
        _check_value(value)
        return await self._secrets.replace(
            caller.organisation_id, name, self._sealed(caller.organisation_id, name, value)
        )

    async def list(self, caller: Caller) -> Sequence[NamedSecret]:
        return await self._secrets.list(caller.organisation_id)

    async def delete(self, caller: Caller, name: str) -> None:
        """Raises `UnknownRecordError`."""
        await self._secrets.delete(caller.organisation_id, name)

    async def values(self, organisation_id: str, names: Collection[str]) -> Mapping[str, str]:
        """Those of the names that are stored. Raises `VaultError`, `StoreUnavailableError`."""
        organisation = OrganisationId(organisation_id)
        found = [await self._secrets.get(organisation, name) for name in sorted(set(names))]
        return {
            each.name: self._vault.unseal(each.sealed, _purpose(organisation, each.name)).decode()
            for each in found
            if each is not None
        }

    def _sealed(self, organisation_id: OrganisationId, name: str, value: str) -> str:
        return self._vault.seal(value, _purpose(organisation_id, name))


def _purpose(organisation_id: OrganisationId, name: str) -> str:
    return f"{_PURPOSE} {organisation_id} {name}"


def _check_value(value: str) -> None:
    """Short ones cannot be kept out of what a tool answers; line ends cannot be in a header."""
    if not VALUE_LENGTH_MINIMUM <= len(value) <= VALUE_LENGTH_MAXIMUM:
        message = f"must have {VALUE_LENGTH_MINIMUM} to {VALUE_LENGTH_MAXIMUM} characters"
        raise InvalidFieldError("value", message)
    checks.storable("value", value)
    if not value.isprintable() or value != value.strip():
        raise InvalidFieldError("value", "must be one line, without spaces around it")
