"""`/v1/webhooks`: who is told what happened, and how the telling went. For keys with the scope `admin`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from vivavoce.api.dependencies import Administrator, PageOf, PlatformOf, pagination_token
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.webhook_shapes import (
    DeliveryPage,
    DeliveryShown,
    QueuedTest,
    WebhookChange,
    WebhookDeleted,
    WebhookPage,
    WebhookShown,
    WebhookToMake,
    WebhookWithSecret,
)
from vivavoce.services.webhooks.subscriptions import WebhookService

router = APIRouter(
    prefix="/v1/webhooks",
    tags=["Webhooks"],
    route_class=IdempotentRoute,
    responses=error_responses(Dialect.PLATFORM),
)


def webhook_service(platform: PlatformOf) -> WebhookService:
    return platform.webhooks


Webhooks = Annotated[WebhookService, Depends(webhook_service)]
WebhookId = Annotated[str, Path(description="The webhook's id, `wh_…`.")]
DeliveryId = Annotated[str, Path(description="The delivery's id, `dlv_…`.")]


@router.post("", status_code=201, summary="Create a webhook")
async def create_webhook(caller: Administrator, webhooks: Webhooks, body: WebhookToMake) -> WebhookWithSecret:
    """Have events sent to a URL. The answer has the signing secret, which is shown this once."""
    made = await webhooks.create(
        caller, body.url, tuple(body.events), description=body.description, enabled=body.enabled
    )
    return WebhookWithSecret.shown_once(made)


@router.get("", summary="List webhooks")
async def list_webhooks(caller: Administrator, webhooks: Webhooks, page: PageOf) -> WebhookPage:
    """The organisation's webhooks."""
    found = await webhooks.list(caller, page)
    token = pagination_token(found.next_seq)
    return WebhookPage(
        data=[WebhookShown.of(each) for each in found.items], has_more=token is not None, pagination_token=token
    )


@router.get("/{webhook_id}", summary="Get a webhook")
async def get_webhook(caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId) -> WebhookShown:
    """One webhook, without its secret."""
    return WebhookShown.of(await webhooks.get(caller, webhook_id))


@router.patch("/{webhook_id}", summary="Change a webhook")
async def change_webhook(
    caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId, body: WebhookChange
) -> WebhookShown:
    """Change the fields that the body names."""
    return WebhookShown.of(await webhooks.update(caller, webhook_id, body.changes))


@router.delete("/{webhook_id}", summary="Delete a webhook")
async def delete_webhook(caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId) -> WebhookDeleted:
    """Take a webhook away. What is still queued for it is not sent."""
    gone = await webhooks.delete(caller, webhook_id)
    return WebhookDeleted(id=gone.resource_id)


@router.post("/{webhook_id}/rotate-secret", summary="Rotate a webhook's secret")
async def rotate_webhook_secret(caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId) -> WebhookWithSecret:
    """Give a webhook a new signing secret. For 24 hours every event carries a signature of the former one as well."""
    return WebhookWithSecret.shown_once(await webhooks.rotate_secret(caller, webhook_id))


@router.post("/{webhook_id}/test", status_code=202, summary="Test a webhook")
async def send_test_event(caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId) -> QueuedTest:
    """Send a `webhook.test` event to this webhook alone, whatever events it wants."""
    return QueuedTest(event_id=await webhooks.send_test(caller, webhook_id))


@router.get("/{webhook_id}/deliveries", summary="List a webhook's deliveries")
async def list_webhook_deliveries(
    caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId, page: PageOf
) -> DeliveryPage:
    """The delivery log: what was sent to this webhook and how that went."""
    found = await webhooks.deliveries(caller, webhook_id, page)
    token = pagination_token(found.next_seq)
    return DeliveryPage(
        data=[DeliveryShown.of(each) for each in found.items], has_more=token is not None, pagination_token=token
    )


@router.post("/{webhook_id}/deliveries/{delivery_id}/retry", status_code=202, summary="Send a delivery again")
async def retry_webhook_delivery(
    caller: Administrator, webhooks: Webhooks, webhook_id: WebhookId, delivery_id: DeliveryId
) -> DeliveryShown:
    """Send an event to this webhook again, now, however the delivery ended."""
    return DeliveryShown.of(await webhooks.send_again(caller, webhook_id, delivery_id))
