"""Erasing recordings over HTTP and by the command."""

import time

import pytest
from typer.testing import CliRunner

from reelkit.cli import app
from reelkit.settings import BucketSettings
from tests.api.harness import Api
from tests.api.live import LiveServer
from tests.api.test_bad_input import assert_failure
from tests.control.harness import PUBLIC_URL
from tests.patience import PATIENCE_S

UNKNOWN = "97440c6a-140b-40a9-9499-b23fd7a3868a"


async def test_an_erased_recording_and_what_is_told_of_it(api: Api) -> None:
    meeting = await api.control.meeting(title="Weekly")
    kept, erased = await api.uploaded(meeting), await api.uploaded(meeting)
    await api.control.gateway.end(meeting.id)
    path = f"{api.path}/recordings/{erased['id']}"
    assert_failure(await api.operator.get(f"{path}/erasure"), 404, "erased")
    answer = await api.operator.delete(path)
    assert answer.status_code == 200, answer.text
    tombstone = answer.json()["data"]
    assert tombstone["recording_id"] == erased["id"]
    assert tombstone["meeting_id"] == meeting.id
    assert tombstone["session_id"] == erased["session_id"]
    assert tombstone["invoked_time"] == erased["invoked_time"]
    assert tombstone["stopped_time"] == erased["stopped_time"]
    assert tombstone["erased_by"] == {"type": "ORGANIZATION", "name": api.control.app.name}
    assert tombstone["state"] == "ERASED"
    assert {"what": "hosted_files"} in tombstone["removed"]
    assert tombstone["left"] == []
    assert "completed_time" in tombstone
    assert (await api.operator.get(f"{path}/erasure")).json()["data"] == tombstone

    assert_failure(await api.operator.get(path), 404, "was erased at")
    assert_failure(await api.operator.put(path, json={"action": "stop"}), 404, "was erased at")
    assert_failure(await api.operator.post(f"{path}/renders", json={}), 404, "was erased at")
    assert_failure(await api.anonymous.get(erased["download_url"].removeprefix(PUBLIC_URL)), 404, "no longer kept")
    listed = (await api.operator.get(f"{api.path}/recordings")).json()
    assert [each["id"] for each in listed["data"]] == [kept["id"]]
    assert (await api.anonymous.get(kept["download_url"].removeprefix(PUBLIC_URL))).status_code == 200
    # Once more does no harm.
    assert (await api.operator.delete(path)).json()["data"] == tombstone


async def test_who_may_not_erase(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    running = await api.recorded(meeting)
    path = f"{api.path}/recordings/{running.id}"
    refused = await api.operator.delete(path)
    assert_failure(refused, 409, "stop it first")
    assert refused.headers["x-should-retry"] == "false"
    assert_failure(await api.operator.delete(f"{api.path}/recordings/{UNKNOWN}"), 404, "no such recording")
    assert_failure(await api.anonymous.delete(path), 401, "token")
    async with api.client(await api.participant(meeting)) as participant:
        assert (await participant.delete(path)).status_code == 403
        assert (await participant.get(f"{path}/erasure")).status_code == 403


async def test_expired_recordings_are_listed_apart_and_have_no_links(api: Api) -> None:
    data = await api.uploaded(await api.control.meeting())
    path = f"{api.path}/recordings"
    api.control.clock.now_s += api.control.settings.recording.url_lifetime_s
    fresh = await api.uploaded(await api.control.meeting())
    for wanted, expected in (("true", data), ("false", fresh)):
        listed = (await api.operator.get(path, params={"expired": wanted})).json()
        assert [each["id"] for each in listed["data"]] == [expected["id"]]
    expired = (await api.operator.get(f"{path}/{data['id']}")).json()["data"]
    assert "download_url" not in expired
    assert "integrity_url" not in expired["reelkit"]
    assert expired["download_url_expiry"] == data["download_url_expiry"]


@pytest.mark.parametrize("direct", [True, False])
async def test_a_bucket_elsewhere_is_read_there(api: Api, monkeypatch: pytest.MonkeyPatch, direct: bool) -> None:
    bucket, links = api.control.bucket, api.control.plane.links
    elsewhere = "https://s3.example.com/films/"
    monkeypatch.setattr(bucket, "presigned", lambda address, lifetime_s: f"{elsewhere}{address.key}?for={lifetime_s:g}")
    monkeypatch.setattr(links, "_direct", direct)
    data = await api.uploaded(await api.control.meeting())
    wanted = f"{elsewhere}{api.control.app.id}/{data['id']}/{data['output_file_name']}?for=604800"
    if direct:
        assert data["download_url"] == wanted
        return
    link = data["download_url"].removeprefix(PUBLIC_URL)
    assert link.startswith("/bucket/")
    answer = await api.anonymous.get(link)
    assert (answer.status_code, answer.headers["location"]) == (302, wanted)
    assert answer.headers["cache-control"] == "no-store"
    tampered = await api.anonymous.get(link.replace("signature=", "signature=x"))
    assert_failure(tampered, 403, "link")


class TestTheCommand:
    """``reelkit recordings delete``."""

    def run(self, live: LiveServer, *arguments: str, answer: str | None = None) -> tuple[int, str]:
        options = ["--url", live.url, "--account", live.account_id, "--app", live.app_id, "--token", live.token]
        done = CliRunner().invoke(app, ["recordings", "delete", *arguments, *options], input=answer)
        return done.exit_code, done.output

    def test_it_asks_and_then_erases(self, live: LiveServer) -> None:
        recording_id = recorded(live)
        status, told = self.run(live, recording_id, answer="n\n")
        assert status == 1
        assert "Erase 1 recording(s)" in told
        status, told = self.run(live, recording_id, answer="y\n")
        assert status == 0, told
        assert f"{recording_id}: erased" in told
        assert "removed: files in the hosted bucket" in told

    def test_one_that_is_refused_keeps_no_other(self, live: LiveServer) -> None:
        recording_id = recorded(live)
        status, told = self.run(live, "--yes", UNKNOWN, recording_id)
        assert status == 1
        assert f"{UNKNOWN}: not erased: there is no such recording" in told
        assert f"{recording_id}: erased" in told


def recorded(live: LiveServer) -> str:
    """A recording that was delivered."""
    client = live.client().realtime_kit
    account_id, app_id = live.account_id, live.app_id
    meeting = client.meetings.create(app_id, account_id=account_id, title="Weekly").data
    assert meeting is not None
    started = client.recordings.start_recordings(app_id, account_id=account_id, meeting_id=meeting.id).data
    assert started is not None
    steer = client.recordings.pause_resume_stop_recording
    steer(started.id, account_id=account_id, app_id=app_id, action="stop")
    find = client.recordings.get_one_recording
    deadline_s = time.monotonic() + PATIENCE_S
    while (found := find(started.id, account_id=account_id, app_id=app_id).data) is None or found.status != "UPLOADED":
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return started.id


def test_the_settings_name_no_secret() -> None:
    settings = BucketSettings.model_validate(
        {"kind": "s3", "bucket": "films", "access_key": "the-key", "secret": "the-secret"}
    )
    assert "the-secret" not in f"{settings!r} {settings.model_dump_json()}"
