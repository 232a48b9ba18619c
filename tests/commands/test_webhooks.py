"""``reelkit webhooks`` against a server."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from reelkit.cli import app
from tests.api.live import LiveServer

TIMEOUT_S = 20.0


class Commands:
    def __init__(self, live: LiveServer, data: Path) -> None:
        facts = {"http": live.url, "account_id": live.account_id, "app_id": live.app_id}
        (data / "listening.json").write_text(json.dumps(facts))
        self._environment = {"REELKIT_DATA": str(data), "REELKIT_API_TOKEN": live.token}

    def run(self, *arguments: str) -> Result:
        # The server's log, in another thread, would be mixed into the output.
        with capture_logs():
            return CliRunner(env=self._environment).invoke(app, ["webhooks", *arguments])

    def output(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.output(*arguments, "--json"))
        return rows


@pytest.fixture
def commands(tmp_path_factory: pytest.TempPathFactory, live: LiveServer) -> Commands:
    return Commands(live, tmp_path_factory.mktemp("data"))


@pytest.fixture
def live(tmp_path: Path) -> Any:
    with LiveServer(tmp_path) as server:
        yield server


def test_from_making_a_webhook_to_its_end(commands: Commands, live: LiveServer) -> None:
    target = "http://localhost:1/hook"
    made = commands.output("create", target, "--event", "recording.statusUpdate", "--name", "[b]films[/b]").strip()
    listed = commands.output("list")
    assert made in listed
    assert target in listed
    assert "[b]films[/b]" in listed
    kit = live.client().realtime_kit
    ids: dict[str, Any] = {"account_id": live.account_id, "app_id": live.app_id}
    meeting = kit.meetings.create(title="Weekly", **ids).data
    assert meeting is not None
    kit.recordings.start_recordings(meeting_id=meeting.id, **ids)

    def settled(attempts: int) -> list[dict[str, Any]]:
        deadline_s = time.monotonic() + TIMEOUT_S
        while True:
            rows = commands.rows("deliveries", made)
            # This machine may not be told anything: private addresses are closed.
            if [row["state"] for row in rows] == ["FAILED"] * 2 and rows[-1]["attempts"] == attempts:
                return rows
            assert time.monotonic() < deadline_s, rows
            time.sleep(0.02)

    _, first = settled(1)
    shown = commands.output("deliveries", made, "--state", "FAILED", "--limit", "1")
    assert first["id"] not in shown
    assert "recording.statusUpdate" in shown
    whole = commands.output("deliveries", made, first["id"])
    assert '"status": "INVOKED"' in whole
    assert "the host is not on the public internet" in whole
    assert "queued recording.statusUpdate" in commands.output("replay", made, first["id"])
    settled(2)
    assert "deleted [b]films[/b]" in commands.output("delete", made)
    assert commands.rows("list") == []


def test_the_servers_reason_is_told(commands: Commands) -> None:
    done = commands.run("create", "https://hooks.example.com/", "--event", "meeting.begun")
    assert done.exit_code == 1
    assert done.stderr.startswith("reelkit: events[0]: there is no event 'meeting.begun'")
    done = commands.run("delete", "../../apps")
    assert done.exit_code == 1
    assert done.stderr.startswith("reelkit: ")
    assert commands.run("replay").exit_code == 2
