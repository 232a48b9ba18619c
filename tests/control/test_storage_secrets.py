"""What opens callers' storage is kept, and whom it is shown to."""

from pathlib import Path
from typing import Any

import pytest

from reelkit.control.destinations import guarded
from reelkit.control.errors import Invalid
from reelkit.control.host_keys import PinnedHostKeys
from reelkit.control.hosted import BucketState
from reelkit.control.recording import Action, RecordingStatus
from reelkit.control.vault import KEY_FILE, new_key
from reelkit.egress.guard import EgressGuard
from tests.control.deliveries import bucket_of, delivery_of, retried, until_waiting
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.own_storage import SECRET, STORAGE_CONFIG


async def test_secrets_are_nowhere_on_disk(harness: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    meeting = await harness.meeting(recording_config={"storage_config": STORAGE_CONFIG})
    recording = await harness.start(meeting)
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.UPLOADED)
    for path in harness.data.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err
    assert SECRET not in repr(await harness.get(recording))
    assert SECRET not in repr(await harness.plane.meetings.get(harness.app.id, meeting.id))


async def test_keys_can_be_changed_between_two_starts(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    meeting = await first.meeting(recording_config={"storage_config": STORAGE_CONFIG})
    first.storage.down = True
    recording = await first.act(await first.start(meeting), Action.STOP)
    await until_waiting(first, recording)
    await first.close()
    path = tmp_path / "secrets" / KEY_FILE
    path.write_text(f"{new_key()}\n{path.read_text()}")
    second = Harness(tmp_path, clock)
    await second.open(recover=False)
    await second.close()
    # Everything is sealed anew by now: the old key is not needed any more.
    path.write_text(path.read_text().splitlines()[0])
    async with harness_at(tmp_path, clock) as third:
        await third.until(recording, RecordingStatus.UPLOADED)
        assert (await third.start(meeting)).status is RecordingStatus.RECORDING


async def test_a_lost_key_costs_what_it_opened_and_nothing_else(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    meeting = await first.meeting(recording_config={"storage_config": STORAGE_CONFIG})
    first.storage.down = True
    recording = await first.act(await first.start(meeting), Action.STOP)
    await until_waiting(first, recording)
    await first.close()
    (tmp_path / "secrets" / KEY_FILE).unlink()
    async with harness_at(tmp_path, clock) as second:
        failed = await second.until(recording, RecordingStatus.ERRORED)
        assert delivery_of(failed).error == "a stored secret was sealed with a key that this server does not have"
        assert bucket_of(second, failed) is BucketState.STORED
        shown = await second.plane.meetings.get(second.app.id, meeting.id)
        readable = {name: value for name, value in STORAGE_CONFIG.items() if name not in {"access_key", "secret"}}
        assert shown.recording_config == {"storage_config": readable}
        await retried(second, failed, STORAGE_CONFIG)
        await second.until(recording, RecordingStatus.UPLOADED)


async def test_host_keys_are_pinned_for_each_app(harness: Harness) -> None:
    keys = PinnedHostKeys(harness.database, harness.clock, harness.app.id)
    assert await keys.known("host", 22) is None
    await keys.pin("host", 22, "ssh-ed25519 AAAA")
    assert await keys.known("host", 22) == "ssh-ed25519 AAAA"
    assert await keys.known("host", 2222) is None
    other = await harness.plane.apps.create(harness.app.account_id, "other")
    assert await PinnedHostKeys(harness.database, harness.clock, other.id).known("host", 22) is None


@pytest.mark.parametrize(
    "storage",
    [
        {"type": "sftp", "host": "127.0.0.1", "username": "u", "auth_method": "PASSWORD", "password": "p"},
        {
            "type": "azure",
            "bucket": "films",
            "access_key": "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=a2V5;"
            "BlobEndpoint=http://10.77.0.1:10000/acct;",
        },
    ],
)
async def test_hosts_inside_are_not_spoken_to(harness: Harness, storage: dict[str, Any]) -> None:
    harness.open_destination = guarded(harness.settings, EgressGuard(harness.settings.egress))
    with pytest.raises(Invalid) as refused:
        await harness.start(await harness.meeting(), storage_config=storage)
    assert refused.value.field == "storage_config"
    assert "public internet" in refused.value.message
