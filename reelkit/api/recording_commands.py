"""Starting, steering and showing recordings, the same for the operator's API and for the browser SDK.

A participant only reaches recordings of their own meeting; for them the others are not there.
"""

from typing import Any

from reelkit.api.auth import Actor
from reelkit.api.envelope import Envelope
from reelkit.api.errors import NotPermitted
from reelkit.api.links import links_to
from reelkit.api.state import AppState
from reelkit.api.wire.recordings import RecordingWire
from reelkit.clock import utc
from reelkit.control.errors import NotFound
from reelkit.control.recording import Action, Recording
from reelkit.control.recording_params import RecordingParams
from reelkit.control.track_links import track_links


async def start_recording(state: AppState, actor: Actor, params: RecordingParams) -> Envelope[RecordingWire]:
    """Starts a recording of the meeting that ``params`` name."""
    if actor.identity is not None and params.meeting_id != actor.identity.meeting.id:
        raise NotPermitted("meeting_id: a participant can only record their own meeting")
    if actor.identity is not None and params.reelkit is not None and params.reelkit.keep_capture is not None:
        raise NotPermitted("reelkit.keep_capture: only an API token decides about captures")
    if actor.identity is not None and params.url is not None:
        # The page is handed a token of somebody in the meeting whom nobody sees.
        raise NotPermitted("url: only an API token may have a page opened")
    recording = await state.control.recordings.start(actor.app.id, params, actor.caller)
    return Envelope[RecordingWire](data=show(state, recording))


async def steer_recording(state: AppState, actor: Actor, recording_id: str, action: Action) -> Envelope[RecordingWire]:
    """Stops, pauses or resumes a recording."""
    await find_recording(state, actor, recording_id)
    recording = await state.control.recordings.act(actor.app.id, recording_id, action, actor.caller)
    return Envelope[RecordingWire](data=show(state, recording))


async def active_recording(state: AppState, actor: Actor, meeting_id: str) -> Envelope[RecordingWire]:
    """The meeting's running recording, the newest if there are several."""
    if actor.identity is not None and meeting_id != actor.identity.meeting.id:
        raise NotPermitted("a participant can only see recordings of their own meeting")
    recording = await state.control.recordings.active(actor.app.id, meeting_id)
    return Envelope[RecordingWire](data=show(state, recording))


async def find_recording(state: AppState, actor: Actor, recording_id: str) -> Recording:
    """One recording that the actor may know of."""
    recording = await state.control.recordings.get(actor.app.id, recording_id)
    if actor.identity is not None and recording.meeting_id != actor.identity.meeting.id:
        raise NotFound("there is no such recording in this meeting")
    return recording


def show(state: AppState, recording: Recording, *, integrity: dict[str, Any] | None = None) -> RecordingWire:
    """The recording as it is sent: with fresh links, and with how far its film is while it is being made."""
    return RecordingWire.of(
        recording,
        links_to(state, recording),
        bucket=recording.bucket_state(utc(state.clock.time_s())),
        layers=track_links(state.control.links, recording),
        rendering=state.control.renderings.of(recording.id),
        stream=state.control.streams.of(recording),
        page=state.control.pages.of(recording),
        integrity=integrity,
    )
