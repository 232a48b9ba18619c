"""``reelkit recordings deliver`` where there is nothing to do; tests/e2e/test_delivery.py has the rest."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from reelkit.cli import app
from tests.api.live import LiveServer


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "server") as server:
        yield server


def deliver(live: LiveServer, directory: Path, recording_id: str, storage: str | None = None) -> Result:
    facts = {"http": live.url, "account_id": live.account_id, "app_id": live.app_id}
    (directory / "listening.json").write_text(json.dumps(facts))
    options = [] if storage is None else ["--storage", "-"]
    with capture_logs():
        return CliRunner(env={"REELKIT_DATA": str(directory), "REELKIT_API_TOKEN": live.token}).invoke(
            app, ["recordings", "deliver", recording_id, *options], input=storage
        )


def test_what_cannot_be_delivered_again(live: LiveServer, tmp_path: Path) -> None:
    client = live.client()
    meeting = client.realtime_kit.meetings.create(live.app_id, account_id=live.account_id, title="Weekly").data
    assert meeting is not None
    recording = client.realtime_kit.recordings.start_recordings(
        live.app_id, account_id=live.account_id, meeting_id=meeting.id
    ).data
    assert recording is not None
    refused = deliver(live, tmp_path, recording.id)
    assert refused.exit_code == 1
    assert "the recording has no storage_config" in refused.output
    assert deliver(live, tmp_path, "97440c6a-140b-40a9-9499-b23fd7a3868a").exit_code == 1
    wrong = deliver(live, tmp_path, recording.id, '{"secret": "very-secret"')
    assert wrong.exit_code == 2
    assert "this is not JSON" in wrong.output
    assert "very-secret" not in wrong.output
    incomplete = deliver(live, tmp_path, recording.id, '{"type": "aws", "secret": "very-secret"}')
    assert incomplete.exit_code == 1
    assert "storage_config.access_key" in incomplete.output
    assert "very-secret" not in incomplete.output
