"""One visit of one participant: a websocket that may drop and return, two PeerConnections, and what is sent."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from reelkit.capture.events import Source
from reelkit.clock import Clock
from reelkit.rooms.admission import Admission
from reelkit.rooms.connection import Connection
from reelkit.rooms.envelope import encode
from reelkit.rooms.errors import LimitExceeded
from reelkit.rooms.lane import Lane
from reelkit.rooms.preset import NO_RECORDER, CanProduce, Permissions, Preset
from reelkit.rooms.producer import Producer
from reelkit.rooms.proto import media_edge_pb2, room_pb2
from reelkit.rooms.rate_limit import RateLimit
from reelkit.rooms.stage import Stage
from reelkit.rooms.tasks import TaskOwner
from reelkit.rooms.transport import ReceiveTransport, SendTransport

# Broadcasts, new names, what is asked of the chat and written to stores. The SDK itself sends five broadcasts a second
# at most.
MESSAGES_PER_S = 10.0
MESSAGE_BURST = 30
# A large message counts as many small ones, so that no client can fill the queues of all others, or the journal.
BYTES_PER_MESSAGE = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerInfo:
    """What others may know of a peer."""

    peer_id: str
    participant_id: str
    name: str
    custom_participant_id: str | None
    picture: str | None
    preset_name: str
    hidden: bool
    joined_at_s: float
    created_at_s: float
    """When its client connected, before it joined."""
    view_type: str
    """Of its preset."""


class Peer:
    """The room's view of one client."""

    def __init__(self, admission: Admission, tasks: TaskOwner, clock: Clock) -> None:
        self.id = admission.peer_id
        self.admission = admission
        self._preset = admission.preset
        self.stage = Stage.ON if self._enters_on_stage else Stage.OFF
        self.name = admission.name
        self.connection: Connection | None = None
        self.created_at_s = clock.time_s()
        self.joined_at_s: float | None = None
        self.media_joined = False
        self.waiting = False
        """Whether it asked to join and has to wait for somebody to let it in."""
        self.leaving = False
        """The client said goodbye: when its socket closes it will not be back."""
        self.removed = False
        self.send: SendTransport | None = None
        self.receive: ReceiveTransport | None = None
        self.send_arrived = asyncio.Event()
        self.producers: dict[str, Producer] = {}
        self._messages = RateLimit(MESSAGES_PER_S, MESSAGE_BURST, clock)
        self.grace: asyncio.Task[None] | None = None
        self.room_lane = Lane(tasks, f"{self.id}-room")
        self.send_lane = Lane(tasks, f"{self.id}-send")
        self.receive_lane = Lane(tasks, f"{self.id}-receive")

    @property
    def preset(self) -> Preset:
        """What the participant may do now: the admission's preset, with what somebody in the meeting has changed."""
        return self._preset

    @property
    def permissions(self) -> Permissions:
        return self._preset.permissions

    def admit_again(self, admission: Admission, changes: Mapping[str, Any]) -> None:
        """The client is back under a new admission; ``changes``, what was changed in the meeting, still counts. It
        keeps its place, unless that was its right by a preset that it has no more."""
        by_right = self._enters_on_stage
        self.admission = admission
        self.change(changes)
        if not self._preset.has_stage:
            self.stage = Stage.ON
        elif self._preset.stage_access is CanProduce.NOT_ALLOWED or (by_right and not self._enters_on_stage):
            self.stage = Stage.OFF

    def change(self, changes: Mapping[str, Any]) -> None:
        """Sets what is changed of the admission's permissions, all of it. Raises pydantic.ValidationError."""
        self._preset = self.admission.preset.changed(changes)

    @property
    def joined(self) -> bool:
        return self.joined_at_s is not None

    @property
    def hidden(self) -> bool:
        return self.preset.hidden

    @property
    def takes_tcp(self) -> bool:
        """Whether the client is to know where the SFU takes media over TCP.

        The browser of a recorder may be able to use nothing else. People are not told: libnice, Janus' ICE library, has
        one buffer for what comes over all TCP connections of a PeerConnection, so that a second one can break it.
        """
        return self.preset.recorder_type != NO_RECORDER

    @property
    def info(self) -> PeerInfo:
        return PeerInfo(
            peer_id=self.id,
            participant_id=self.admission.participant_id,
            name=self.name,
            custom_participant_id=self.admission.custom_participant_id,
            picture=self.admission.picture,
            preset_name=self.preset.name,
            hidden=self.hidden,
            joined_at_s=self.joined_at_s or 0.0,
            created_at_s=self.created_at_s,
            view_type=self.admission.preset.config.view_type,
        )

    def may_send(self, source: Source) -> bool:
        """Whether the preset allows sending from a source now; with a stage, only from there."""
        media = self.permissions.media
        match source:
            case Source.MICROPHONE:
                permission = media.audio
            case Source.CAMERA:
                permission = media.video
            case Source.SCREEN | Source.SCREEN_AUDIO:
                permission = media.screenshare
        if not self.preset.has_stage:
            return permission.allowed
        return self.stage is Stage.ON and permission.can_produce is not CanProduce.NOT_ALLOWED

    @property
    def _enters_on_stage(self) -> bool:
        return not self.preset.has_stage or self.preset.stage_access is CanProduce.ALLOWED

    def require_rate(self, size_bytes: int = 0) -> None:
        """Call it for whatever goes to others at the client's will, or costs much to answer. Raises LimitExceeded."""
        if not self._messages.allow(1 + size_bytes // BYTES_PER_MESSAGE):
            raise LimitExceeded("too many messages")

    def push(self, event: int, message: Message) -> None:
        """Sends an event to the client; lost while its socket is away, because it asks anew when it returns."""
        if self.connection is not None:
            self.connection.send(encode(event, message))

    def set_send(self, transport: SendTransport | None) -> None:
        """Replaces the sending transport; whoever waits for the old one is released."""
        if self.send is not None:
            self.send.settled.set()
        self.send = transport
        if transport is None:
            self.send_arrived.clear()
        else:
            self.send_arrived.set()

    def socket_peer(self) -> room_pb2.Peer:
        """The peer as the socket's room describes it."""
        preset = self.preset
        return room_pb2.Peer(
            peer_id=self.id,
            user_id=self.admission.participant_id,
            display_name=self.name,
            stage_type=self.stage.wire,
            custom_participant_id=self.admission.custom_participant_id,
            preset_id=preset.id,
            display_picture_url=self.admission.picture,
            waitlisted=self.waiting,
            flags=room_pb2.PeerFlags(
                preset_name=preset.name, recorder_type=preset.recorder_type, hidden_participant=self.hidden
            ),
        )

    def stage_status(self) -> room_pb2.PeerStatusUpdate:
        """Where the peer stands with the stage, as others hear of it."""
        return room_pb2.PeerStatusUpdate(
            peer_id=self.id, user_id=self.admission.participant_id, stage_type=self.stage.wire
        )

    def media_participant(self) -> media_edge_pb2.RoomParticipants:
        """The peer as the media room describes it."""
        return media_edge_pb2.RoomParticipants(
            peer_id=self.id,
            user_id=self.admission.participant_id,
            display_name=self.name,
            producer_states=[producer.state() for producer in self.producers.values()],
        )
