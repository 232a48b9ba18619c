"""``--database postgresql`` runs every test that has a database on a real PostgreSQL server."""

from collections.abc import Iterator

import hypothesis
import pytest

from reelkit.db import postgresql
from testbed.postgres import PostgresServer
from tests import databases
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.patience import PATIENCE_S

# How long an example takes says more about what else the machine does.
hypothesis.settings.register_profile("reelkit", deadline=None)
hypothesis.settings.load_profile("reelkit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="what tests keep data in")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database") == "postgresql":
        kept = [item for item in items if _keeps_data(item)]
        config.hook.pytest_deselected(items=[item for item in items if not _keeps_data(item)])
        items[:] = kept


def _keeps_data(item: pytest.Item) -> bool:
    """Whether a test may have a database: it has a directory for it."""
    places = {"tmp_path", "tmp_path_factory"}
    return not item.get_closest_marker("sqlite") and not places.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def _databases(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the tests of this process keep their data in."""
    if request.config.getoption("--database") == "postgresql":
        with PostgresServer() as server, pytest.MonkeyPatch.context() as patched:
            # Both the server and those who ask it may be running in the time that others leave.
            patched.setattr(postgresql, "_CONNECT_TIMEOUT_S", PATIENCE_S)
            patched.setattr(postgresql, "_STATEMENT_TIMEOUT_S", PATIENCE_S)
            patched.setattr(postgresql, "LOCK_PATIENCE_MS", round(PATIENCE_S * 1_000))
            databases.use(PostgresDatabases(server))
            yield
    else:
        # Not an argument: then every test would seem to keep data.
        directories: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        databases.use(SqliteDatabases(directories.mktemp("template")))
        yield


@pytest.fixture(scope="module", autouse=True)
def _dropped_databases() -> Iterator[None]:
    """Databases go with the module that made them: some are shared by its tests."""
    yield
    databases.current().drop()
