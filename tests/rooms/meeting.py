"""A gateway on fakes, and clients that speak the protocol to it without sockets or media."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from reelkit.capture.events import EVENT, Event
from reelkit.rooms.admission import Admission
from reelkit.rooms.envelope import Envelope, decode, encode
from reelkit.rooms.events import MediaEvent, RoomEvent
from reelkit.rooms.gateway import Gateway
from reelkit.rooms.heartbeat import PONG
from reelkit.rooms.preset import Preset
from reelkit.rooms.proto import media_edge_pb2, media_pb2, room_pb2
from reelkit.rooms.room import Room
from reelkit.rooms.websocket import SocketClosed
from reelkit.settings import Settings
from tests.rooms.fake_sfu import FakePublisher, FakeSfu, FakeSfuRoom
from tests.rooms.fakes import RecordingObserver
from tests.rooms.manual_clock import ManualClock, settle
from tests.rooms.sdp_texts import sdp

MEETING = "meeting-1"
KEEP_ALIVE_S = 60.0
PEOPLE: dict[str, Any] = {
    "name": "people",
    "permissions": {"media": {kind: {"can_produce": "ALLOWED"} for kind in ("audio", "video", "screenshare")}},
}
HOST: dict[str, Any] = {
    "name": "host",
    "permissions": PEOPLE["permissions"]
    | {
        "kick_participant": True,
        "pin_participant": True,
        "disable_participant_audio": True,
        "disable_participant_video": True,
        "chat": {"private": {"can_send": True, "can_receive": True, "text": True}},
    },
}
RECORDER: dict[str, Any] = {"name": "recorder", "permissions": {"hidden_participant": True, "is_recorder": True}}

_M = TypeVar("_M", bound=Message)


class Refused(Exception):
    """An error reply."""


class FakeSocket:
    """The server's end of a websocket whose other end is a test."""

    def __init__(self) -> None:
        self.sent: list[bytes | str] = []
        self.closed_with: int | None = None
        self._incoming: asyncio.Queue[bytes | str | None] = asyncio.Queue()

    async def send_bytes(self, data: bytes) -> None:
        self._require_open()
        self.sent.append(data)

    async def send_text(self, data: str) -> None:
        self._require_open()
        self.sent.append(data)

    async def receive(self) -> bytes | str:
        self._require_open()
        frame = await self._incoming.get()
        if frame is None:
            raise SocketClosed(self.closed_with or 1006)
        return frame

    async def close(self, code: int) -> None:
        self.drop(code)

    def arrive(self, frame: bytes | str) -> None:
        """The client sends a frame."""
        self._incoming.put_nowait(frame)

    def drop(self, code: int) -> None:
        """The websocket closes, from whichever side."""
        if self.closed_with is None:
            self.closed_with = code
            self._incoming.put_nowait(None)

    def _require_open(self) -> None:
        if self.closed_with is not None:
            raise SocketClosed(self.closed_with)


