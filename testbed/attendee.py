"""Somebody who is in a meeting and sends no media: what the API tells about people needs no more."""

import contextlib
import uuid
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import jwt

from reelkit.rooms.events import ChatEvent, MediaEvent, RoomEvent
from reelkit.rooms.proto import chat_pb2, media_edge_pb2, room_pb2
from testbed.signalling import RefusedError, ServerAddress, Signalling, participant_details


class Attendee:
    """An async context manager: in the meeting on entry, gone on exit."""

    def __init__(self, address: ServerAddress, token: str, name: str) -> None:
        self.name = name
        self.peer_id = str(uuid.uuid4())
        self.participant_id = ""
        """There once it is in the meeting."""
        self.pushes: list[tuple[int, bytes]] = []
        self._address, self._token = address, token
        self._exits = AsyncExitStack()
        claims = jwt.decode(token, options={"verify_signature": False})
        self._meeting_id = str(claims["meetingId"])
        self.signalling = Signalling(
            address,
            meeting_id=self._meeting_id,
            peer_id=self.peer_id,
            token=token,
            on_push=lambda event, payload: self.pushes.append((event, payload)),
        )

    async def __aenter__(self) -> Self:
        details = await participant_details(self._address, self._token)
        participant = details["participant"]
        assert isinstance(participant, dict)
        self.participant_id = str(participant["id"])
        await self._exits.enter_async_context(self.signalling)
        await self.signalling.request(
            MediaEvent.JOIN_ROOM,
            media_edge_pb2.PeerJoinRequest(display_name=self.name, room_uuid=self._meeting_id),
            media_edge_pb2.PeerJoinCompleteRequest,
        )
        peer = room_pb2.Peer(peer_id=self.peer_id, user_id=self.participant_id, display_name=self.name)
        await self.signalling.request(
            RoomEvent.JOIN_ROOM, room_pb2.JoinRoomRequest(peer=peer), room_pb2.PeerInfoResponse
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whoever was kicked may be on the way out already.
        with contextlib.suppress(RefusedError):
            await self.signalling.tell(MediaEvent.LEAVE_ROOM, media_edge_pb2.PeerLeaveRequest())
        await self._exits.aclose()

    async def chat(self, text: str) -> None:
        """Sends a message to everybody."""
        message = chat_pb2.SendChatMessageToRoomRequest(payload_type=0, payload=text)
        await self.signalling.request(ChatEvent.SEND_TO_ROOM, message, chat_pb2.SendChatMessageToRoomResponse)
