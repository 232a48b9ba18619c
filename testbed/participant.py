"""A participant without a browser: it speaks the client protocol and sends clips that were encoded beforehand.

It costs a few hundredths of a core, so a test can have many. What it really did and when is kept in ``deeds``, so that
a film is compared with the truth rather than with the plan.
"""

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Literal, Self

import jwt
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)

from reelkit.rooms.events import ChatEvent, MediaEvent, RoomEvent
from reelkit.rooms.proto import chat_pb2, media_edge_pb2, media_pb2, room_pb2
from testbed.clip_track import ClipTrack
from testbed.clips import Clip, VideoCodec, camera_clip, microphone_clip, screen_clip
from testbed.playing import play
from testbed.signalling import ServerAddress, Signalling, app_data, participant_details
from testbed.timeline import Participant, Signal, Timeline

KEYFRAME_INTERVAL_S = 1.0
"""Keyframe requests cannot be obeyed by what is already encoded, so keyframes come often."""
ACTIVITY_INTERVAL_S = 0.4
"""The SDK tells the server this often how loud its microphone is."""
LOUD, SILENT = 8, 0
CONNECT_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Deed:
    """Something a participant did, at a wall-clock time."""

    what: str
    at_s: float
    instant_s: float | None = None
    """The declared instant, for a flash or a beep."""


@dataclass
class _Producer:
    producer_id: str
    transceiver: RTCRtpTransceiver
    track: ClipTrack


@dataclass(frozen=True)
class ParticipantClips:
    """What a participant sends; silence while muted."""

    camera: Clip
    voice: Clip
    silence: Clip


