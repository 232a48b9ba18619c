"""What webhooks can be told, by RealtimeKit's names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class EventName(StrEnum):
    MEETING_STARTED = "meeting.started"
    MEETING_ENDED = "meeting.ended"
    PARTICIPANT_JOINED = "meeting.participantJoined"
    PARTICIPANT_LEFT = "meeting.participantLeft"
    CHAT_SYNCED = "meeting.chatSynced"
    RECORDING_STATUS = "recording.statusUpdate"
    LIVESTREAMING_STATUS = "livestreaming.statusUpdate"
    TRANSCRIPT = "meeting.transcript"
    SUMMARY = "meeting.summary"


class EndReason(StrEnum):
    """Why a meeting ended."""

    HOST_ENDED_MEETING = "HOST_ENDED_MEETING"
    ALL_PARTICIPANTS_LEFT = "ALL_PARTICIPANTS_LEFT"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something that happened in an app. ``payload`` lacks only ``event``, which is the name."""

    app_id: str
    name: EventName
    subject: str
    """What it is about, of at most 64 characters: events of one subject are sent in the order they came about."""
    payload: Mapping[str, Any]

    def body(self) -> str:
        """The JSON text that is sent."""
        return json.dumps({"event": self.name.value, **self.payload}, ensure_ascii=False, separators=(",", ":"))


def recording_subject(recording_id: str) -> str:
    """The subject of everything about one recording."""
    return f"recording:{recording_id}"


def session_subject(session_id: str) -> str:
    """The subject of everything about one session of a meeting."""
    return f"session:{session_id}"


def livestream_subject(livestream_id: str) -> str:
    """The subject of everything about one livestream."""
    return f"livestream:{livestream_id}"
