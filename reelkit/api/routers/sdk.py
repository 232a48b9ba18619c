"""The REST calls of the browser SDK; the bearer is a participant's token."""

from http import HTTPStatus

from fastapi import APIRouter, Request

from reelkit.api.auth import Actor, SdkParticipant, State
from reelkit.api.envelope import Envelope
from reelkit.api.errors import NotBuilt, NotPermitted
from reelkit.api.recording_commands import active_recording, start_recording, steer_recording
from reelkit.api.routers.livestreams import STOPPED
from reelkit.api.wire.livestreams import LivestreamMessage, SdkLivestream
from reelkit.api.wire.recordings import RecordingAction, RecordingWire
from reelkit.api.wire.sdk import IceServers, ParticipantDetails, Plugins, RoomNode
from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.participants import ParticipantIdentity
from reelkit.control.recording_params import RecordingParams
from reelkit.control.validation import UuidText

router = APIRouter(tags=["browser SDK"])


@router.get("/v2/internals/participant-details", response_model=Envelope[ParticipantDetails])
async def participant_details(identity: SdkParticipant) -> Envelope[ParticipantDetails]:
    """The SDK's first call."""
    if not identity.meeting.active:
        raise NotPermitted("the meeting is INACTIVE: nobody can join it")
    return Envelope[ParticipantDetails](data=ParticipantDetails.of(identity))


@router.get("/iceservers", response_model=IceServers)
async def ice_servers(_: SdkParticipant, state: State) -> IceServers:
    """STUN and TURN servers."""
    return IceServers(ice_servers=state.settings.ice_servers)


@router.get("/v2/plugins/user", response_model=Envelope[Plugins])
async def plugins(_: SdkParticipant) -> Envelope[Plugins]:
    """Plugins of the meeting."""
    return Envelope[Plugins](data=Plugins())


@router.post("/v2/internals/rooms", response_model=Envelope[RoomNode])
async def room_node(identity: SdkParticipant) -> Envelope[RoomNode]:
    """Where and how the meeting's media is served."""
    return Envelope[RoomNode](data=RoomNode(title=identity.meeting.title or ""))


@router.post("/v2/recordings", response_model=Envelope[RecordingWire])
async def start(identity: SdkParticipant, body: RecordingParams, state: State) -> Envelope[RecordingWire]:
    """Starts recording the participant's meeting."""
    return await start_recording(state, await _actor(identity, state), body)


@router.put("/v2/recordings/{recording_id}", response_model=Envelope[RecordingWire])
async def steer(
    identity: SdkParticipant, recording_id: UuidText, body: RecordingAction, state: State
) -> Envelope[RecordingWire]:
    """Stops, pauses or resumes a recording of the participant's meeting."""
    return await steer_recording(state, await _actor(identity, state), recording_id, body.action)


@router.get("/v2/recordings/active-recording/{meeting_id}", response_model=Envelope[RecordingWire])
async def active(identity: SdkParticipant, meeting_id: UuidText, state: State) -> Envelope[RecordingWire]:
    """The running recording of the participant's meeting."""
    return await active_recording(state, await _actor(identity, state), meeting_id)


@router.post("/v2/meetings/{meeting_id}/livestreams", response_model=Envelope[SdkLivestream])
async def start_livestream(
    identity: SdkParticipant, meeting_id: UuidText, state: State, body: LivestreamParams | None = None
) -> Envelope[SdkLivestream]:
    """Streams the participant's meeting to the operator's server, if their preset permits it (``can_livestream``)."""
    _require_own(identity, meeting_id)
    identity.require_can_livestream()
    livestreams = state.control.livestreams
    livestream = await livestreams.start(identity.app_id, meeting_id, body or LivestreamParams())
    return Envelope[SdkLivestream](data=SdkLivestream.of(livestream, livestreams.urls))


@router.post("/v2/meetings/{meeting_id}/active-livestream/stop", response_model=Envelope[LivestreamMessage])
async def stop_livestream(identity: SdkParticipant, meeting_id: UuidText, state: State) -> Envelope[LivestreamMessage]:
    """Stops the livestream of the participant's meeting, if their preset permits it (``can_livestream``)."""
    _require_own(identity, meeting_id)
    identity.require_can_livestream()
    await state.control.livestreams.stop(identity.app_id, meeting_id)
    return Envelope[LivestreamMessage](data=LivestreamMessage(message=STOPPED))


@router.get("/v2/meetings/{meeting_id}/active-livestream", response_model=Envelope[SdkLivestream])
async def active_livestream(identity: SdkParticipant, meeting_id: UuidText, state: State) -> Envelope[SdkLivestream]:
    """The livestream of the participant's meeting."""
    _require_own(identity, meeting_id)
    livestreams = state.control.livestreams
    livestream = await livestreams.active(identity.app_id, meeting_id)
    return Envelope[SdkLivestream](data=SdkLivestream.of(livestream, livestreams.urls))


def _require_own(identity: ParticipantIdentity, meeting_id: str) -> None:
    if meeting_id != identity.meeting.id:
        raise NotPermitted("a participant can only reach livestreams of their own meeting")


async def _actor(identity: ParticipantIdentity, state: State) -> Actor:
    identity.require_can_record()
    return Actor(await state.control.apps.by_id(identity.app_id), identity.caller, identity)


async def _refuse(request: Request, _: SdkParticipant) -> None:
    raise NotBuilt(f"not available in this version: {request.method} {request.url.path}")


for _method, _path in (
    ("POST", "/v2/meetings/chat-upload"),
    ("GET", "/v2/meetings/{meeting_id}/active-transcript"),
):
    router.add_api_route(
        _path, _refuse, methods=[_method], status_code=HTTPStatus.NOT_IMPLEMENTED, include_in_schema=False
    )
