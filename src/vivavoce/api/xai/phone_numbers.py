"""`/v1/phone-numbers` and `/v2/phone-numbers` of the xAI API. Thin routes without state."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from vivavoce.agents.resources import PhoneNumber
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer, pagination_token
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.xai.phone_number_models import (
    DeletedPhoneNumber,
    NewPhoneNumber,
    NewTrunkNumber,
    NewTrunkNumberAnswer,
    PhoneNumberAnswer,
    PhoneNumberChanges,
    PhoneNumberList,
    PhoneNumberObject,
)
from vivavoce.services.phone_numbers import PhoneNumbers, TrunkNumber
from vivavoce.store.resources import Resource

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.XAI), tags=["Phone numbers"])

PhoneNumberId = Annotated[str, Path(description="The number's id (`pn_…`) in any rendering; not the number itself.")]


def _phone_numbers(platform: PlatformOf) -> PhoneNumbers:
    return PhoneNumbers(platform.store, platform.vault)


PhoneNumbersOf = Annotated[PhoneNumbers, Depends(_phone_numbers)]


@router.post("/v1/phone-numbers", status_code=201, summary="Take a phone number")
async def create_phone_number(numbers: PhoneNumbersOf, caller: Writer, body: NewPhoneNumber) -> PhoneNumberAnswer:
    """Take a number in a US area. It is simulated: it exists in this server alone and costs nothing."""
    return _answer(await numbers.take(caller, body.area_code, body.name))


@router.post("/v2/phone-numbers", status_code=201, summary="Bring a phone number of one's own")
async def create_trunk_number(numbers: PhoneNumbersOf, caller: Writer, body: NewTrunkNumber) -> NewTrunkNumberAnswer:
    """Keep a number that a SIP trunk brings. The secret of its webhook is shown in this answer alone."""
    sip_auth = None if body.sip_auth is None else body.sip_auth.model_dump(exclude_none=True)
    wanted = TrunkNumber(
        number=body.phone_number,
        name=body.name,
        webhook_name=None if body.webhook is None else body.webhook.name,
        webhook_url=None if body.webhook is None else body.webhook.url,
        sip_auth=sip_auth,
    )
    brought = await numbers.bring(caller, wanted)
    return NewTrunkNumberAnswer(phone_number=_shown(brought.phone_number), signing_secret=brought.signing_secret)


@router.get("/v2/phone-numbers", summary="List phone numbers (newer path)")
@router.get("/v1/phone-numbers", summary="List phone numbers")
async def list_phone_numbers(numbers: PhoneNumbersOf, caller: Reader, page: PageOf) -> PhoneNumberList:
    found = await numbers.list(caller, page)
    return PhoneNumberList(
        phone_numbers=[_shown(number) for number in found.items],
        has_more=found.next_seq is not None,
        pagination_token=pagination_token(found.next_seq),
    )


@router.get("/v1/phone-numbers/{phone_number_id}", summary="Get a phone number")
async def get_phone_number(
    numbers: PhoneNumbersOf, caller: Reader, phone_number_id: PhoneNumberId
) -> PhoneNumberAnswer:
    return _answer(await numbers.get(caller, phone_number_id))


@router.patch("/v1/phone-numbers/{phone_number_id}", summary="Rename a phone number")
async def update_phone_number(
    numbers: PhoneNumbersOf, caller: Writer, phone_number_id: PhoneNumberId, body: PhoneNumberChanges
) -> PhoneNumberAnswer:
    if body.name is None:
        return _answer(await numbers.get(caller, phone_number_id))
    return _answer(await numbers.rename(caller, phone_number_id, body.name))


@router.delete("/v1/phone-numbers/{phone_number_id}", summary="Release a phone number")
async def delete_phone_number(
    numbers: PhoneNumbersOf, caller: Writer, phone_number_id: PhoneNumberId
) -> DeletedPhoneNumber:
    """Give the number back. The agent that had it has none then."""
    gone = await numbers.release(caller, phone_number_id)
    return DeletedPhoneNumber(phone_number_id=gone.resource_id, deleted=True)


def _answer(number: Resource[PhoneNumber]) -> PhoneNumberAnswer:
    return PhoneNumberAnswer(phone_number=_shown(number))


def _shown(number: Resource[PhoneNumber]) -> PhoneNumberObject:
    body = number.body
    webhook: dict[str, Any] | None = None
    if body.webhook_url is not None:
        webhook = {"name": body.webhook_name, "url": body.webhook_url}
    return PhoneNumberObject(
        phone_number_id=number.resource_id,
        phone_number=body.number,
        name=body.name,
        area_code=body.area_code,
        agent_id=body.agent_id,
        origin=body.origin,
        provider=body.provider,
        status=body.status,
        sip_uri=body.sip_uri,
        webhook=webhook,
        sip_auth=None if body.sip_auth_sealed is None else "set",
        created_at=number.created_at,
        updated_at=number.updated_at,
    )
