"""Webhooks of an app, the log of their deliveries, and the key that everything is signed with."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.list_anchor import ListAnchor
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import PageQuery
from reelkit.api.wire.webhooks import DeliveryWire, PublicKey, PublicKeyEnvelope, WebhookWire, WholeDelivery
from reelkit.control.validation import UuidText
from reelkit.control.webhooks.delivery import DeliveryState
from reelkit.control.webhooks.events import EventName
from reelkit.control.webhooks.params import NewWebhook, WebhookChange

router = APIRouter(prefix=f"{APP_PATH}/webhooks", tags=["webhooks"])
public = APIRouter(tags=["webhooks"])


@public.get("/.well-known/webhooks.json", response_model=PublicKeyEnvelope)
async def public_key(state: State) -> PublicKeyEnvelope:
    """The public key of webhook signatures; open to everybody."""
    return PublicKeyEnvelope(data=PublicKey(public_key=await state.control.webhooks.public_key()))


@router.get("", response_model=Envelope[list[WebhookWire]])
async def list_webhooks(app: OperatedApp, state: State) -> Envelope[list[WebhookWire]]:
    """All webhooks, oldest first."""
    found = await state.control.webhooks.list(app.id)
    return Envelope[list[WebhookWire]](data=[WebhookWire.of(webhook) for webhook in found])


@router.post("", status_code=HTTPStatus.CREATED, response_model=Envelope[WebhookWire])
async def create_webhook(app: OperatedApp, body: NewWebhook, state: State) -> Envelope[WebhookWire]:
    """Makes a webhook; it is told what happens from now on."""
    return Envelope[WebhookWire](data=WebhookWire.of(await state.control.webhooks.create(app.id, body)))


@router.get("/{webhook_id}", response_model=Envelope[WebhookWire])
async def get_webhook(app: OperatedApp, webhook_id: UuidText, state: State) -> Envelope[WebhookWire]:
    """One webhook."""
    return Envelope[WebhookWire](data=WebhookWire.of(await state.control.webhooks.get(app.id, webhook_id)))


@router.patch("/{webhook_id}", response_model=Envelope[WebhookWire])
async def edit_webhook(
    app: OperatedApp, webhook_id: UuidText, body: WebhookChange, state: State
) -> Envelope[WebhookWire]:
    """Changes the given fields."""
    return Envelope[WebhookWire](data=WebhookWire.of(await state.control.webhooks.change(app.id, webhook_id, body)))


@router.put("/{webhook_id}", response_model=Envelope[WebhookWire])
async def replace_webhook(
    app: OperatedApp, webhook_id: UuidText, body: NewWebhook, state: State
) -> Envelope[WebhookWire]:
    """Changes all of it."""
    return Envelope[WebhookWire](data=WebhookWire.of(await state.control.webhooks.replace(app.id, webhook_id, body)))


@router.delete("/{webhook_id}", response_model=Envelope[WebhookWire])
async def delete_webhook(app: OperatedApp, webhook_id: UuidText, state: State) -> Envelope[WebhookWire]:
    """Deletes a webhook, what is queued for it and its log."""
    return Envelope[WebhookWire](data=WebhookWire.of(await state.control.webhooks.delete(app.id, webhook_id)))


@router.get("/{webhook_id}/deliveries", response_model=Page[DeliveryWire])
async def list_deliveries(
    app: OperatedApp,
    webhook_id: UuidText,
    state: State,
    page: PageQuery,
    anchor: ListAnchor,
    states: Annotated[list[DeliveryState] | None, Query(alias="state")] = None,
    event: EventName | None = None,
) -> Page[DeliveryWire]:
    """What was sent and what is to be sent, newest first. An extension of Reelkit."""
    found = await state.control.webhooks.deliveries(
        app.id, webhook_id, page, states=states or (), event=event, created_until=anchor.until()
    )
    anchor.found([delivery.created_at for delivery in found.items])
    return Page[DeliveryWire].of(found, DeliveryWire.of)


@router.get("/{webhook_id}/deliveries/{delivery_id}", response_model=Envelope[WholeDelivery])
async def get_delivery(
    app: OperatedApp, webhook_id: UuidText, delivery_id: UuidText, state: State
) -> Envelope[WholeDelivery]:
    """One delivery with its payload and each request that was made. An extension of Reelkit."""
    found = await state.control.webhooks.delivery(app.id, webhook_id, delivery_id)
    return Envelope[WholeDelivery](data=WholeDelivery.of(found))


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", response_model=Envelope[DeliveryWire])
async def replay_delivery(
    app: OperatedApp, webhook_id: UuidText, delivery_id: UuidText, state: State
) -> Envelope[DeliveryWire]:
    """Sends an event once more, at once and under the same rtk-uuid. An extension of Reelkit."""
    found = await state.control.webhooks.replay(app.id, webhook_id, delivery_id)
    return Envelope[DeliveryWire](data=DeliveryWire.of(found))
