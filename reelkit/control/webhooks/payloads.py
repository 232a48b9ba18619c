"""The bodies of events, in the hosted service's camelCase. What is not known is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from reelkit.clock import iso_ms
from reelkit.control.chat_links import ChatLink
from reelkit.control.links import HostedLinks, Links
from reelkit.control.livestream import Livestream
from reelkit.control.livestream_urls import LivestreamUrls
from reelkit.control.recording import Recording
from reelkit.control.track_links import LayerLinks, track_bytes, track_links
from reelkit.db.apps import AppRow
from reelkit.db.meetings import MeetingRow
from reelkit.db.sessions import SessionPeerRow, SessionRow

_LIVE = "LIVE"
_ENDED = "ENDED"
_OFFLINE = "OFFLINE"


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


def chat_payload(meeting: Mapping[str, Any], link: ChatLink) -> dict[str, Any]:
    """The whole of ``meeting.chatSynced``. The hosted service sends it flat, unlike the other events of meetings; with
    ``meeting`` it can be read like them, too."""
    same = ("title", "createdAt", "startedAt", "endedAt", "organizedBy")
    return {
        "meetingId": meeting["id"],
        "sessionId": meeting["sessionId"],
        **{name: meeting[name] for name in same if name in meeting},
        "chatDownloadUrl": link.url,
        "chatDownloadUrlExpiry": _time(link.expires_at),
        "meeting": meeting,
    }


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


@dataclass(frozen=True, slots=True)
class ShownFiles:
    """Where the files of a recording can be fetched; ``layers`` are those of a track recording."""

    links: Links = field(default_factory=Links)
    layers: tuple[LayerLinks, ...] | None = None

    @classmethod
    def of(cls, links: HostedLinks, recording: Recording) -> Self:
        if not recording.is_hosted_for_caller:
            return cls()
        if recording.tracks is None:
            return cls(links.to(recording))
        return cls(layers=track_links(links, recording))

    @property
    def download(self) -> str | list[dict[str, Any]] | None:
        """As the API shows it, in this page's spelling."""
        if self.layers is None:
            return self.links.download_url
        return [
            {
                "layerName": layer.layer,
                "downloadUrls": {link.file.name: {"downloadUrl": link.url} for link in layer.links},
            }
            for layer in self.layers
        ]


def recording_payload(recording: Recording, session_id: str | None, files: ShownFiles) -> dict[str, Any]:
    """``recording``."""
    audio_url, size_bytes = files.links.audio_download_url, recording.file_size_bytes
    if recording.tracks is not None:
        size_bytes = track_bytes(recording)
    has_file = files.download is not None or audio_url is not None
    return _known(
        {
            "id": recording.id,
            "recordingId": recording.id,
            "status": recording.status.value,
            "downloadUrl": files.download,
            "audioDownloadUrl": audio_url,
            "downloadUrlExpiry": _time(recording.download_expires_at) if has_file else None,
            "invokedTime": _time(recording.invoked_at),
            "startedTime": _time(recording.started_at),
            "stoppedTime": _time(recording.stopped_at),
            "fileSize": None if size_bytes is None else str(size_bytes),
            "outputFileName": recording.output_file_name,
            "meetingId": recording.meeting_id,
            "recordingDuration": recording.recording_duration_s,
            "organizationId": recording.app_id,
            "roomUUID": session_id,
        }
    )


def livestream_payload(livestream: Livestream, urls: LivestreamUrls) -> dict[str, Any]:
    """What is told of a livestream that went live or is over, beside ``meeting``. The hosted service sends the stream
    key, too, which opens the stream to whoever knows it: here it stays in answers to the operator."""
    return _known(
        {
            "streamId": livestream.id,
            "status": _LIVE if livestream.running else _OFFLINE,
            "manualIngest": False,
            "playbackUrl": urls.playback_url(livestream),
            "ingestServer": urls.ingest_server if urls.available else None,
        }
    )


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else iso_ms(moment)
