"""The REST calls of the browser SDK."""

from tests.api.harness import Api
from tests.api.test_bad_input import assert_failure
from tests.strict_answers import nulls


async def test_participant_details_hold_what_the_sdk_reads_and_no_null(api: Api) -> None:
    meeting = await api.control.meeting(title="Weekly")
    async with api.client(await api.participant(meeting, name=None)) as participant:
        answer = await participant.get("/v2/internals/participant-details")
    assert answer.status_code == 200
    body = answer.json()
    assert nulls(body) == []
    data = body["data"]
    assert body["success"] is True
    assert set(data) == {"participant", "preset", "meeting", "socket"}
    assert set(data["participant"]) == {"id", "name", "custom_participant_id", "organization_id"}
    assert data["participant"]["custom_participant_id"] == "ada@example.com"
    assert data["participant"]["organization_id"] == api.control.app.id
    assert data["meeting"] == {"id": meeting.id, "title": "Weekly"}
    assert data["socket"] == {}
    assert data["preset"]["name"] == "group_call_host"
    assert data["preset"]["config"]["view_type"] == "GROUP_CALL"
    assert data["preset"]["permissions"]["can_record"] is True
    assert data["preset"]["permissions"]["media"]["audio"]["can_produce"] == "ALLOWED"


async def test_a_picture_is_there_when_there_is_one(api: Api) -> None:
    token = await api.participant(await api.control.meeting(), picture="https://example.com/ada.png")
    async with api.client(token) as participant:
        data = (await participant.get("/v2/internals/participant-details")).json()["data"]
    assert data["participant"]["picture"] == "https://example.com/ada.png"
    assert data["meeting"]["title"] == ""


async def test_nobody_enters_an_inactive_meeting(api: Api) -> None:
    meeting = await api.control.meeting(status="INACTIVE")
    async with api.client(await api.participant(meeting)) as participant:
        assert_failure(await participant.get("/v2/internals/participant-details"), 403, "INACTIVE")


async def test_a_deleted_participant_is_shut_out(api: Api) -> None:
    meeting = await api.control.meeting()
    token = await api.participant(meeting)
    (participant,) = (await api.operator.get(f"{api.path}/meetings/{meeting.id}/participants")).json()["data"]
    await api.operator.delete(f"{api.path}/meetings/{meeting.id}/participants/{participant['id']}")
    async with api.client(token) as client:
        assert_failure(await client.get("/v2/internals/participant-details"), 401, "revoked")


async def test_ice_servers_stand_outside_data(api: Api) -> None:
    async with api.client(await api.participant(await api.control.meeting())) as participant:
        answer = await participant.get("/iceservers")
    assert answer.json() == {"success": True, "iceServers": []}


async def test_calls_of_older_sdks(api: Api) -> None:
    async with api.client(await api.participant(await api.control.meeting(title="Weekly"))) as participant:
        plugins = await participant.get("/v2/plugins/user")
        rooms = await participant.post("/v2/internals/rooms", json={"anything": 1})
    assert plugins.json() == {"success": True, "data": {"plugins": []}}
    assert rooms.json() == {"success": True, "data": {"title": "Weekly", "sfu": 3}}


async def test_a_participant_records_and_is_named_as_the_caller(api: Api) -> None:
    meeting = await api.control.meeting()
    token = await api.participant(meeting)
    async with api.client(token) as participant:
        # What SDK 2.0.2 sends for recording.start() with a file name prefix.
        started = await participant.post(
            "/prefix/v2/recordings",
            json={
                "meeting_id": meeting.id,
                "allow_multiple_recordings": False,
                "file_name_prefix": "sdk",
                "video_config": {"height": 720, "width": 1280, "codec": "H264"},
            },
            headers={"host": "api.rtk.localhost:8743", "origin": "https://page.test"},
        )
        assert started.status_code == 200
        assert started.headers["access-control-allow-origin"] == "*"
        recording = started.json()["data"]
        assert recording["status"] == "RECORDING"
        caller = recording["start_reason"]["caller"]
        assert (caller["type"], caller["name"]) == ("USER", "Ada")
        active = await participant.get(f"/v2/recordings/active-recording/{meeting.id}")
        assert active.json()["data"]["id"] == recording["id"]
        second = await participant.post("/v2/recordings", json={"meeting_id": meeting.id})
        assert_failure(second, 409, "running already")
        stopped = await participant.put(f"/v2/recordings/{recording['id']}", json={"action": "stop"})
    assert stopped.json()["data"]["stop_reason"]["caller"] == caller


async def test_without_can_record_nothing_is_recorded(api: Api) -> None:
    meeting = await api.control.meeting()
    recording = await api.recorded(meeting)
    async with api.client(await api.participant(meeting, "group_call_participant")) as participant:
        answers = [
            await participant.post("/v2/recordings", json={"meeting_id": meeting.id}),
            await participant.put(f"/v2/recordings/{recording.id}", json={"action": "stop"}),
            await participant.get(f"/v2/recordings/active-recording/{meeting.id}"),
        ]
    for answer in answers:
        assert_failure(answer, 403, "can_record")
    assert await api.recordings() == 1
    assert (await api.control.get(recording)).status == "RECORDING"


async def test_another_meeting_is_not_recorded(api: Api) -> None:
    mine, theirs = await api.control.meeting(), await api.control.meeting()
    async with api.client(await api.participant(mine)) as participant:
        assert_failure(await participant.post("/v2/recordings", json={"meeting_id": theirs.id}), 403, "meeting_id")
    assert await api.recordings() == 0


async def test_what_is_not_built_says_so(api: Api) -> None:
    async with api.client(await api.participant(await api.control.meeting())) as participant:
        assert_failure(await participant.post("/v2/meetings/chat-upload", json={}), 501, "not available")
        assert_failure(await participant.get("/v2/nothing"), 404, "no such path")


async def test_telemetry_is_swallowed(api: Api) -> None:
    answer = await api.anonymous.post(
        "/otel/logs", content=b"\x1f\x8b" + bytes(1 << 21), headers={"host": "api-silos.rtk.localhost:8743"}
    )
    assert answer.status_code == 200
