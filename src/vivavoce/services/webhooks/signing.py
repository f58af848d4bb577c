"""What the events of a webhook are signed with (`outbound/signing` signs), and how it is changed. One value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

import msgspec

from vivavoce.store.errors import VaultError
from vivavoce.store.vault import Vault

ROTATION_OVERLAP = timedelta(hours=24)
_PURPOSE = "webhook signing secret"


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """What a webhook is signed with. For a day after a rotation the former secret signs as well."""

    current: str = field(repr=False)
    former: str | None = field(default=None, repr=False)
    former_until: datetime | None = None

    def rotated(self, secret: str, now: datetime) -> Self:
        """With a new secret; only one former is kept."""
        return replace(self, current=secret, former=self.current, former_until=now + ROTATION_OVERLAP)

    def valid_at(self, now: datetime) -> tuple[str, ...]:
        """The current one first."""
        if self.former is None or self.former_until is None or self.former_until <= now:
            return (self.current,)
        return self.current, self.former

    def sealed(self, vault: Vault) -> str:
        return vault.seal(msgspec.json.encode(self), _PURPOSE)

    @classmethod
    def unsealed(cls, vault: Vault, token: str) -> Self:
        """Raises `VaultError`."""
        try:
            return msgspec.json.decode(vault.unseal(token, _PURPOSE), type=cls)
        except msgspec.MsgspecError as error:
            raise VaultError("a webhook's signing secret was stored in another form; rotate it") from error
