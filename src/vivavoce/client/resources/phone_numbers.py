"""Phone numbers, as records: an agent is assigned with `client.agents.update(…, phone_number_id=…)`."""

from __future__ import annotations

from vivavoce.client.pages import Pages
from vivavoce.client.results import PhoneNumber, result_of
from vivavoce.client.wire import Wire, path_of


class PhoneNumbers:
    """`client.phone_numbers`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, area_code: str, name: str, *, idempotency_key: str | None = None) -> PhoneNumber:
        """Take a number in an area, such as `415`."""
        body = {"area_code": area_code, "name": name}
        path = path_of("v1", "phone-numbers")
        answer = await self._wire.call("POST", path, body, idempotency_key=idempotency_key)
        return result_of(PhoneNumber, answer.get("phone_number"))

    def list(self, *, limit: int | None = None) -> Pages[PhoneNumber]:
        return Pages(self._wire, path_of("v1", "phone-numbers"), PhoneNumber, "phone_numbers", {"limit": limit})
