"""What operators' tools ask: is it alive, would the next request work, and numbers."""

import ipaddress
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from reelkit.api import metrics
from reelkit.api.auth import State, require_whole_account
from reelkit.api.envelope import WireModel

router = APIRouter(tags=["operation"])


class Alive(WireModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyOrNot(WireModel):
    """Whether the next request would work, and if not, why."""

    ready: bool
    reasons: list[str]


@router.get("/healthz", response_model=Alive)
async def health() -> Alive:
    """Liveness; cheap."""
    return Alive()


@router.get("/readyz", response_model=ReadyOrNot, responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": ReadyOrNot}})
async def ready(state: State) -> Response:
    """Readiness: 503 with the reasons while Janus, the database or the disk is not fine."""
    reasons = list(await state.readiness.reasons())
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    return JSONResponse(ReadyOrNot(ready=not reasons, reasons=reasons).model_dump(), int(status))


@router.get("/metrics", response_class=Response)
async def show_metrics(request: Request, state: State) -> Response:
    """Prometheus metrics: open on the machine itself, elsewhere for the operator's token."""
    if not _local(request):
        require_whole_account(request, state)
    return Response(state.metrics.text(), media_type=metrics.CONTENT_TYPE)


def _local(request: Request) -> bool:
    # By TLS it may be a recorded page that asks, which comes to us by way of this machine.
    if request.client is None or request.url.scheme != "http":
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
