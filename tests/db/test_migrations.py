"""Databases of earlier versions, with data in them."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import reelkit.db
from reelkit.db import Database
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
