"""Makes the requests."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from reelkit.clock import Clock, utc
from reelkit.control.webhooks.attempt import Attempt
from reelkit.control.webhooks.signing import SigningKey
from reelkit.egress.client import HttpClient, HttpResponse
from reelkit.egress.errors import EgressError
from reelkit.egress.guard import EgressGuard

SIGNATURE_HEADER = "rtk-signature"
DELIVERY_HEADER = "rtk-uuid"
WEBHOOK_HEADER = "rtk-webhook-id"
# What the log keeps of an answer.
EXCERPT_BYTES = 1_024
# Far more than all webhooks make at once: a limit that they shared would let slow ones delay others.
_MAX_CONNECTIONS = 10_000
_MS_PER_S = 1_000


class WebhookSender:
    """Sends one body to one address, signed, through the egress guard. Redirects are answers like others."""

    def __init__(self, guard: EgressGuard, key: SigningKey, clock: Clock, timeout_s: float) -> None:
        self._http = HttpClient(guard, max_connections=_MAX_CONNECTIONS)
        self._key = key
        self._clock = clock
        self._timeout_s = timeout_s
        # Its own thread: those that all share may be waiting for slow disks and name servers.
        self._signing = ThreadPoolExecutor(1, "webhook-signing")

    async def send(self, url: str, *, webhook_id: str, delivery_id: str, body: bytes) -> Attempt:
        """One attempt, whatever becomes of it. Raises KeyUnusable and OSError if nothing can be signed."""
        started_s, begun_s = self._clock.time_s(), self._clock.monotonic_s()
        signature = await asyncio.get_running_loop().run_in_executor(self._signing, self._key.signature, body)
        headers = {
            "content-type": "application/json",
            SIGNATURE_HEADER: signature,
            DELIVERY_HEADER: delivery_id,
            WEBHOOK_HEADER: webhook_id,
        }
        answer: HttpResponse | None = None
        refused: EgressError | None = None
        try:
            answer = await self._http.request(
                "POST", url, headers=headers, body=body, timeout_s=self._timeout_s, max_bytes=EXCERPT_BYTES
            )
        except EgressError as error:
            refused = error
        return Attempt(
            started_at=utc(started_s),
            latency_ms=round((self._clock.monotonic_s() - begun_s) * _MS_PER_S),
            status=answer.status if answer else None,
            error=refused.message if refused else None,
            final=refused is not None and not refused.retry,
            response=_text(answer.body) or None if answer else None,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close()
        self._signing.shutdown(wait=False)


def _text(excerpt: bytes) -> str:
    # PostgreSQL cannot hold the character.
    return excerpt.decode("utf-8", "replace").replace("\0", "�")
