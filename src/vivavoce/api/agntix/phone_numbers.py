"""`/v1/chat/phone-numbers`: which numbers there are, and which agent answers them. Thin routes without state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.identifiers import Kind, as_uuid, parse
from vivavoce.agents.resources import NAME_LENGTH_MAXIMUM, PhoneNumber
from vivavoce.api.agntix.paging import CAMEL, AgntixPagination, NumberedPageOf, strict_with
from vivavoce.api.agntix.session_models import AgentRef
from vivavoce.api.dependencies import PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.resources import Resource

OWN_PROVIDER = "vivavoce"
PROVIDER_LENGTH_MAXIMUM = 64

router = APIRouter(
    route_class=IdempotentRoute, responses=error_responses(Dialect.AGNTIX), tags=["Agntix: phone numbers"]
)

_EXAMPLE = {"provider": "twilio", "number": "+15550001234", "agentId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890"}

_NAME = Field(default=None, max_length=NAME_LENGTH_MAXIMUM, description="What people call it.")
_PROVIDER = Field(
    default=None, min_length=1, max_length=PROVIDER_LENGTH_MAXIMUM, description="Who carries it.", examples=["twilio"]
)


class CreatePhoneNumber(BaseModel):
    """A number to be kept. Unknown fields are ignored."""

    model_config = strict_with(_EXAMPLE)

    number: str = Field(max_length=32, description="E.164.", examples=["+15550001234"])
    provider: str | None = _PROVIDER
    agent_id: AgentRef | None = Field(default=None, description="Who answers it.")
    name: str | None = _NAME


class UpdatePhoneNumber(BaseModel):
    """What to change; what is not given stays."""

    model_config = strict_with({"agentId": _EXAMPLE["agentId"]})

    agent_id: AgentRef | None = Field(default=None, description="Who answers it; null: nobody.")
    name: str | None = _NAME
    provider: str | None = _PROVIDER


class AgntixPhoneNumber(BaseModel):
    """A phone number."""

    model_config = CAMEL

    id: str = Field(description="`pn_…`.", examples=["pn_01j3m8xkqp8v2nw4f7g9hk0r5t"])
    number: str = Field(description="E.164.", examples=["+15550001234"])
    provider: str = Field(description="Who carries it.", examples=["twilio"])
    agent_id: str | None = Field(description="Who answers it, as a UUID; null: nobody.")
    name: str = Field(description="What people call it.")
    org_id: str = Field(description="Whose it is.", examples=["org_00000000000000000000000001"])
    created_at: datetime = Field(description="When it was made.", examples=["2026-04-29T10:00:00Z"])
    updated_at: datetime = Field(description="When it was last changed.", examples=["2026-04-29T10:00:00Z"])


class AgntixPhoneNumberPage(BaseModel):
    """A page of phone numbers, the newest first."""

    model_config = CAMEL

    data: list[AgntixPhoneNumber] = Field(description="The numbers of this page.")
    pagination: AgntixPagination = Field(description="Which page this is.")


@router.get("/v1/chat/phone-numbers", response_model=AgntixPhoneNumberPage, summary="List phone numbers")
async def list_agntix_phone_numbers(
    caller: Reader, platform: PlatformOf, page: NumberedPageOf
) -> AgntixPhoneNumberPage:
    """The newest first."""
    found = await platform.store.phone_numbers.list(caller.organisation_id, page.request())
    return AgntixPhoneNumberPage(data=[_shown(each) for each in found.items], pagination=page.of(found.total))


@router.post("/v1/chat/phone-numbers", status_code=201, response_model=AgntixPhoneNumber, summary="Add a phone number")
async def create_agntix_phone_number(
    body: CreatePhoneNumber, caller: Writer, platform: PlatformOf
) -> AgntixPhoneNumber:
    """A record: no carrier is asked. A number that is there already is answered with 409."""
    provider = body.provider or OWN_PROVIDER
    with _in_their_words():
        checks.storable("provider", provider)
        number = PhoneNumber(
            body.number,
            name=body.name or "",
            provider=provider,
            origin="simulated" if provider == OWN_PROVIDER else "byo_trunk",
            agent_id=await _agent_id(platform, caller, body.agent_id),
        )
    return _shown(await platform.store.phone_numbers.add(caller.organisation_id, number))


@router.patch("/v1/chat/phone-numbers/{id}", response_model=AgntixPhoneNumber, summary="Assign an agent")
async def update_agntix_phone_number(
    id: Annotated[str, Path(description="The number's id, in any rendering of it.")],  # noqa: A002 - theirs
    body: UpdatePhoneNumber,
    caller: Writer,
    platform: PlatformOf,
) -> AgntixPhoneNumber:
    """`agentId` says who answers; an agent may have several numbers."""
    identifier = parse(Kind.PHONE_NUMBER, id)
    if identifier is None:
        raise UnknownRecordError("phone number", id)
    given = body.model_fields_set
    changes: dict[str, Any] = {}
    if "name" in given:
        changes["name"] = body.name or ""
    if "provider" in given:
        changes["provider"] = body.provider or OWN_PROVIDER
        checks.storable("provider", changes["provider"])
    if "agent_id" in given:
        changes["agent_id"] = await _agent_id(platform, caller, body.agent_id)
    numbers = platform.store.phone_numbers
    with _in_their_words():
        return _shown(
            await numbers.change(caller.organisation_id, identifier, lambda former: replace(former, **changes))
        )


async def _agent_id(platform: Platform, caller: Caller, agent: str | None) -> str | None:
    return None if agent is None else (await platform.agents.get(caller, agent)).agent_id


def _shown(number: Resource[PhoneNumber]) -> AgntixPhoneNumber:
    body = number.body
    return AgntixPhoneNumber(
        id=number.resource_id,
        number=body.number,
        provider=body.provider,
        agent_id=None if body.agent_id is None else as_uuid(body.agent_id),
        name=body.name,
        org_id=number.organisation_id,
        created_at=number.created_at,
        updated_at=number.updated_at,
    )


@contextmanager
def _in_their_words() -> Iterator[None]:
    try:
        yield
    except InvalidFieldError as error:
        param = "number" if error.param == "phone_number" else error.param
        raise InvalidFieldError(param, error.message) from error