class SyntheticParticipant:
    """Plays one participant of a timeline whose zero is the wall-clock time ``zero_s``, with ``clips`` of their own if
    given.

    An async context manager: connected on entry; on exit it leaves, unless it has left or was dropped.
    """

    def __init__(
        self,
        address: ServerAddress,
        token: str,
        person: Participant,
        *,
        zero_s: float,
        codec: VideoCodec = "vp8",
        peer_id: str | None = None,
        clips: ParticipantClips | None = None,
    ) -> None:
        self.person = person
        self.peer_id = peer_id or str(uuid.uuid4())
        self.deeds: list[Deed] = []
        self.pushes: list[tuple[int, bytes]] = []
        self._address, self._token, self._zero_s, self._codec = address, token, zero_s, codec
        self._producers: dict[str, _Producer] = {}
        self._negotiating = asyncio.Lock()
        self._signalling: Signalling | None = None
        self._peer_connection: RTCPeerConnection | None = None
        self._transport_id = ""
        self._meeting_id = ""
        self._user_id = ""
        self._muted = True
        self._activity: asyncio.Task[None] | None = None
        self._gone = False
        self._made = clips

    @property
    def signalling(self) -> Signalling:
        """The websocket. Raises RuntimeError before the context is entered."""
        if self._signalling is None:
            raise RuntimeError(f"{self.person.name} is not connected")
        return self._signalling

    async def __aenter__(self) -> Self:
        # Clips that are not in the cache yet take seconds to make: not while the meeting runs.
        await asyncio.to_thread(self._clips)
        if self.person.screen:
            await asyncio.to_thread(self._screen_clip)
        details = await participant_details(self._address, self._token)
        self._meeting_id = _meeting_of(self._token)
        participant = details["participant"]
        assert isinstance(participant, dict)
        self._user_id = str(participant["id"])
        self._signalling = Signalling(
            self._address,
            meeting_id=self._meeting_id,
            peer_id=self.peer_id,
            token=self._token,
            on_push=lambda event, payload: self.pushes.append((event, payload)),
        )
        await self._signalling.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._gone:
            await self.leave()

    @property
    def gone(self) -> bool:
        """Whether it left or was dropped."""
        return self._gone

    async def join(self) -> None:
        """Joins the meeting and connects its sending PeerConnection."""
        name = self.person.name
        await self.signalling.request(
            MediaEvent.JOIN_ROOM,
            media_edge_pb2.PeerJoinRequest(display_name=name, room_uuid=self._meeting_id),
            media_edge_pb2.PeerJoinCompleteRequest,
        )
        await self._connect()
        peer = room_pb2.Peer(peer_id=self.peer_id, user_id=self._user_id, display_name=name)
        await self.signalling.request(
            RoomEvent.JOIN_ROOM, room_pb2.JoinRoomRequest(peer=peer), room_pb2.PeerInfoResponse
        )
        await self.signalling.request(
            MediaEvent.SELF_JOIN_COMPLETE,
            media_edge_pb2.PeerJoinCompleteRequest(),
            media_edge_pb2.PeerJoinCompleteResponse,
        )
        self._did("join")

    async def camera(self, *, on: bool) -> None:
        """Sends the camera from its next keyframe on, or closes its producer."""
        if on:
            await self._produce("camera", "video", self._clips().camera, self.person.signal)
        else:
            await self._close("camera")

    async def share(self, *, on: bool) -> None:
        """Shares the screen, or ends that."""
        if on:
            await self._produce("screen", "video", await asyncio.to_thread(self._screen_clip), Signal(()))
        else:
            await self._close("screen")

    async def microphone(self, *, on: bool) -> None:
        """Sends the microphone or unmutes it; off mutes it: silence is sent then, and the server is told."""
        clip = self._clips().voice if on else self._clips().silence
        producer = self._producers.get("microphone")
        if producer is None:
            await self._produce("microphone", "audio", clip, self.person.signal)
            self._activity = asyncio.create_task(self._tell_activity(), name=f"activity-{self.peer_id}")
        else:
            producer.track.switch(clip)
            request = media_edge_pb2.ProducerToggleRequest(producer_id=producer.producer_id, pause=not on)
            await self.signalling.tell(MediaEvent.TOGGLE_PRODUCER, request)
            self._did("unmute" if on else "mute")
        self._muted = not on

    async def broadcast(self, message_type: str, payload: str) -> None:
        """``participants.broadcastMessage`` of the SDK; ``payload`` is JSON text."""
        message = room_pb2.BroadcastMessage(
            type=message_type, payload=payload.encode(), timestamp=round(time.time() * 1000)
        )
        await self.signalling.request(RoomEvent.BROADCAST_MESSAGE, message, room_pb2.BroadcastMessage)
        self._did("broadcast")

    async def chat(self, text: str) -> None:
        """Sends a chat message to everybody."""
        message = chat_pb2.SendChatMessageToRoomRequest(payload_type=0, payload=text)
        await self.signalling.request(ChatEvent.SEND_TO_ROOM, message, chat_pb2.SendChatMessageToRoomResponse)
        self._did("chat")

    async def leave(self) -> None:
        """Leaves as a user does who presses the button."""
        self._gone = True
        self._did("leave")
        with contextlib.suppress(asyncio.CancelledError):
            await self._stop_activity()
        if not self.signalling.closed.is_set():
            await self.signalling.tell(MediaEvent.LEAVE_ROOM, media_edge_pb2.PeerLeaveRequest())
        await self.signalling.__aexit__(None, None, None)
        if self._peer_connection is not None:
            await self._peer_connection.close()

    async def drop(self) -> None:
        """Vanishes as a participant does whose network dies: nothing is said on any level."""
        self._gone = True
        self._did("drop")
        await self._stop_activity()
        self.signalling.drop()
        await self.signalling.closed.wait()
        if self._peer_connection is not None:
            for transceiver in self._peer_connection.getTransceivers():
                # Without ICE nothing can be sent, not even the goodbye of DTLS.
                await transceiver.sender.transport.transport.stop()
            await self._peer_connection.close()

    async def run(self, timeline: Timeline) -> None:
        """Does what the timeline declares for this participant, each thing at its time, and leaves."""
        await play(self, timeline, self._zero_s)

    @property
    def latest_s(self) -> float:
        """By how much the latest packet was sent late: above some 10 ms this machine was too busy to judge a film."""
        return max((producer.track.latest_s for producer in self._producers.values()), default=0.0)

    async def _connect(self) -> None:
        peer_connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._peer_connection = peer_connection
        # The SDK's first offer has an m-line of each kind that never carries media.
        peer_connection.addTransceiver("audio", direction="sendonly")
        peer_connection.addTransceiver("video", direction="sendonly")
        connected = asyncio.Event()

        @peer_connection.on("connectionstatechange")
        def changed() -> None:
            if peer_connection.connectionState == "connected":
                connected.set()

        answer = await self.signalling.request(
            MediaEvent.CREATE_TRANSPORT,
            media_pb2.CreateTransportRequest(consuming=False, description=await self._offer()),
            media_pb2.CreateTransportResponse,
        )
        self._transport_id = answer.transport_id
        await self._accept(answer.description)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await connected.wait()

    async def _produce(self, source: str, kind: Literal["audio", "video"], clip: Clip, signal: Signal) -> None:
        assert self._peer_connection is not None
        beep = "beep" if kind == "audio" else "flash"
        track = ClipTrack(kind, clip, self._zero_s, signal=signal, on_signal=partial(self._did_signal, beep))
        async with self._negotiating:
            transceiver = self._peer_connection.addTransceiver(track, direction="sendonly")
            capabilities = RTCRtpSender.getCapabilities(kind).codecs
            transceiver.setCodecPreferences(
                [codec for codec in capabilities if codec.mimeType.lower() == f"{kind}/{clip.codec}"]
            )
            description = await self._offer()
            created = await self.signalling.request(
                MediaEvent.PRODUCE,
                media_edge_pb2.ProducerCreateRequest(
                    kind=kind,
                    screen_share=source == "screen",
                    description=description,
                    msid=f"{self.peer_id} {track.id}",
                    app_data=app_data(mid=transceiver.mid, screenShare=source == "screen"),
                    mime_type=f"{kind}/{clip.codec}",
                    producing_transport_id=self._transport_id,
                ),
                media_edge_pb2.ProducerCreateResponse,
            )
            await self._accept(created.description)
        self._producers[source] = _Producer(created.producer_id, transceiver, track)
        self._did(f"{source} on")

    async def _close(self, source: str) -> None:
        producer = self._producers.pop(source)
        async with self._negotiating:
            producer.transceiver.sender.replaceTrack(None)
            producer.transceiver.direction = "inactive"
            closed = await self.signalling.request(
                MediaEvent.CLOSE_PRODUCER,
                media_edge_pb2.ProducerCloseRequest(
                    producer_id=producer.producer_id,
                    description=await self._offer(),
                    producing_transport_id=self._transport_id,
                ),
                media_edge_pb2.ProducerClosingResponse,
            )
            await self._accept(closed.description)
        self._did(f"{source} off")

    async def _offer(self) -> media_pb2.SessionDescription:
        assert self._peer_connection is not None
        await self._peer_connection.setLocalDescription(await self._peer_connection.createOffer())
        local = self._peer_connection.localDescription
        return media_pb2.SessionDescription(target=media_pb2.PUBLISHER, type="offer", sdp=local.sdp)

    async def _accept(self, description: media_pb2.SessionDescription) -> None:
        assert self._peer_connection is not None
        await self._peer_connection.setRemoteDescription(RTCSessionDescription(description.sdp, "answer"))

    async def _tell_activity(self) -> None:
        producer_id = self._producers["microphone"].producer_id
        signal = self.person.signal
        while True:
            now_s = time.time() - self._zero_s
            beeping = bool(signal.between(max(now_s - ACTIVITY_INTERVAL_S, 0.0), max(now_s, 0.0)))
            if not self._muted:
                energy = LOUD if beeping else SILENT
                await self.signalling.tell(
                    MediaEvent.AUDIO_ACTIVITY,
                    media_pb2.AudioActivityRequest(producer_id=producer_id, energy=energy, silent=not beeping),
                )
            await asyncio.sleep(ACTIVITY_INTERVAL_S)

    async def _stop_activity(self) -> None:
        if self._activity is not None:
            self._activity.cancel()
            await asyncio.wait([self._activity])
            self._activity = None

    def _clips(self) -> ParticipantClips:
        if self._made is None:
            self._made = _clips_of(self.person, self._codec)
        return self._made

    def _screen_clip(self) -> Clip:
        return screen_clip(self.person, self._codec, keyframe_interval_s=KEYFRAME_INTERVAL_S)

    def _did(self, what: str) -> None:
        self.deeds.append(Deed(what, time.time()))

    def _did_signal(self, what: str, instant_s: float) -> None:
        self.deeds.append(Deed(what, time.time(), instant_s))


async def prepare(timeline: Timeline, codec: VideoCodec = "vp8") -> None:
    """Makes the clips of everybody in ``timeline`` that are not in the cache, which takes seconds each: call it before
    the timeline's zero is set."""

    def make() -> None:
        for person in timeline.participants:
            _clips_of(person, codec)
            if timeline.screen(person):
                screen_clip(person, codec, keyframe_interval_s=KEYFRAME_INTERVAL_S)

    await asyncio.to_thread(make)


def _clips_of(person: Participant, codec: VideoCodec) -> ParticipantClips:
    return ParticipantClips(
        camera=camera_clip(person, codec, keyframe_interval_s=KEYFRAME_INTERVAL_S),
        voice=microphone_clip(person),
        silence=microphone_clip(replace(person, signal=Signal(()))),
    )


def _meeting_of(token: str) -> str:
    """The meeting of a participant's token, which the SDK reads without checking the signature."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return str(claims["meetingId"])
