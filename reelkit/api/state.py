"""What the routes work with, built once by the server."""

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import HTTPConnection

from reelkit.api.metrics import Metrics
from reelkit.api.readiness import Readiness
from reelkit.clock import Clock
from reelkit.control.plane import ControlPlane
from reelkit.control.ports import Bucket
from reelkit.publish.bucket import BucketLinks
from reelkit.rooms.admission import Admission
from reelkit.rooms.websocket import Socket
from reelkit.settings import Settings


class MeetingGateway(Protocol):
    """What the websocket route needs of :class:`reelkit.rooms.gateway.Gateway`."""

    async def serve(self, socket: Socket, admission: Admission) -> None: ...


@dataclass(frozen=True, slots=True)
class AppState:
    """Everything that requests need. ``public_url`` is the base of download links, without a slash at its end."""

    settings: Settings
    clock: Clock
    control: ControlPlane
    gateway: MeetingGateway
    bucket: Bucket
    bucket_links: BucketLinks
    readiness: Readiness
    metrics: Metrics
    public_url: str


def app_state(connection: HTTPConnection) -> AppState:
    """The dependency by which routes get it."""
    state: AppState = connection.app.state.reelkit
    return state
