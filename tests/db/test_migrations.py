"""Databases of earlier versions, with data in them."""

import json
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import reelkit.db
from reelkit.db import Database
from reelkit.db.meetings import MeetingRepository
from reelkit.db.recordings import RecordingRepository

ROWS = """
INSERT INTO accounts VALUES ('account', 'account', '2026-01-01 12:00:00.000000');
INSERT INTO apps VALUES ('app', 'account', 'app', '2026-01-01 12:00:00.000000');
INSERT INTO meetings (id, app_id, title, status, record_on_start, live_stream_on_start, persist_chat, summarize_on_end,
    transcribe_on_end, session_keep_alive_s, created_at, updated_at)
    VALUES ('meeting', 'app', 'Weekly', 'ACTIVE', 0, 0, 0, 0, 0, 60,
        '2026-01-01 12:00:00.000000', '2026-01-01 12:00:00.000000');
INSERT INTO recordings (id, app_id, meeting_id, status, allow_multiple, config, render, output_file_name, invoked_at,
    duration_ms, file_size_bytes, sha256, start_reason, error)
    VALUES ('recording', 'app', 'meeting', 'UPLOADED', 0, '{}', '{"live": true}', 'film.mp4',
        '2026-01-01 12:00:00.000000',
    3200, 17, 'ab', 'API_CALL', 'cut short');
"""


def migrate(path: Path, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(reelkit.db.__file__).with_name("migrations")))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)
    engine.dispose()


def first_version(path: Path) -> None:
    """A database as the first version left it."""
    migrate(path, "0001")
    database = sqlite3.connect(path)
    database.executescript(ROWS)
    database.close()


async def test_recordings_of_the_first_version_are_read(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    first_version(path)
    database = Database.at(path)
    await database.open()
    async with database.session() as session:
        repository = RecordingRepository(session)
        row = await repository.of_app("app", "recording")
        assert row is not None
        assert (row.output_file_name, row.file_size_bytes, row.sha256, row.duration_ms) == ("film.mp4", 17, "ab", 3200)
        assert row.error == "cut short"
        assert row.render == {"live": True}
        assert (row.audio_file_name, row.audio_size_bytes, row.notes, row.keep_capture) == (None, None, None, None)
        assert row.integrity_sha256 is None
        assert await repository.integrity("recording") is None
        meeting = await MeetingRepository(session).by_id("meeting")
        assert meeting is not None
        assert meeting.folded_title == "weekly"
    async with database.transaction() as session:
        changed = await RecordingRepository(session).get("recording")
        assert changed is not None
        changed.notes, changed.integrity = ["a note"], {"film": {}}
    async with database.session() as session:
        assert await RecordingRepository(session).integrity("recording") == {"film": {}}
    await database.close()


def test_going_back_keeps_what_the_first_version_knew(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    first_version(path)
    migrate(path, "head")
    migrate(path, "0001", down=True)
    database = sqlite3.connect(path)
    assert database.execute("SELECT id, status, sha256 FROM recordings").fetchall() == [("recording", "UPLOADED", "ab")]
    columns = {row[1] for row in database.execute("PRAGMA table_info(recordings)")}
    assert "integrity" not in columns
    database.close()


def test_viewers_of_webinars_may_send_from_the_stage(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    first_version(path)
    viewer = {"stage_access": "CAN_REQUEST", "media": {"audio": {"can_produce": "NOT_ALLOWED"}}}
    strict = {"stage_access": "NOT_ALLOWED", "media": {"audio": {"can_produce": "NOT_ALLOWED"}}}
    database = sqlite3.connect(path)
    database.execute("INSERT INTO apps VALUES ('other', 'account', 'other', '2026-01-01 12:00:00.000000')")
    for app, permissions in (("app", viewer), ("other", strict)):
        document = json.dumps({"name": "webinar_viewer", "permissions": permissions})
        database.execute(
            "INSERT INTO presets VALUES (?, ?, 'webinar_viewer', ?, '2026-01-01 12:00:00.000000',"
            " '2026-01-01 12:00:00.000000')",
            (app, app, document),
        )
    database.commit()
    database.close()

    def allowed() -> list[str]:
        database = sqlite3.connect(path)
        rows = database.execute("SELECT document FROM presets ORDER BY id").fetchall()
        database.close()
        return [json.loads(row[0])["permissions"]["media"]["audio"]["can_produce"] for row in rows]

    migrate(path, "0013")
    assert allowed() == ["CAN_REQUEST", "NOT_ALLOWED"]
    migrate(path, "0012", down=True)
    assert allowed() == ["NOT_ALLOWED", "NOT_ALLOWED"]
