"""Opening, migrating, reading and writing."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.schema import CreateIndex, CreateTable

from reelkit.db import Database
from reelkit.db.apps import AccountRow, AppRepository
from reelkit.db.errors import ConstraintViolated, DatabaseUnavailable, DatabaseUnusable
from reelkit.db.meetings import MeetingRepository, MeetingRow
from reelkit.db.schema import METADATA
from tests.db.rows import NOW, add_meeting, meeting_row

ONLY_ON_SQLITE = {"ix_meetings_titles"}


async def test_migrations_make_what_the_code_expects(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        left_out = set() if connection.dialect.name == "sqlite" else ONLY_ON_SQLITE
        opts = {"compare_server_default": True, "include_object": lambda _, name, *__: name not in left_out}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, METADATA))

    async with database.session() as session:
        assert await (await session.connection()).run_sync(differences) == []


async def test_opening_again_keeps_everything(database: Database) -> None:
    meeting = await add_meeting(database, title="Weekly")
    await database.open()
    async with database.session() as session:
        found = await MeetingRepository(session).by_id(meeting.id)
    assert found is not None
    assert found.title == "Weekly"


@pytest.mark.sqlite
async def test_sqlite_is_set_up_for_safety(database: Database) -> None:
    async with database.session() as session:
        answers = {
            name: await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert answers == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 5_000}


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await AppRepository(session).add_account(AccountRow(id="a", name="a", created_at=NOW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.session() as session:
        assert await AppRepository(session).account("a") is None


async def test_rows_must_belong_to_something(database: Database) -> None:
    with pytest.raises(ConstraintViolated, match=r"(?i)foreign key"):
        async with database.transaction() as session:
            await MeetingRepository(session).add(meeting_row("no-such-app"))


async def test_many_writers_take_turns(database: Database) -> None:
    meeting = await add_meeting(database, title="0")

    async def increment() -> None:
        async with database.transaction() as session:
            row = await MeetingRepository(session).by_id(meeting.id)
            assert row is not None
            await asyncio.sleep(0)
            row.title = str(int(row.title or "0") + 1)

    await asyncio.gather(*(increment() for _ in range(20)))
    async with database.session() as session:
        assert await session.scalar(select(MeetingRow.title)) == "20"


async def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    meeting = await add_meeting(database, title="before")
    async with database.transaction() as session:
        row = await MeetingRepository(session).by_id(meeting.id)
        assert row is not None
        row.title = "after"
        await session.flush()
        async with database.session() as reader:
            assert await reader.scalar(select(MeetingRow.title)) == "before"


async def test_no_free_connection_is_a_reason_to_come_back(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="busy"):
        async with database.session():
            raise PoolTimeout("QueuePool limit of size 5 overflow 10 reached")
    with pytest.raises(DatabaseUnavailable, match="busy"):
        async with database.transaction():
            raise PoolTimeout("QueuePool limit of size 5 overflow 10 reached")


async def test_check_writable(database: Database) -> None:
    await database.check_writable()


async def test_a_database_that_cannot_be_written_says_so(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(DatabaseUnavailable, match="alembic_version"):
        await database.check_writable()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.sqlite3"
    path.write_bytes(b"certainly not a database" * 100)
    database = Database.at(path)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        await database.open()
    await database.close()


async def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="9999"):
        await database.open()


@pytest.mark.parametrize("url", ["", "not a url", "nosuch://host/db"])
def test_bad_urls_are_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="URL"):
        Database(url)


async def test_times_are_kept_in_utc(database: Database) -> None:
    east = datetime(2026, 1, 1, 14, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))
    meeting = await add_meeting(database, created_at=east)
    async with database.session() as session:
        found = await MeetingRepository(session).by_id(meeting.id)
    assert found is not None
    assert found.created_at == datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    assert found.created_at.tzinfo is UTC


async def test_naive_times_are_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="must be aware"):
        await add_meeting(database, created_at=NOW.replace(tzinfo=None))


def test_the_schema_suits_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy does not annotate it
    tables = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables)
    assert "TIMESTAMP WITH TIME ZONE" in tables
    (one_running,) = (
        index for index in METADATA.tables["recordings"].indexes if index.name == "uq_recordings_one_running"
    )
    assert str(CreateIndex(one_running).compile(dialect=dialect)) == (
        "CREATE UNIQUE INDEX uq_recordings_one_running ON recordings (meeting_id, type) "
        "WHERE status IN ('INVOKED', 'RECORDING', 'PAUSED') AND allow_multiple = false"
    )


def test_downgrading_removes_everything(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    import reelkit.db

    config = Config()
    config.set_main_option("script_location", str(Path(reelkit.db.__file__).with_name("migrations")))
    engine = create_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")

    def tables(connection: Connection) -> set[str]:
        return set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        assert "recordings" in tables(connection)
        command.downgrade(config, "base")
        assert tables(connection) == {"alembic_version"}
    engine.dispose()
