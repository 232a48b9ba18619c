"""What a year leaves in the database of a busy app: meetings, recordings, participants and deliveries of webhooks."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from reelkit.db import Database
from reelkit.db.base import Base
from reelkit.db.meetings import MeetingRow
from reelkit.db.participants import ParticipantRow
from reelkit.db.presets import PresetRow
from reelkit.db.recordings import RecordingRow
from reelkit.db.titles import folded
from reelkit.db.webhooks import WebhookDeliveryRow, WebhookRow
from reelkit.render.config import RenderConfig

NOW = datetime.now(UTC)
_CHUNK_ROWS = 2_000
_YEAR_S = 365 * 86_400
_LIFETIME = timedelta(days=7)
# A server that starts would go on with what is not finished.
_STATUSES = {"UPLOADED": 0.93, "ERRORED": 0.07}
_DELIVERED = 0.97
# As a record of a film of an hour.
_INTEGRITY = {"version": 1, "film": {"sha256": "0" * 64}, "participants": [{"id": "0" * 36, "gaps": []}] * 8}
_SUBJECTS = ("Budget", "Übung", "Planning", "Retrospective", "Interview", "Review", "Standup", "Seminar", "Town hall")
_TEAMS = ("north", "south", "design", "platform", "sales", "field", "research", "legal", "press", "board")


class ManyRows:
    """``recordings`` spread over a fifth as many meetings of one app; one meeting has a tenth as many participants, and
    one webhook as many deliveries as there are recordings."""

    def __init__(self, app_id: str, recordings: int, *, seed: int) -> None:
        self.app_id = app_id
        self.recordings = recordings
        self._rng = random.Random(seed)
        self.meeting_ids = [self._id() for _ in range(max(1, recordings // 5))]
        self.recording_ids = [self._id() for _ in range(recordings)]
        self.crowded_id = self.meeting_ids[0]
        self.webhook_id = self._id()
        self.words = [f"{team} {number}" for team in _TEAMS for number in range(100, 110)]
        """Each is part of some titles."""

    async def add_to(self, database: Database) -> None:
        """Writes all of it."""
        preset_id = self._id()
        await _write(database, PresetRow, [self._preset(preset_id)])
        await _write(database, MeetingRow, (self._meeting(meeting_id) for meeting_id in self.meeting_ids))
        await _write(database, RecordingRow, (self._recording(recording_id) for recording_id in self.recording_ids))
        people = range(self.recordings // 10)
        await _write(database, ParticipantRow, (self._participant(preset_id) for _ in people))
        await _write(database, WebhookRow, [self._webhook()])
        await _write(database, WebhookDeliveryRow, (self._delivery(number) for number in range(self.recordings)))

    def _id(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    def _moment(self) -> datetime:
        return NOW - timedelta(seconds=self._rng.uniform(60, _YEAR_S))

    def _preset(self, preset_id: str) -> dict[str, Any]:
        times = {"created_at": NOW, "updated_at": NOW}
        return {"id": preset_id, "app_id": self.app_id, "name": "bench", "document": {}, **times}

    def _meeting(self, meeting_id: str) -> dict[str, Any]:
        made = self._moment()
        title = f"{self._rng.choice(_SUBJECTS)} {self._rng.choice(_TEAMS)} {self._rng.randint(100, 999)}"
        return {
            "id": meeting_id,
            "app_id": self.app_id,
            "title": title,
            "folded_title": folded(title),
            "status": "ACTIVE" if self._rng.random() < 0.8 else "INACTIVE",
            "record_on_start": False,
            "live_stream_on_start": False,
            "persist_chat": False,
            "summarize_on_end": False,
            "transcribe_on_end": False,
            "session_keep_alive_s": 60.0,
            "recording_config": None,
            "recording_secrets": None,
            "created_at": made,
            "updated_at": made,
        }

    def _recording(self, recording_id: str) -> dict[str, Any]:
        invoked, length = self._moment(), timedelta(seconds=self._rng.uniform(60, 7_200))
        (status,) = self._rng.choices(list(_STATUSES), list(_STATUSES.values()))
        done = status == "UPLOADED"
        expires = invoked + length + _LIFETIME
        return {
            "id": recording_id,
            "app_id": self.app_id,
            "meeting_id": self._rng.choice(self.meeting_ids),
            "status": status,
            "allow_multiple": True,
            "config": {"max_seconds": 86_400, "video_config": {"width": 1280, "height": 720, "codec": "H264"}},
            "render": RenderConfig(recording_id=recording_id).model_dump(mode="json"),
            "output_file_name": f"{recording_id}.mp4",
            "invoked_at": invoked,
            "started_at": invoked,
            "stopped_at": invoked + length,
            "uploaded_at": invoked + length if done else None,
            "duration_ms": int(length.total_seconds() * 1_000),
            "file_size_bytes": 123_456_789 if done else None,
            "sha256": "0" * 64 if done else None,
            "integrity": _INTEGRITY if done else None,
            "download_expires_at": expires if done else None,
            "file_removed_at": expires + timedelta(minutes=5) if done and expires < NOW else None,
            "start_reason": "API_CALL",
            "start_caller": {"kind": "ORGANIZATION", "name": "bench", "user_id": None},
            "error": "the storage refused" if status == "ERRORED" else None,
        }

    def _participant(self, preset_id: str) -> dict[str, Any]:
        made = self._moment()
        return {
            "id": self._id(),
            "meeting_id": self.crowded_id,
            "preset_id": preset_id,
            "custom_participant_id": f"person-{self._rng.getrandbits(32):x}",
            "name": "Ada",
            "picture": None,
            "token_version": 1,
            "recording_id": None,
            "created_at": made,
            "updated_at": made,
        }

    def _webhook(self) -> dict[str, Any]:
        times = {"created_at": NOW, "updated_at": NOW}
        # Disabled: nothing is sent while lists are measured.
        facts = {"name": "bench", "url": "https://example.com/", "events": ["recording.statusUpdate"], "enabled": False}
        return {"id": self.webhook_id, "app_id": self.app_id, **facts, **times}

    def _delivery(self, number: int) -> dict[str, Any]:
        made = NOW - timedelta(seconds=self.recordings - number)
        return {
            "id": self._id(),
            "webhook_id": self.webhook_id,
            "event": "recording.statusUpdate",
            "subject": f"recording:{number // 4}",
            "body": '{"event": "recording.statusUpdate"}' + " " * 1_000,
            "state": "DELIVERED" if self._rng.random() < _DELIVERED else "FAILED",
            "created_at": made,
            "due_at": None,
            "give_up_at": made + timedelta(days=1),
            "attempts": 1,
            "tries": 1,
            "finished_at": made,
        }


async def _write(database: Database, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    for chunk in _chunks(iter(rows)):
        async with database.transaction() as session:
            await session.execute(insert(table), chunk)


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        yield chunk