class FakeClient:
    """One participant's client."""

    def __init__(self, meeting: "FakeMeeting", admission: Admission) -> None:
        self.meeting = meeting
        self.admission = admission
        self.id = admission.peer_id
        self.name = admission.name
        self.socket = FakeSocket()
        self.serving = asyncio.create_task(meeting.gateway.serve(self.socket, admission))
        self.send_transport = ""
        self.receive_transport = ""
        self._requests = 0

    async def ask(self, event: int, message: Message, reply: type[_M], *, replied: int | None = None) -> _M:
        """Sends a request and gives its reply, which has the request's number or ``replied``. Raises Refused on an
        error reply, AssertionError without any."""
        self._requests += 1
        request_id = f"{self.id}-{self._requests}"
        self.socket.arrive(encode(event, message, request_id))
        await settle()
        for envelope in self._received():
            if envelope.request_id != request_id:
                continue
            if envelope.event == MediaEvent.ERROR:
                error = media_edge_pb2.ErrorResponse.FromString(envelope.payload)
                assert error.event_id == event
                raise Refused(error.error_message)
            assert envelope.event == (event if replied is None else replied)
            return reply.FromString(envelope.payload)
        raise AssertionError(f"no reply to event {event:#x}")

    async def tell(self, event: int, message: Message) -> None:
        """Sends what has no reply."""
        self.socket.arrive(encode(event, message))
        await settle()

    def pushed(self, event: int, kind: type[_M]) -> list[_M]:
        """All pushes of one event so far."""
        return [kind.FromString(e.payload) for e in self._received() if e.event == event and e.request_id is None]

    def events(self) -> list[int]:
        """The numbers of all messages so far."""
        return [envelope.event for envelope in self._received()]

    async def has_error(self) -> bool:
        """Whether any request was refused."""
        return MediaEvent.ERROR in self.events()

    def _received(self) -> list[Envelope]:
        return [decode(frame) for frame in self.socket.sent if isinstance(frame, bytes)]

    def forget(self) -> None:
        """Drops what was sent to the client so far."""
        self.socket.sent.clear()

    async def connect_media(self) -> None:
        """Sets up both PeerConnections as the SDK does."""
        for consuming, text in ((False, "chromium_send_connect_offer"), (True, "chromium_receive_connect_offer")):
            response = await self.ask(
                MediaEvent.CREATE_TRANSPORT,
                media_pb2.CreateTransportRequest(consuming=consuming, description=offer(sdp(text))),
                media_pb2.CreateTransportResponse,
            )
            if consuming:
                self.receive_transport = response.transport_id
            else:
                self.send_transport = response.transport_id

    async def join(self) -> media_edge_pb2.PeerJoinCompleteResponse:
        """Joins the room and the media room."""
        await self.ask(MediaEvent.JOIN_ROOM, media_edge_pb2.PeerJoinRequest(room_uuid=MEETING), Empty)
        if not self.send_transport:
            await self.connect_media()
        peer = room_pb2.Peer(peer_id=self.id, display_name=self.name)
        await self.ask(RoomEvent.JOIN_ROOM, room_pb2.JoinRoomRequest(peer=peer), room_pb2.PeerInfoResponse)
        return await self.ask(
            MediaEvent.SELF_JOIN_COMPLETE,
            media_edge_pb2.PeerJoinCompleteRequest(),
            media_edge_pb2.PeerJoinCompleteResponse,
        )

    async def produce(
        self,
        kind: str = "audio",
        *,
        text: str | None = None,
        mid: str | None = None,
        paused: bool = False,
        screen_share: bool = False,
    ) -> media_edge_pb2.ProducerCreateResponse:
        """Sends a track; the offers of the recorded client have the microphone in mid 2 and the camera in mid 3."""
        return await self.ask(
            MediaEvent.PRODUCE,
            media_edge_pb2.ProducerCreateRequest(
                kind=kind,
                paused=paused,
                screen_share=screen_share,
                description=offer(text or sdp(f"chromium_produce_{kind}_offer")),
                app_data=json.dumps({"mid": mid or ("2" if kind == "audio" else "3")}),
                producing_transport_id=self.send_transport,
            ),
            media_edge_pb2.ProducerCreateResponse,
        )

    async def consume(self, *producers: tuple["FakeClient", str]) -> media_edge_pb2.ConsumePeerResponse:
        return await self.ask(
            MediaEvent.CONSUME,
            media_edge_pb2.ConsumePeersRequest(
                requests=[
                    media_edge_pb2.ConsumePeerRequest(producing_peer_id=client.id, producer_id=producer_id)
                    for client, producer_id in producers
                ],
                consuming_transport_id=self.receive_transport,
            ),
            media_edge_pb2.ConsumePeerResponse,
        )

    async def close(self, code: int = 1000) -> None:
        """The websocket closes."""
        self.socket.drop(code)
        await settle()


class FakeMeeting:
    """A gateway with one meeting."""

    def __init__(self, data: Path, settings: Settings | None = None) -> None:
        self.clock = ManualClock()
        self.sfu = FakeSfu()
        self.observer = RecordingObserver()
        self.captures_dir = data / "captures"
        self._clients: list[FakeClient] = []
        self.gateway = Gateway(self.sfu, settings or Settings(), self.clock, self.captures_dir, self.observer)

    def admission(
        self,
        name: str,
        preset: Mapping[str, Any] = PEOPLE,
        *,
        peer_id: str | None = None,
        participant: str | None = None,
    ) -> Admission:
        return Admission(
            meeting_id=MEETING,
            meeting_title="A meeting",
            organization_id="org-1",
            participant_id=participant or f"participant-{name}",
            peer_id=peer_id or f"peer-{name}",
            name=name,
            preset=Preset.parse(preset),
            session_keep_alive_s=KEEP_ALIVE_S,
        )

    async def connect(self, name: str, preset: Mapping[str, Any] = PEOPLE, **changes: str) -> FakeClient:
        """Opens a websocket."""
        client = FakeClient(self, self.admission(name, preset, **changes))
        self._clients.append(client)
        await settle()
        return client

    async def joined(self, name: str, preset: Mapping[str, Any] = PEOPLE) -> FakeClient:
        """Opens a websocket and joins."""
        client = await self.connect(name, preset)
        await client.join()
        return client

    async def pass_time(self, duration_s: float) -> None:
        """Moves the clock while every client that is there answers the heartbeat."""
        step_s = 5.0
        while duration_s > 0:
            for client in self._clients:
                client.socket.arrive(PONG)
            await self.clock.advance(min(step_s, duration_s))
            duration_s -= step_s

    @property
    def room(self) -> Room:
        room = self.gateway.room_of(MEETING)
        assert room is not None, "there is no session"
        return room

    @property
    def sfu_room(self) -> FakeSfuRoom:
        return self.sfu.rooms[-1]

    def publisher(self, client: FakeClient) -> FakePublisher:
        return next(pub for feed, pub in self.sfu_room.publishers.items() if feed.startswith(client.id))

    def journal(self) -> list[Event]:
        """What is on disk of the newest session."""
        (path,) = self.captures_dir.glob("*/journal.jsonl")
        return [EVENT.validate_json(line) for line in path.read_bytes().splitlines()]

    def journalled(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.journal() if isinstance(event, kind)]


def offer(text: str) -> media_pb2.SessionDescription:
    return media_pb2.SessionDescription(type="offer", sdp=text)
