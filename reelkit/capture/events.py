"""The events of a journal. Every event has ``time_s``: wall-clock seconds since the epoch, as the gateway saw it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class MediaKind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class Source(StrEnum):
    """What a producer shows or plays."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    time_s: float


class SessionStarted(_Event):
    """The first event of every journal."""

    type: Literal["session.started"] = "session.started"
    session_id: str
    meeting_id: str
    title: str


class SessionEnded(_Event):
    type: Literal["session.ended"] = "session.ended"


class PeerJoined(_Event):
    """A peer came in. A hidden peer (a recorder) has no tile and does not count, nor does one while it is not on the
    stage."""

    type: Literal["peer.joined"] = "peer.joined"
    peer_id: str
    participant_id: str
    name: str
    custom_participant_id: str | None = None
    picture: str | None = None
    hidden: bool = False
    on_stage: bool = True
    """True in meetings without a stage."""


class PeerRenamed(_Event):
    type: Literal["peer.renamed"] = "peer.renamed"
    peer_id: str
    name: str


class PeerStageChanged(_Event):
    """A peer went onto the stage of a webinar, or left it."""

    type: Literal["peer.stage_changed"] = "peer.stage_changed"
    peer_id: str
    on_stage: bool


class PeerPictureStored(_Event):
    """The picture of a peer, whom PeerJoined names, was fetched: ``file`` is a PNG, as a path in the capture."""

    type: Literal["peer.picture_stored"] = "peer.picture_stored"
    peer_id: str
    file: str


class PeerLeft(_Event):
    type: Literal["peer.left"] = "peer.left"
    peer_id: str


class ProducerOpened(_Event):
    """A peer sends a track. ``feed`` and ``mindex`` (the m-line index) name its packet files."""

    type: Literal["producer.opened"] = "producer.opened"
    producer_id: str
    peer_id: str
    feed: str
    mid: str
    mindex: int
    kind: MediaKind
    source: Source
    codec: str
    """Lower-case codec name: opus, vp8, vp9, h264, …"""
    paused: bool = False
    extmap: dict[str, int] = Field(default_factory=dict)
    """RTP header extension URI -> id of this stream."""


class ProducerPaused(_Event):
    type: Literal["producer.paused"] = "producer.paused"
    producer_id: str


class ProducerResumed(_Event):
    type: Literal["producer.resumed"] = "producer.resumed"
    producer_id: str


class ProducerClosed(_Event):
    type: Literal["producer.closed"] = "producer.closed"
    producer_id: str


class SpeakerChanged(_Event):
    """``peer_id`` is the active speaker from now on; None when nobody speaks."""

    type: Literal["speaker.changed"] = "speaker.changed"
    peer_id: str | None


class BroadcastSent(_Event):
    """A participant's ``broadcastMessage(message_type, payload)``; payload is the JSON text."""

    type: Literal["broadcast.sent"] = "broadcast.sent"
    peer_id: str
    message_type: str
    payload: str


class RecordingMarked(_Event):
    """A recording changed state at this instant: the film holds what lies between ``started``/``resumed`` and the next
    ``paused``/``stopped``."""

    type: Literal["recording.marked"] = "recording.marked"
    recording_id: str
    mark: Literal["started", "paused", "resumed", "stopped"]


class CaptureSwitched(_Event):
    """Janus' recording was switched; packet files exist only for stretches that are on."""

    type: Literal["capture.switched"] = "capture.switched"
    on: bool


class SfuLost(_Event):
    """Janus died: every producer is gone until its peer produces again."""

    type: Literal["sfu.lost"] = "sfu.lost"
    reason: str


Event = Annotated[
    SessionStarted
    | SessionEnded
    | PeerJoined
    | PeerRenamed
    | PeerStageChanged
    | PeerPictureStored
    | PeerLeft
    | ProducerOpened
    | ProducerPaused
    | ProducerResumed
    | ProducerClosed
    | SpeakerChanged
    | BroadcastSent
    | RecordingMarked
    | CaptureSwitched
    | SfuLost,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads and writes one journal line: ``EVENT.validate_json(line)``, ``EVENT.dump_json(event)``."""
