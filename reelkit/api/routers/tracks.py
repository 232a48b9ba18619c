"""Starting track recordings; all else about them is as with other recordings."""

from fastapi import APIRouter

from reelkit.api.auth import RecordingActor, State
from reelkit.api.envelope import Envelope
from reelkit.api.errors import NotPermitted
from reelkit.api.paths import APP_PATH
from reelkit.api.recording_commands import show
from reelkit.api.wire.tracks import StartedTracks
from reelkit.control.track_params import TrackRecordingParams

router = APIRouter(prefix=f"{APP_PATH}/recordings", tags=["recordings"])


@router.post("/track", response_model=Envelope[StartedTracks])
async def start_tracks(actor: RecordingActor, body: TrackRecordingParams, state: State) -> Envelope[StartedTracks]:
    """Records what each participant of a live session sends, in a file of its own, as it was encoded by the sender."""
    if actor.identity is not None and body.meeting_id != actor.identity.meeting.id:
        raise NotPermitted("meeting_id: a participant can only record their own meeting")
    if actor.identity is not None and body.reelkit is not None and body.reelkit.keep_capture is not None:
        raise NotPermitted("reelkit.keep_capture: only an API token decides about captures")
    recording = await state.control.track_recordings.start(actor.app.id, body, actor.caller)
    return Envelope[StartedTracks](data=StartedTracks(recording=show(state, recording)))
