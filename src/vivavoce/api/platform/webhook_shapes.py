"""Webhooks and their deliveries as the API's clients see them. Values of one request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field

from vivavoce.agents.resources import URL_LENGTH_MAXIMUM, Webhook
from vivavoce.services.webhooks.subscriptions import NewSecret
from vivavoce.store.deliveries import Delivery
from vivavoce.store.resources import Resource

EventType = Literal["session.started", "session.ended", "message.added", "agent.updated"]
DESCRIPTION_LENGTH_MAXIMUM = 1_000

_URL = "Where events are POSTed: an absolute http or https URL with a public address."
_EVENTS = "Which events are sent."
_DESCRIPTION = "What it is for; only for people."
_ENABLED = "Whether events are sent. A receiver that answers 410 sets it to false."
_SECRET = "The signing secret, `whsec_…`. It is shown this once; the other answers never have it."  # noqa: S105


def _without_default(schema: dict[str, Any]) -> None:
    """A field that is left out of a change keeps its value; it has no default."""
    schema.pop("default", None)


class WebhookToMake(BaseModel):
    """A webhook to make."""

    url: str = Field(description=_URL, max_length=URL_LENGTH_MAXIMUM, examples=["https://example.com/hooks/voice"])
    events: list[EventType] = Field(
        default=list(get_args(EventType)), min_length=1, description=f"{_EVENTS} All of them when left out."
    )
    description: str = Field(default="", max_length=DESCRIPTION_LENGTH_MAXIMUM, description=_DESCRIPTION)
    enabled: bool = Field(default=True, description=_ENABLED)


class WebhookChange(BaseModel):
    """What to change; fields that are left out stay as they are."""

    url: str = Field(default="", max_length=URL_LENGTH_MAXIMUM, description=_URL, json_schema_extra=_without_default)
    events: list[EventType] = Field(
        default=list(get_args(EventType)), min_length=1, description=_EVENTS, json_schema_extra=_without_default
    )
    description: str = Field(
        default="",
        max_length=DESCRIPTION_LENGTH_MAXIMUM,
        description=_DESCRIPTION,
        json_schema_extra=_without_default,
    )
    enabled: bool = Field(default=True, description=_ENABLED, json_schema_extra=_without_default)

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that the request named."""
        told = self.model_dump(exclude_unset=True)
        return told | ({"events": tuple(told["events"])} if "events" in told else {})


class WebhookShown(BaseModel):
    """Somewhere to tell what happened."""

    id: str = Field(description="The webhook's id, `wh_…`.")
    url: str = Field(description=_URL)
    events: list[str] = Field(description=_EVENTS)
    description: str = Field(description=_DESCRIPTION)
    enabled: bool = Field(description=_ENABLED)
    status: Literal["enabled", "disabled"] = Field(description="`enabled`, as a word.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")

    @classmethod
    def of(cls, webhook: Resource[Webhook]) -> WebhookShown:
        return cls(**_fields(webhook))


class WebhookWithSecret(WebhookShown):
    """A webhook at the only moment when its secret is shown."""

    secret: str = Field(description=_SECRET, repr=False)

    @classmethod
    def shown_once(cls, made: NewSecret) -> WebhookWithSecret:
        return cls(**_fields(made.webhook), secret=made.secret)


class WebhookPage(BaseModel):
    """Some of the organisation's webhooks."""

    data: list[WebhookShown] = Field(description="The webhooks, the newest first unless asked otherwise.")
    has_more: bool = Field(description="Whether the list goes on.")
    pagination_token: str | None = Field(description="Where it goes on; null at the end.")


class WebhookDeleted(BaseModel):
    """A webhook that is no more."""

    id: str = Field(description="The id that it had.")
    deleted: Literal[True] = Field(default=True, description="Always true.")


class QueuedTest(BaseModel):
    """A test that is on its way."""

    event_id: str = Field(description="The id of the `webhook.test` event, `evt_…`; the delivery log has it.")


class DeliveryShown(BaseModel):
    """One event on its way to one webhook."""

    id: str = Field(description="The delivery's id, `dlv_…`.")
    webhook_id: str = Field(description="The webhook that it goes to.")
    event_id: str = Field(description="The event's id, `evt_…`: the `id` of the payload and the `webhook-id` header.")
    event_type: str = Field(description="The event's type, such as `session.ended`.")
    status: Literal["pending", "delivered", "failed"] = Field(
        description="`pending`: to be tried, or tried again; `delivered`: answered with 2xx; `failed`: given up."
    )
    attempts: int = Field(description="How often it was tried.")
    last_status_code: int | None = Field(description="The HTTP status of the last answer; null when none came.")
    last_error: str | None = Field(description="Why the last attempt failed; null when it did not.")
    next_attempt_at: datetime | None = Field(description="When it is tried next; null when it is not.")
    created_at: datetime = Field(description="When the event happened.")
    finished_at: datetime | None = Field(description="When it was delivered or given up; null before.")

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryShown:
        return cls(
            id=delivery.delivery_id,
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            status=delivery.status,
            attempts=delivery.attempts,
            last_status_code=delivery.last_status_code,
            last_error=delivery.last_error,
            next_attempt_at=delivery.next_attempt_at,
            created_at=delivery.created_at,
            finished_at=delivery.finished_at,
        )


class DeliveryPage(BaseModel):
    """Some of a webhook's delivery log."""

    data: list[DeliveryShown] = Field(description="The deliveries, the newest first unless asked otherwise.")
    has_more: bool = Field(description="Whether the log goes on.")
    pagination_token: str | None = Field(description="Where it goes on; null at the end.")


def _fields(webhook: Resource[Webhook]) -> dict[str, Any]:
    return {
        "id": webhook.resource_id,
        "url": webhook.body.url,
        "events": list(webhook.body.events),
        "description": webhook.body.description,
        "enabled": webhook.body.enabled,
        "status": "enabled" if webhook.body.enabled else "disabled",
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    }
