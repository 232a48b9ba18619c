"""Sessions of a version that knew less about who was in them."""

import sqlite3
from pathlib import Path

from tests.db.test_migrations import first_version, migrate

PEOPLE = """
INSERT INTO presets VALUES ('preset', 'app', 'group_call_host', '{}', '2026-01-01 12:00:00.000000',
    '2026-01-01 12:00:00.000000');
INSERT INTO participants VALUES ('ada', 'meeting', 'preset', 'ada@example.com', 'Ada', 'https://x.test/a', 1,
    '2026-01-01 12:00:00.000000', '2026-01-01 12:00:00.000000');
INSERT INTO sessions VALUES ('session', 'app', 'meeting', 'Weekly', '2026-01-01 12:00:00.000000', NULL, 1, 2,
    '2026-01-01 12:02:00.000000');
INSERT INTO session_peers VALUES ('session', 'one', 'ada', 'Ada', 0, '2026-01-01 12:00:00.250000',
    '2026-01-01 12:01:30.000000');
INSERT INTO session_peers VALUES ('session', 'two', 'gone', 'Bo', 0, '2026-01-01 12:02:00.000000', NULL);
INSERT INTO session_peers VALUES ('session', 'back', 'gone', 'Bo', 0, '2026-01-01 12:01:00.000000',
    '2026-01-01 11:01:00.000000');
INSERT INTO session_peers VALUES ('session', 'three', 'recorder', 'Recorder', 1, '2026-01-01 12:00:00.000000',
    '2026-01-01 12:02:00.000000');
"""


def test_what_is_known_of_old_sessions_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    first_version(path)
    database = sqlite3.connect(path)
    database.executescript(PEOPLE)
    before = database.execute("SELECT * FROM session_peers ORDER BY peer_id").fetchall()
    migrate(path, "0009")
    assert database.execute("SELECT consumed_ms, alive_at FROM sessions").fetchall() == [(89_750, None)]
    peers = database.execute(
        "SELECT peer_id, custom_participant_id, picture, preset_name, first_joined_at = joined_at, visits, present_ms, "
        "updated_at FROM session_peers ORDER BY first_joined_at DESC"
    )
    assert peers.fetchall() == [
        ("two", None, None, None, 1, 1, 0, "2026-01-01 12:02:00.000000"),
        ("back", None, None, None, 1, 1, 0, "2026-01-01 11:01:00.000000"),
        ("one", "ada@example.com", "https://x.test/a", "group_call_host", 1, 1, 89_750, "2026-01-01 12:01:30.000000"),
        ("three", None, None, None, 1, 0, 0, "2026-01-01 12:02:00.000000"),
    ]
    visits = database.execute("SELECT peer_id, number, created_at = joined_at, left_at FROM session_visits ORDER BY 1")
    assert visits.fetchall() == [
        # The clock was set back while it was there.
        ("back", 1, 1, "2026-01-01 12:01:00.000000"),
        ("one", 1, 1, "2026-01-01 12:01:30.000000"),
        ("two", 1, 1, None),
    ]
    migrate(path, "head")
    assert database.execute("SELECT folded_title FROM sessions").fetchall() == [("weekly",)]
    migrate(path, "0008", down=True)
    assert database.execute("SELECT * FROM session_peers ORDER BY peer_id").fetchall() == before
    database.close()
