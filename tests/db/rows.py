"""Rows with everything that a table asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from reelkit.db import Database
from reelkit.db.apps import AccountRow, AppRepository, AppRow
from reelkit.db.meetings import MeetingRepository, MeetingRow
from reelkit.db.recordings import RecordingRow

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def meeting_row(app_id: str, **fields: Any) -> MeetingRow:
    values: dict[str, Any] = {
        "id": str(uuid4()),
        "app_id": app_id,
        "title": None,
        "status": "ACTIVE",
        "record_on_start": False,
        "live_stream_on_start": False,
        "persist_chat": False,
        "summarize_on_end": False,
        "transcribe_on_end": False,
        "session_keep_alive_s": 60.0,
        "recording_config": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return MeetingRow(**values | fields)


def recording_row(meeting: MeetingRow, **fields: Any) -> RecordingRow:
    values: dict[str, Any] = {
        "id": str(uuid4()),
        "app_id": meeting.app_id,
        "meeting_id": meeting.id,
        "status": "RECORDING",
        "allow_multiple": False,
        "config": {},
        "render": {},
        "output_file_name": "film.mp4",
        "invoked_at": NOW,
        "start_reason": "API_CALL",
    }
    return RecordingRow(**values | fields)


async def add_meeting(database: Database, **fields: Any) -> MeetingRow:
    """A meeting of a new app of a new account."""
    account = AccountRow(id=uuid4().hex, name="account", created_at=NOW)
    app = AppRow(id=uuid4().hex, account_id=account.id, name="app", created_at=NOW)
    meeting = meeting_row(app.id, **fields)
    async with database.transaction() as session:
        await AppRepository(session).add_account(account)
        await AppRepository(session).add(app)
        await MeetingRepository(session).add(meeting)
    return meeting
