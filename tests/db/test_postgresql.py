"""What is PostgreSQL's alone; everything else is tested on both databases with ``--database postgresql``."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from reelkit.db import Database, postgresql
from reelkit.db.errors import DatabaseUnavailable, DatabaseUnusable
from reelkit.db.meetings import MeetingRow
from testbed.postgres import PostgresServer
from tests.databases import PostgresDatabases
from tests.db.rows import add_meeting


@pytest.fixture(scope="module")
def databases() -> Iterator[PostgresDatabases]:
    with PostgresServer() as server:
        yield PostgresDatabases(server)


@pytest.fixture
async def database(databases: PostgresDatabases, tmp_path: Path) -> AsyncIterator[Database]:
    opened = databases.at(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not get the lock at once is told so at once."""
    monkeypatch.setattr(postgresql, "LOCK_PATIENCE_MS", 50)


@pytest.mark.usefixtures("impatient")
async def test_a_database_has_one_server(database: Database, databases: PostgresDatabases, tmp_path: Path) -> None:
    second = databases.at(tmp_path)
    with pytest.raises(DatabaseUnusable, match="another reelkit server"):
        await second.open()
    await database.close()
    await second.open()
    await second.close()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_every_way_to_write_its_url_is_understood(
    databases: PostgresDatabases, database: Database, tmp_path: Path, scheme: str
) -> None:
    await database.close()
    url = databases.server.url(databases.name(tmp_path)).replace("postgresql", scheme, 1)
    other = Database(url)
    await other.open()
    await other.check_writable()
    await other.close()


async def test_tls_is_asked_for_as_elsewhere(databases: PostgresDatabases, database: Database, tmp_path: Path) -> None:
    await database.close()
    url = databases.server.url(databases.name(tmp_path))
    other = Database(f"{url}&sslmode=disable")
    await other.open()
    await other.close()
    with pytest.raises(DatabaseUnusable, match=r"(?i)ssl"):
        await Database(f"{url}&sslmode=nonsense").open()


async def test_a_restart_of_the_server_is_not_noticed(
    database: Database, databases: PostgresDatabases, tmp_path: Path
) -> None:
    await add_meeting(database)
    await databases.server.cut(databases.name(tmp_path))
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(MeetingRow)) == 1
    await database.check_writable()


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_lost_its_lock_to_another_is_not_ready(
    database: Database, databases: PostgresDatabases, tmp_path: Path
) -> None:
    await databases.server.cut(databases.name(tmp_path))
    second = databases.at(tmp_path)
    await second.open()
    with pytest.raises(DatabaseUnavailable, match="another reelkit server"):
        await database.check_writable()
    await second.close()
    await database.check_writable()


async def test_a_connection_that_breaks_in_the_middle_is_a_reason_to_come_back(
    database: Database, databases: PostgresDatabases, tmp_path: Path
) -> None:
    async def broken() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
            await databases.server.cut(databases.name(tmp_path))
            await session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        await broken()
    await add_meeting(database)


@pytest.mark.usefixtures("database")
async def test_a_server_that_does_not_answer_is_a_reason_to_come_back(
    databases: PostgresDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For another one than the database was made with, which takes longer.
    monkeypatch.setattr(postgresql, "_STATEMENT_TIMEOUT_S", 0.2)
    impatient = Database(databases.server.url(databases.name(tmp_path)))
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        async with impatient.session() as session:
            await session.execute(text("SELECT pg_sleep(60)"))
    await impatient.close()


async def test_a_server_that_is_not_there_is_a_reason_to_come_back(tmp_path: Path) -> None:
    nobody = Database(f"postgresql://reelkit@/reelkit?host={tmp_path}")
    with pytest.raises(DatabaseUnusable, match="cannot be opened"):
        await nobody.open()
    for door in (nobody.session, nobody.transaction):
        with pytest.raises(DatabaseUnavailable, match="does not answer"):
            async with door():
                pass
    with pytest.raises(DatabaseUnavailable):
        await nobody.check_writable()
    await nobody.close()


async def test_a_reader_sees_one_moment(database: Database) -> None:
    await add_meeting(database)
    count = select(func.count()).select_from(MeetingRow)
    async with database.session() as reader:
        assert await reader.scalar(count) == 1
        await add_meeting(database)
        assert await reader.scalar(count) == 1
    async with database.session() as reader:
        assert await reader.scalar(count) == 2
