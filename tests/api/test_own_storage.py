"""Own storage over HTTP: what answers show, what they never show, and delivering again."""

from typing import Any

from reelkit.control.recording import RecordingStatus
from tests.api.harness import Api
from tests.api.live import LiveServer
from tests.control.deliveries import in_time
from tests.control.own_storage import SECRET, STORAGE_CONFIG, with_secret

READABLE = {name: value for name, value in STORAGE_CONFIG.items() if name not in {"access_key", "secret"}}
URLS = {"download_url", "audio_download_url", "download_url_expiry"}


async def started(api: Api, **fields: Any) -> dict[str, Any]:
    meeting = await api.control.meeting()
    body = {"meeting_id": meeting.id, "storage_config": STORAGE_CONFIG, **fields}
    answer = await api.operator.post(f"{api.path}/recordings", json=body)
    assert answer.status_code == 200
    assert SECRET not in answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def ended(api: Api, recording_id: str, status: RecordingStatus) -> dict[str, Any]:
    await api.operator.put(f"{api.path}/recordings/{recording_id}", json={"action": "stop"})
    return await reached(api, recording_id, status)


async def reached(api: Api, recording_id: str, status: RecordingStatus) -> dict[str, Any]:
    recording = await api.control.plane.recordings.get(api.control.app.id, recording_id)
    await api.control.until(recording, status)
    answer = await api.operator.get(f"{api.path}/recordings/{recording_id}")
    assert SECRET not in answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_answers_show_the_storage_without_what_opens_it(api: Api) -> None:
    recording = await started(api)
    assert recording["storage_config"] == READABLE
    assert recording["reelkit"]["destination"] == {
        "type": "aws",
        "label": "s3://films/2026",
        "state": "WAITING",
        "sent_bytes": 0,
        "attempts": 0,
    }
    assert recording["reelkit"]["bucket"] == {"state": "NONE"}
    uploaded = await ended(api, recording["id"], RecordingStatus.UPLOADED)
    destination = uploaded["reelkit"]["destination"]
    assert (destination["state"], destination["attempts"]) == ("UPLOADED", 1)
    assert destination["sent_bytes"] == destination["total_bytes"] > 0
    assert uploaded["reelkit"]["bucket"] == {"state": "STORED"}
    assert set(uploaded) >= {"download_url", "download_url_expiry"}
    listed = (await api.operator.get(f"{api.path}/recordings")).json()["data"]
    assert [each["storage_config"] for each in listed] == [READABLE]


async def test_a_recording_without_own_storage_says_nothing_of_it(api: Api) -> None:
    answer = await api.uploaded(await api.control.meeting())
    assert "storage_config" not in answer
    assert "destination" not in answer["reelkit"]
    assert answer["reelkit"]["bucket"] == {"state": "STORED"}


async def test_no_url_is_shown_where_the_bucket_is_switched_off(api: Api) -> None:
    recording = await started(api, realtimekit_bucket_config={"enabled": False})
    api.control.storage.down = True
    uploading = await ended(api, recording["id"], RecordingStatus.UPLOADING)
    assert not URLS & set(uploading)
    api.control.storage.down = False
    await in_time(
        api.control,
        await api.control.plane.recordings.get(api.control.app.id, recording["id"]),
        RecordingStatus.UPLOADED,
    )
    uploaded = await reached(api, recording["id"], RecordingStatus.UPLOADED)
    assert not URLS & set(uploaded)
    assert uploaded["reelkit"]["bucket"] == {"state": "REMOVED"}
    assert uploaded["file_size"] > 0


async def test_a_wrong_secret_is_named_and_not_repeated(api: Api) -> None:
    meeting = await api.control.meeting()
    body = {"meeting_id": meeting.id, "storage_config": with_secret("wrong-secret")}
    answer = await api.operator.post(f"{api.path}/recordings", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "storage_config: the credentials are not right"
    assert "wrong-secret" not in answer.text
    assert await api.recordings() == 0


async def test_a_failed_delivery_is_tried_again_with_other_credentials(api: Api) -> None:
    recording = await started(api)
    api.control.storage.secret = "another"
    failed = await ended(api, recording["id"], RecordingStatus.ERRORED)
    assert failed["reelkit"]["destination"]["state"] == "FAILED"
    assert failed["reelkit"]["error"] == "the delivery to s3://films/2026 failed: the credentials are not right"
    assert "download_url" in failed
    path = f"{api.path}/recordings/{recording['id']}/delivery"
    refused = await api.operator.post(path, json={"storage_config": {"type": "aws"}})
    assert refused.status_code == 400
    assert "storage_config.access_key" in refused.json()["error"]["message"]
    again = await api.operator.post(path)
    assert (again.status_code, again.json()["data"]["status"]) == (200, "UPLOADING")
    await reached(api, recording["id"], RecordingStatus.ERRORED)
    again = await api.operator.post(path, json={"storage_config": with_secret("another")})
    assert again.status_code == 200
    uploaded = await reached(api, recording["id"], RecordingStatus.UPLOADED)
    assert "error" not in uploaded["reelkit"]
    assert (await api.operator.post(path)).status_code == 409


async def test_only_an_operator_delivers_again(api: Api) -> None:
    meeting = await api.control.meeting()
    uploaded = await api.uploaded(meeting)
    participant = api.client(await api.participant(meeting))
    path = f"{api.path}/recordings/{uploaded['id']}/delivery"
    async with participant:
        assert (await participant.post(path)).status_code in {401, 403}
    assert (await api.operator.post(path)).status_code == 409
    unknown = f"{api.path}/recordings/97440c6a-140b-40a9-9499-b23fd7a3868a/delivery"
    assert (await api.operator.post(unknown)).status_code == 404


async def test_a_meetings_secrets_are_write_only(api: Api) -> None:
    body = {"title": "Weekly", "recording_config": {"max_seconds": 90, "storage_config": STORAGE_CONFIG}}
    made = await api.operator.post(f"{api.path}/meetings", json=body)
    assert made.status_code == 201
    shown = {"max_seconds": 90, "storage_config": READABLE}
    assert made.json()["data"]["recording_config"] == shown
    path = f"{api.path}/meetings/{made.json()['data']['id']}"
    changed = await api.operator.patch(path, json={"title": "Daily"})
    assert changed.json()["data"]["recording_config"] == shown
    answer = await api.operator.post(f"{api.path}/recordings", json={"meeting_id": made.json()["data"]["id"]})
    assert answer.json()["data"]["storage_config"] == READABLE
    uploaded = await ended(api, answer.json()["data"]["id"], RecordingStatus.UPLOADED)
    assert api.control.storage.objects()[uploaded["output_file_name"]]


def test_the_official_client_reads_the_storage(live: LiveServer) -> None:
    client = live.client()
    meeting = client.realtime_kit.meetings.create(live.app_id, account_id=live.account_id, title="Weekly")
    assert meeting.data is not None
    started = client.realtime_kit.recordings.start_recordings(
        live.app_id,
        account_id=live.account_id,
        meeting_id=meeting.data.id,
        storage_config={
            "type": "aws",
            "access_key": STORAGE_CONFIG["access_key"],
            "secret": SECRET,
            "bucket": "films",
            "region": "eu-1",
            "path": "2026",
        },
    )
    assert started.data is not None
    assert started.data.storage_config is not None
    assert started.data.storage_config.type == "aws"
    assert started.data.storage_config.bucket == "films"
