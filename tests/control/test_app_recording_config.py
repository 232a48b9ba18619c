"""What opens an app's storage, and its livestreams, is kept as other secrets are."""

from pathlib import Path
from typing import Any

import pytest

from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.recording import RecordingStatus
from reelkit.control.recording_params import RecordingConfig
from reelkit.control.vault import KEY_FILE, Sealed, new_key
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.own_storage import SECRET, STORAGE_CONFIG

CONFIG = RecordingConfig.parse({"storage_config": STORAGE_CONFIG})
SETTINGS: dict[str, Any] = {"livestream": {"ingest_server": "rtmp://127.0.0.1/live"}}


async def configured(data: Path, clock: ManualClock) -> tuple[str, str]:
    """An app with a configuration and a livestream; the ids of its meeting and of the livestream."""
    async with harness_at(data, clock, **SETTINGS) as harness:
        await harness.plane.app_configs.replace(harness.app.id, CONFIG)
        meeting = await harness.attended_meeting()
        livestream = await harness.plane.livestreams.start(harness.app.id, meeting.id, LivestreamParams())
    for path in data.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    return meeting.id, livestream.id


async def test_keys_can_be_changed_between_two_starts(tmp_path: Path) -> None:
    clock = ManualClock()
    meeting_id, livestream_id = await configured(tmp_path, clock)
    path = tmp_path / "secrets" / KEY_FILE
    path.write_text(f"{new_key()}\n{path.read_text()}")
    second = Harness(tmp_path, clock, **SETTINGS)
    await second.open(recover=False)
    key = (await second.plane.livestreams.get(second.app.id, livestream_id)).stream_key
    await second.close()
    # Everything is sealed anew by now: the old key is not needed any more.
    path.write_text(path.read_text().splitlines()[0])
    async with harness_at(tmp_path, clock, **SETTINGS) as third:
        whole = await third.plane.app_configs.whole(third.app.id)
        assert whole is not None
        assert whole.storage_config == CONFIG.storage_config
        assert key is not None
        assert (await third.plane.livestreams.get(third.app.id, livestream_id)).stream_key == key
        meeting = await third.plane.meetings.get(third.app.id, meeting_id)
        assert (await third.start(meeting)).status is RecordingStatus.RECORDING


async def test_a_lost_key_is_told_until_there_is_another_configuration(tmp_path: Path) -> None:
    clock = ManualClock()
    meeting_id, livestream_id = await configured(tmp_path, clock)
    (tmp_path / "secrets" / KEY_FILE).unlink()
    async with harness_at(tmp_path, clock, **SETTINGS) as second:
        assert (await second.plane.livestreams.get(second.app.id, livestream_id)).stream_key is None
        meeting = await second.plane.meetings.get(second.app.id, meeting_id)
        with pytest.raises(Sealed, match="the app's recording-config cannot be read"):
            await second.start(meeting)
        shown = await second.plane.app_configs.shown(second.app.id)
        assert shown["storage_config"]["bucket"] == "films"
        await second.plane.app_configs.replace(second.app.id, CONFIG)
        assert (await second.start(meeting)).status is RecordingStatus.RECORDING
