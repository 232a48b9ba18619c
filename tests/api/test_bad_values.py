"""Tables of wrong values: each is refused with the status that fits, the field is named, and nothing is made.

All share one application, because none of them may change anything.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.control.meeting_params import MeetingParams
from reelkit.control.recording_params import RecordingParams
from tests.api.harness import Api, api_at
from tests.api.test_bad_input import assert_failure

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Fixed: tests are named after it, and side by side each process must know them by the same names.
UNKNOWN = "5f0c6a57-0e0b-4d4a-9a43-1f6f3c1f7f5e"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with api_at(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"meeting_id": UNKNOWN}, 404, "meeting"),
        ({"meeting_id": "not-a-uuid"}, 422, "meeting_id"),
        ({"meeting_id": 7}, 400, "meeting_id"),
        ({"meeting_id": None}, 400, "meeting_id"),
        ({"max_seconds": 59}, 422, "max_seconds"),
        ({"max_seconds": 86_401}, 422, "max_seconds"),
        ({"max_seconds": "60"}, 400, "max_seconds"),
        ({"max_seconds": True}, 400, "max_seconds"),
        ({"max_seconds": 60.5}, 400, "max_seconds"),
        ({"allow_multiple_recordings": "yes"}, 400, "allow_multiple_recordings"),
        ({"file_name_prefix": "../etc"}, 422, "file_name_prefix"),
        ({"file_name_prefix": ""}, 422, "file_name_prefix"),
        ({"video_config": {"width": 0}}, 422, "video_config.width"),
        ({"video_config": {"height": 1_921}}, 422, "video_config.height"),
        ({"video_config": {"codec": "AV1"}}, 422, "video_config.codec"),
        ({"video_config": []}, 400, "video_config"),
        ({"video_config": {"export_file": False}}, 422, "video_config.export_file"),
        ({"video_config": {"watermark": {"url": "ftp://x"}}}, 422, "video_config.watermark.url"),
        ({"video_config": {"watermark": {"url": "http://127.0.0.1/x"}}}, 422, "video_config.watermark.url"),
        ({"video_config": {"watermark": {"position": "left top"}}}, 422, "video_config.watermark.url"),
        ({"audio_config": {"export_file": False}}, 422, "audio_config.export_file"),
        ({"reelkit": {"keep_capture": "yes"}}, 400, "reelkit.keep_capture"),
        ({"reelkit": {"colour": "blue"}}, 400, "reelkit.colour"),
        ({"reelkit": {"layout": "circle"}}, 422, "reelkit.layout"),
        ({"reelkit": {"layout": "Speaker"}}, 422, "reelkit.layout"),
        ({"reelkit": {"layout": 1}}, 422, "reelkit.layout"),
        ({"audio_config": {"codec": "FLAC"}}, 422, "audio_config.codec"),
        ({"realtimekit_bucket_config": {}}, 400, "realtimekit_bucket_config.enabled"),
        ({"realtimekit_bucket_config": {"enabled": False}}, 422, "realtimekit_bucket_config.enabled"),
        (
            {"interactive_config": {"type": "ID3"}, "video_config": {"codec": "VP8"}},
            422,
            "interactive_config.type",
        ),
        ({"interactive_config": {"type": "ID4"}}, 422, "interactive_config.type"),
        ({"rtmp_out_config": {"rtmp_url": "rtmp://x/y"}}, 422, "rtmp_out_config.rtmp_url"),
        ({"rtmp_out_config": {"rtmp_url": "http://x/y"}}, 422, "rtmp_out_config.rtmp_url"),
        ({"url": "https://127.0.0.1/"}, 422, "url"),
        ({"url": "https://me:secret@203.0.113.7/"}, 422, "url"),
        ({"url": "https://203.0.113.7:99999/"}, 422, "url"),
        ({"url": "https:///path"}, 422, "url"),
        ({"url": 5}, 400, "url"),
        ({"url": "https://203.0.113.7/", "reelkit": {"layout": "grid"}}, 422, "reelkit.layout"),
        ({"url": "https://203.0.113.7/", "reelkit": {"keep_capture": True}}, 422, "reelkit.keep_capture"),
        ({"url": "file:///etc/passwd"}, 422, "url"),
        ({"storage_config": {"type": "aws"}}, 400, "storage_config.access_key"),
        ({"storage_config": {"type": "tape"}}, 422, "storage_config.type"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else str(value),
)
async def test_start_recording(shared: Api, fields: dict[str, Any], status: int, named: str) -> None:
    meeting = await shared.control.meeting()
    answer = await shared.operator.post(f"{shared.path}/recordings", json={"meeting_id": meeting.id, **fields})
    assert_failure(answer, status, named)
    assert await shared.recordings() == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "body"),
        (b"{", "the body is not valid JSON"),
        (b'{"meeting_id": nope}', "at character 15"),
        (b"[]", "the body"),
        (b"null", "the body"),
        (b'"text"', "the body"),
        (b"\xff\xfe", "body"),
    ],
    ids=["empty", "torn", "bad word", "list", "null", "string", "no UTF-8"],
)
async def test_malformed_bodies(shared: Api, body: bytes, words: str) -> None:
    answer = await shared.operator.post(
        f"{shared.path}/recordings", content=body, headers={"content-type": "application/json"}
    )
    assert_failure(answer, 400, words)
    assert await shared.recordings() == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("GET", "/recordings/not-a-uuid", None, 422, "recording_id"),
        ("PUT", "/recordings/not-a-uuid", {"action": "stop"}, 422, "recording_id"),
        ("PUT", f"/recordings/{UNKNOWN}", {"action": "explode"}, 422, "action"),
        ("PUT", f"/recordings/{UNKNOWN}", {}, 400, "action"),
        ("PUT", f"/recordings/{UNKNOWN}", {"action": "stop"}, 404, "recording"),
        ("GET", f"/recordings/active-recording/{UNKNOWN}", None, 404, "meeting"),
        ("GET", "/recordings?page_no=0", None, 422, "page_no"),
        ("GET", "/recordings?page_no=x", None, 400, "page_no"),
        ("GET", "/recordings?per_page=101", None, 422, "per_page"),
        ("GET", "/recordings?status=DONE", None, 422, "status"),
        ("GET", "/recordings?status[]=DONE", None, 422, "status"),
        ("GET", "/recordings?meeting_id=x", None, 422, "meeting_id"),
        ("GET", "/recordings?sort_by=size", None, 422, "sort_by"),
        ("GET", "/recordings?sort_order=UP", None, 422, "sort_order"),
        ("GET", "/recordings?start_time=yesterday", None, 400, "start_time"),
        ("GET", "/recordings?start_time=9999-12-31T23:59:59-10:00", None, 422, "start_time"),
        ("GET", "/recordings?expired=perhaps", None, 400, "expired"),
        ("GET", "/meetings?search=%00", None, 422, "search"),
        ("GET", f"/meetings?search={'x' * 1_001}", None, 422, "search"),
        ("POST", "/meetings", {"title": 5}, 400, "title"),
        ("POST", "/meetings", {"title": "a\0b"}, 422, "title"),
        ("POST", "/meetings", {"title": "x" * 1_001}, 422, "title"),
        ("POST", "/meetings", {"record_on_start": "true"}, 400, "record_on_start"),
        ("POST", "/meetings", {"session_keep_alive_time_in_secs": -1}, 422, "session_keep_alive_time_in_secs"),
        ("POST", "/meetings", {"recording_config": {"max_seconds": 1}}, 422, "recording_config.max_seconds"),
        ("POST", "/meetings", {"live_stream_on_start": True}, 501, "live_stream_on_start"),
        ("PATCH", f"/meetings/{UNKNOWN}", {"status": "CLOSED"}, 422, "status"),
        ("PATCH", f"/meetings/{UNKNOWN}", {"title": "x"}, 404, "meeting"),
        ("PUT", f"/meetings/{UNKNOWN}", {}, 404, "meeting"),
        ("GET", "/meetings/not-a-uuid", None, 422, "meeting_id"),
        ("POST", f"/meetings/{UNKNOWN}/participants", {"preset_name": "x"}, 400, "custom_participant_id"),
        ("GET", f"/presets/{UNKNOWN}", None, 404, "preset"),
        ("GET", "/nothing", None, 404, "no such path"),
        ("DELETE", "/meetings", None, 405, "DELETE is not allowed"),
    ],
)
async def test_other_requests(
    shared: Api, method: str, path: str, body: dict[str, Any] | None, status: int, named: str
) -> None:
    before = await meetings(shared)
    answer = await shared.operator.request(method, f"{shared.path}{path}", json=body)
    assert_failure(answer, status, named)
    assert await meetings(shared) == before


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"preset_name": "no_such_preset"}, 422, "preset_name"),
        ({"custom_participant_id": ""}, 422, "custom_participant_id"),
        ({"name": "x" * 256}, 422, "name"),
        ({"picture": "data:image/png,x"}, 422, "picture"),
    ],
)
async def test_participants(shared: Api, body: dict[str, Any], status: int, named: str) -> None:
    meeting = await shared.control.meeting()
    path = f"{shared.path}/meetings/{meeting.id}/participants"
    good = {"custom_participant_id": "x", "preset_name": "group_call_host"}
    assert_failure(await shared.operator.post(path, json=good | body), status, named)
    assert (await shared.operator.get(path)).json()["data"] == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, 5, None])
async def test_names_of_apps(shared: Api, name: object) -> None:
    answer = await shared.operator.post(f"{shared.kit}/apps", json={"name": name})
    assert_failure(answer, 422 if isinstance(name, str) else 400, "name")
    assert (await shared.operator.get(f"{shared.kit}/apps")).json()["paging"]["total_count"] == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [*RecordingParams.model_fields, *MeetingParams.model_fields, "custom_participant_id", "preset_name", "action"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(body=VALUES | st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5), which=st.sampled_from(range(4)))
async def test_no_json_is_a_fault_of_ours(shared: Api, body: object, which: int) -> None:
    unknown = f"{shared.path}/meetings/{UNKNOWN}"
    method, path = (
        ("POST", f"{shared.path}/recordings"),
        ("PATCH", unknown),
        ("POST", f"{unknown}/participants"),
        ("PUT", f"{shared.path}/recordings/{UNKNOWN}"),
    )[which]
    answer = await shared.operator.request(method, path, json=body)
    assert answer.status_code in {400, 404, 422, 501}, answer.text
    assert_failure(answer, answer.status_code)


async def meetings(shared: Api) -> int:
    total: int = (await shared.operator.get(f"{shared.path}/meetings")).json()["paging"]["total_count"]
    return total
