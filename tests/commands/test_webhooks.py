"""``reelkit webhooks`` against a server."""

import time
from typing import Any

from tests.api.live import LiveServer
from tests.commands.conftest import Commands
from tests.patience import PATIENCE_S


def test_from_making_a_webhook_to_its_end(commands: Commands, live: LiveServer) -> None:
    target = "http://localhost:1/hook"
    made = commands.output("webhooks", "create", target, "--event", "recording.statusUpdate", "--name", "[b]films[/b]")
    listed = commands.output("webhooks", "list")
    assert made in listed
    assert target in listed
    assert "[b]films[/b]" in listed
    kit = live.client().realtime_kit
    ids: dict[str, Any] = {"account_id": live.account_id, "app_id": live.app_id}
    meeting = kit.meetings.create(title="Weekly", **ids).data
    assert meeting is not None
    kit.recordings.start_recordings(meeting_id=meeting.id, **ids)

    def settled(attempts: int) -> list[dict[str, Any]]:
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            rows: list[dict[str, Any]] = commands.json("webhooks", "deliveries", made)
            # This machine may not be told anything: private addresses are closed.
            if [row["state"] for row in rows] == ["FAILED"] * 2 and rows[-1]["attempts"] == attempts:
                return rows
            assert time.monotonic() < deadline_s, rows
            time.sleep(0.02)

    _, first = settled(1)
    shown = commands.output("webhooks", "deliveries", made, "--state", "FAILED", "--limit", "1")
    assert first["id"] not in shown
    assert "recording.statusUpdate" in shown
    whole = commands.output("webhooks", "deliveries", made, first["id"])
    assert '"status": "INVOKED"' in whole
    assert "the host is not on the public internet" in whole
    assert "queued recording.statusUpdate" in commands.output("webhooks", "replay", made, first["id"])
    settled(2)
    commands.output("webhooks", "update", made, "--disable", "--event", "meeting.started")
    (changed,) = commands.json("webhooks", "list")
    assert (changed["enabled"], changed["events"], changed["url"]) == (False, ["meeting.started"], target)
    assert "nothing to change" in commands.refused("webhooks", "update", made, status=2)
    assert "deleted [b]films[/b]" in commands.output("webhooks", "delete", made)
    assert commands.json("webhooks", "list") == []


def test_the_servers_reason_is_told(commands: Commands) -> None:
    told = commands.refused("webhooks", "create", "https://hooks.example.com/", "--event", "meeting.begun")
    assert told.startswith("events[0]: there is no event 'meeting.begun'")
    commands.refused("webhooks", "delete", "../../apps")
    assert commands.run("webhooks", "replay").exit_code == 2
