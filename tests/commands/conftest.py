"""The command line against the real application, as operators use both."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs
from typer.main import get_command
from typer.testing import CliRunner, Result

from reelkit.cli import app
from reelkit.commands import downloads, progress_view, watch
from reelkit.control.meetings import Meeting
from reelkit.control.recording import RecordingStatus
from reelkit.rooms.peer import PeerInfo
from tests.api.live import LiveServer


class Commands:
    """Runs commands with a data directory and a token in their environment."""

    def __init__(self, live: LiveServer, data: Path) -> None:
        self.live = live
        assert live.api is not None
        self.api = live.api
        # The links of answers must lead to where this server listens.
        self.api.state.control.links._public_url = live.url
        facts = {"http": live.url, "account_id": live.account_id, "app_id": live.app_id}
        (data / "listening.json").write_text(json.dumps(facts))
        self.environment = {"REELKIT_DATA": str(data), "REELKIT_API_TOKEN": live.token}

    def run(self, *arguments: str | Path, given: str | None = None, **environment: str) -> Result:
        """Runs ``reelkit`` with these arguments; ``given`` is its standard input."""
        # All commands are made once.
        with patch("typer.testing._get_command", lambda _: _made()):
            return CliRunner(env=self.environment | environment).invoke(
                app, [str(each) for each in arguments], input=given
            )

    def output(self, *arguments: str | Path, given: str | None = None) -> str:
        """The same of a command that succeeds: what it writes to stdout, without the last line break."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 0, done.output
        return done.stdout.rstrip("\n")

    def json(self, *arguments: str | Path, given: str | None = None) -> Any:
        """The same with ``--json``, decoded."""
        return json.loads(self.output(*arguments, "--json", given=given))

    def refused(self, *arguments: str | Path, status: int = 1, given: str | None = None) -> str:
        """What a command says on stderr that fails: one line, and nothing on stdout."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == status, done.output
        assert done.stdout == ""
        assert done.stderr.startswith("reelkit: "), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr.removeprefix("reelkit: ").rstrip("\n")

    def join(self, meeting_id: str, name: str = "Ada") -> PeerInfo:
        """Somebody comes."""
        return self.live.call(self.api.control.gateway.join(meeting_id, name))

    def delivered(self, meeting_id: str) -> str:
        """The id of a recording that was delivered."""

        async def record() -> str:
            control = self.api.control
            meeting: Meeting = await control.plane.meetings.get(control.app.id, meeting_id)
            recording = await self.api.recorded(meeting)
            await self.api.operator.put(f"{self.api.path}/recordings/{recording.id}", json={"action": "stop"})
            await control.until(recording, RecordingStatus.UPLOADED)
            return recording.id

        return self.live.call(record())


@cache
def _made() -> Any:
    return get_command(app)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second for the next answer about a recording, or before another attempt."""
    monkeypatch.setattr(downloads, "PAUSE_S", 0.0)
    monkeypatch.setattr(watch, "POLL_S", 0.02)
    monkeypatch.setattr(watch, "POLL_BEGIN_S", 0.02)
    monkeypatch.setattr(progress_view, "LINE_INTERVAL_S", 0.0)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    # The server's log, in another thread, would be mixed into the output.
    with capture_logs(), LiveServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def commands(tmp_path_factory: pytest.TempPathFactory, live: LiveServer) -> Commands:
    return Commands(live, tmp_path_factory.mktemp("data"))
