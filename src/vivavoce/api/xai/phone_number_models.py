"""Phone numbers as the xAI API asks for them and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from vivavoce.agents.resources import NAME_LENGTH_MAXIMUM, URL_LENGTH_MAXIMUM
from vivavoce.api.agents.examples import AGENT_ID, PHONE_NUMBER_ID
from vivavoce.api.agents.spellings import Spelled, told_as

ADDRESSES_MAXIMUM = 100
CREDENTIAL_LENGTH_MAXIMUM = 256
PHONE_NUMBER_LENGTH_MAXIMUM = 32


class NewPhoneNumber(Spelled):
    """A number to take."""

    area_code: str = Field(
        max_length=8,
        description="A US area code: three digits.",
        examples=["415"],
        json_schema_extra=told_as("^[2-9](?!11|9)[0-9]{2}$"),
    )
    name: str = Field(
        default="", max_length=NAME_LENGTH_MAXIMUM, description="What people call it.", examples=["Support Line"]
    )


class PhoneNumberChanges(Spelled):
    """What to change; what is not given stays. Agents are assigned with `PATCH /v1/agents/{agent_id}`."""

    name: str | None = Field(default=None, max_length=NAME_LENGTH_MAXIMUM, description="What people call it.")


class WebhookFields(Spelled):
    """Where calls to a number are announced."""

    name: str = Field(default="", max_length=NAME_LENGTH_MAXIMUM, description="What people call it.")
    url: str = Field(max_length=URL_LENGTH_MAXIMUM, description="An http or https URL without a password in it.")


class DigestFields(Spelled):
    """A name and a password that the trunk proves itself with (RFC 3261, section 22)."""

    username: str = Field(min_length=1, max_length=CREDENTIAL_LENGTH_MAXIMUM, description="The trunk's user name.")
    password: str = Field(min_length=1, max_length=CREDENTIAL_LENGTH_MAXIMUM, description="Kept sealed, never shown.")


class SipAuthFields(Spelled):
    """How the trunk proves itself: by the addresses that it calls from, or by a password."""

    allowed_addresses: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(
        default=None,
        max_length=ADDRESSES_MAXIMUM,
        description="IP addresses or networks that calls come from.",
        examples=[["203.0.113.0/24"]],
    )
    digest: DigestFields | None = Field(default=None, description="A name and a password.")

    @model_validator(mode="after")
    def _has_one(self) -> SipAuthFields:
        if not self.allowed_addresses and self.digest is None:
            raise ValueError("give allowed_addresses or digest")
        return self


class NewTrunkNumber(Spelled):
    """A number of one's own that a SIP trunk brings."""

    origin: Literal["byo_trunk"] = Field(description="Always `byo_trunk`.")
    name: str = Field(
        default="", max_length=NAME_LENGTH_MAXIMUM, description="What people call it.", examples=["Head office"]
    )
    phone_number: str = Field(
        max_length=PHONE_NUMBER_LENGTH_MAXIMUM,
        description="The number in E.164.",
        examples=["+14155550123"],
        json_schema_extra=told_as("^\\+[1-9][0-9]{6,14}$"),
    )
    webhook: WebhookFields | None = Field(default=None, description="Where calls to it are announced.")
    sip_auth: SipAuthFields | None = Field(default=None, description="How the trunk proves itself.")


class PhoneNumberObject(BaseModel):
    """A phone number. This server places no calls with it yet."""

    phone_number_id: str = Field(description="What an agent's `phone_number_id` names.", examples=[PHONE_NUMBER_ID])
    phone_number: str = Field(description="The number in E.164.", examples=["+14155550123"])
    name: str = Field(description="What people call it.", examples=["Support Line"])
    area_code: str | None = Field(description="The US area code that it was taken in.", examples=["415"])
    agent_id: str | None = Field(description="The agent that calls with it.", examples=[AGENT_ID])
    origin: Literal["provisioned", "byo_trunk", "simulated"] = Field(
        description="`simulated`: it exists in this server alone, from the range that is kept for fiction (555-01xx)."
    )
    provider: str = Field(description="Who runs it.")
    status: str = Field(description="`active`: it can be assigned.")
    sip_uri: str | None = Field(description="Where a trunk sends its calls; null while this server takes none.")
    webhook: dict[str, Any] | None = Field(description="`name` and `url` of where calls to it are announced.")
    sip_auth: str | None = Field(description="`set` where the trunk must prove itself; how is never shown.")
    created_at: datetime = Field(description="When it was taken.")
    updated_at: datetime = Field(description="When it was last changed.")


class PhoneNumberAnswer(BaseModel):
    """A phone number."""

    phone_number: PhoneNumberObject = Field(description="The number.")


class NewTrunkNumberAnswer(PhoneNumberAnswer):
    """A phone number, and the secret of its webhook."""

    signing_secret: str | None = Field(
        description="Signs what the webhook is sent (Standard Webhooks). Shown this once; null without a webhook."
    )


class PhoneNumberList(BaseModel):
    """A page of phone numbers, the newest first."""

    phone_numbers: list[PhoneNumberObject] = Field(description="The numbers of this page.")
    has_more: bool = Field(description="Whether there are more behind this page.")
    pagination_token: str | None = Field(description="Send it back as `pagination_token` for the next page.")


class DeletedPhoneNumber(BaseModel):
    """A phone number that is gone."""

    phone_number_id: str = Field(description="Its id.", examples=[PHONE_NUMBER_ID])
    deleted: Literal[True] = Field(description="Always true.")
