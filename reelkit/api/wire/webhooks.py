"""Webhooks as the official clients read them, and their deliveries, which only Reelkit shows."""

import json
from typing import Any, Literal, Self

from pydantic import Field

from reelkit.api.envelope import Absent, Mirror, Timestamp, WireModel
from reelkit.control.webhooks.delivery import Delivery, DeliveryState
from reelkit.control.webhooks.events import EventName


class WebhookWire(Mirror):
    """A webhook."""

    id: str
    name: str
    url: str
    events: list[EventName]
    enabled: bool
    created_at: Timestamp
    updated_at: Timestamp


class AttemptWire(Mirror):
    """One request."""

    number: int
    started_at: Timestamp
    latency_ms: int
    status: Absent[int] = Field(None, description="HTTP status of the answer; absent if there was none.")
    error: Absent[str] = Field(None, description="Why there was no answer.")
    response: Absent[str] = Field(None, description="The beginning of the answer's body.")


class DeliveryWire(WireModel):
    """One event on its way to one webhook."""

    id: str = Field(description="What the receiver sees as rtk-uuid.")
    webhook_id: str
    event: EventName
    subject: str = Field(description="What it is about. Events of one subject are sent in order.")
    state: DeliveryState
    attempts: int
    created_at: Timestamp = Field(description="When it came about.")
    next_attempt_at: Absent[Timestamp] = Field(
        None, description="Absent once it has ended, and while it waits for an earlier event of its subject."
    )
    finished_at: Absent[Timestamp] = None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(**cls._fields_of(delivery))

    @staticmethod
    def _fields_of(delivery: Delivery) -> dict[str, Any]:
        return {
            "id": delivery.id,
            "webhook_id": delivery.webhook_id,
            "event": delivery.event,
            "subject": delivery.subject,
            "state": delivery.state,
            "attempts": delivery.attempts,
            "created_at": delivery.created_at,
            "next_attempt_at": delivery.next_attempt_at,
            "finished_at": delivery.finished_at,
        }


class WholeDelivery(DeliveryWire):
    """A delivery with what is sent and each request that was made."""

    payload: dict[str, Any]
    log: list[AttemptWire]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            **cls._fields_of(delivery),
            payload=json.loads(delivery.body),
            log=[AttemptWire.of(attempt) for attempt in delivery.log],
        )


class PublicKey(WireModel):
    """What signatures are checked with."""

    public_key: str = Field(alias="publicKey", description="PEM.")


class PublicKeyEnvelope(WireModel):
    """As the hosted service publishes it."""

    success: Literal[True] = True
    data: PublicKey
    message: str = ""
