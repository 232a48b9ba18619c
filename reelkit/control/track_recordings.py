"""Starting track recordings: what each participant sends, in a file of its own."""

from dataclasses import replace

from reelkit.control.app_recording_config import AppRecordingConfigs
from reelkit.control.caller import Caller
from reelkit.control.config_layers import layered_tracks
from reelkit.control.destinations import Destinations
from reelkit.control.errors import Forbidden
from reelkit.control.meetings import MeetingService
from reelkit.control.ports import Sfu
from reelkit.control.recording import Recording
from reelkit.control.recordings import RecordingService
from reelkit.control.track_params import TrackRecordingParams
from reelkit.control.track_plan import plan_tracks
from reelkit.settings import Settings


class TrackRecordingService:
    """Once they are started, :class:`RecordingService` steers and finds them as all others."""

    def __init__(
        self,
        *,
        settings: Settings,
        meetings: MeetingService,
        app_configs: AppRecordingConfigs,
        recordings: RecordingService,
        destinations: Destinations,
        sfu: Sfu,
    ) -> None:
        self._settings = settings
        self._meetings = meetings
        self._app_configs = app_configs
        self._recordings = recordings
        self._destinations = destinations
        self._sfu = sfu

    async def start(self, app_id: str, params: TrackRecordingParams, caller: Caller | None) -> Recording:
        """Records the tracks of a meeting's live session: the answer is RECORDING, and media is being captured.

        It may run beside a film of the same meeting. Raises NotFound; Forbidden for an INACTIVE meeting; Invalid naming
        a field, also for own storage that refuses; Conflict when the meeting has no live session, or a track recording
        already; Unavailable when the machine is not fit for one.
        """
        meeting = await self._meetings.get(app_id, params.meeting_id)
        if not meeting.active:
            raise Forbidden("the meeting is INACTIVE: it cannot be recorded")
        layered = layered_tracks(
            params, self._meetings.recording_config(meeting), await self._app_configs.whole(app_id)
        )
        with layered.naming_layers():
            plan = plan_tracks(layered.params, self._settings, captures_at_once=self._sfu.flushes)
            self._recordings.require_session(meeting)
            if plan.storage is not None:
                note = await self._destinations.check(plan.storage, app_id)
                if note is not None:
                    plan = replace(plan, media=plan.media.with_note(note))
        return await self._recordings.start_planned(meeting, plan, caller)
