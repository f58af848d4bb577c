"""What this server can do, what it cannot, and what its operator would have to set. Values, made when it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that agents or clients may want. `provider`: by what it is done, None where by nothing.

    `remedy`: what the operator can do to have it, '' where it is there already, or cannot be had at all. `guide`: the
    page of the documentation that tells how.
    """

    name: str
    provider: str | None = None
    remedy: str = ""
    guide: str = ""

    @property
    def is_configured(self) -> bool:
        return self.provider is not None and not self.remedy
