"""The bodies of events, in the hosted service's camelCase. What is not known is left out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reelkit.control.links import Links
from reelkit.control.recording import Recording
from reelkit.db.apps import AppRow
from reelkit.db.meetings import MeetingRow
from reelkit.db.sessions import SessionPeerRow, SessionRow

_LIVE = "LIVE"
_ENDED = "ENDED"


def meeting_payload(app: AppRow, meeting: MeetingRow, session: SessionRow | None) -> dict[str, Any]:
    """``meeting``; ``session`` is the live instance that the event belongs to, None if there is none yet."""
    return _known(
        {
            "id": meeting.id,
            "sessionId": session.id if session else None,
            "title": meeting.title,
            # The room's name in the client protocol, and in the names of files.
            "roomName": meeting.id,
            "status": _ENDED if session is not None and session.ended_at is not None else _LIVE,
            "createdAt": _time(meeting.created_at),
            "startedAt": _time(session.started_at) if session else None,
            "endedAt": _time(session.ended_at) if session else None,
            "organizedBy": {"id": app.id, "name": app.name},
        }
    )


def participant_payload(peer: SessionPeerRow, custom_participant_id: str | None) -> dict[str, Any]:
    """``participant``."""
    return _known(
        {
            "peerId": peer.peer_id,
            "userDisplayName": peer.name,
            "customParticipantId": custom_participant_id,
            # Its name in the first version of the hosted API.
            "clientSpecificId": custom_participant_id,
            "joinedAt": _time(peer.joined_at),
            "leftAt": _time(peer.left_at),
        }
    )


def recording_payload(recording: Recording, session_id: str | None, links: Links) -> dict[str, Any]:
    """``recording``."""
    has_file = links.download_url is not None or links.audio_download_url is not None
    return _known(
        {
            "id": recording.id,
            "recordingId": recording.id,
            "status": recording.status.value,
            "downloadUrl": links.download_url,
            "audioDownloadUrl": links.audio_download_url,
            "downloadUrlExpiry": _time(recording.download_expires_at) if has_file else None,
            "invokedTime": _time(recording.invoked_at),
            "startedTime": _time(recording.started_at),
            "stoppedTime": _time(recording.stopped_at),
            "fileSize": None if recording.file_size_bytes is None else str(recording.file_size_bytes),
            "outputFileName": recording.output_file_name,
            "meetingId": recording.meeting_id,
            "recordingDuration": recording.recording_duration_s,
            "organizationId": recording.app_id,
            "roomUUID": session_id,
        }
    )


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
