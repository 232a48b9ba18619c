"""Tokens of databases that had one for each account."""

import sqlite3
from pathlib import Path

import pytest

from reelkit.db import Database
from reelkit.db.tokens import TokenRepository
from tests.db.rows import NOW
from tests.db.test_migrations import migrate

ACCOUNTS = """
INSERT INTO accounts VALUES ('one', 'one', '2026-01-01 12:00:00.000000');
INSERT INTO accounts VALUES ('two', 'two', '2026-01-01 12:00:00.000000');
INSERT INTO apps (id, account_id, name, created_at) VALUES ('app', 'one', 'app', '2026-01-01 12:00:00.000000');
INSERT INTO tokens VALUES ('one', 'aa', '2026-01-01 12:00:00.000000');
INSERT INTO tokens VALUES ('two', 'bb', '2026-01-01 12:00:00.000000');
"""
# Of one account: what opens no more than an app, what ends, what was revoked, and two that are as good as the first.
TOKENS = """
UPDATE tokens SET revoked_at = '2026-01-02 12:00:00.000000' WHERE account_id = 'one';
INSERT INTO tokens (id, account_id, app_id, name, sha256, bootstrap, created_at, expires_at) VALUES
    ('1', 'one', 'app', 'scoped', 'c1', 0, '2026-01-03 12:00:00.000000', NULL),
    ('2', 'one', NULL, 'short', 'c2', 0, '2026-01-03 12:00:00.000000', '2030-01-01 12:00:00.000000'),
    ('3', 'one', NULL, 'older', 'c3', 0, '2026-01-04 12:00:00.000000', NULL),
    ('4', 'one', NULL, 'newer', 'c4', 0, '2026-01-05 12:00:00.000000', NULL),
    ('5', 'two', NULL, 'older', 'c5', 0, '2025-01-01 12:00:00.000000', NULL);
"""


def run(path: Path, script: str) -> None:
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()


@pytest.mark.sqlite
async def test_earlier_tokens_open_their_whole_account(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    migrate(path, "0007")
    run(path, ACCOUNTS)
    database = Database.at(path)
    await database.open()
    async with database.session() as session:
        rows = {row.account_id: row for row in await TokenRepository(session).all()}
    await database.close()
    assert {account: row.sha256 for account, row in rows.items()} == {"one": "aa", "two": "bb"}
    assert rows["one"].id != rows["two"].id
    for row in rows.values():
        assert (row.app_id, row.email, row.expires_at, row.last_used_at, row.revoked_at) == (None,) * 5
        assert (row.bootstrap, row.created_at) == (True, NOW)


@pytest.mark.sqlite
def test_going_back_keeps_one_for_each_account(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    migrate(path, "0007")
    run(path, ACCOUNTS)
    migrate(path, "0008")
    run(path, TOKENS)
    migrate(path, "0007", down=True)
    database = sqlite3.connect(path)
    assert database.execute("SELECT account_id, sha256 FROM tokens ORDER BY 1").fetchall() == [
        ("one", "c3"),
        ("two", "bb"),
    ]
    database.close()
