"""Apps, presets and meetings."""

from typing import Any

import pytest

from reelkit.clock import utc
from reelkit.control.default_presets import (
    GROUP_CALL_HOST,
    GROUP_CALL_PARTICIPANT,
    RECORDER,
    WEBINAR_PRESENTER,
    WEBINAR_VIEWER,
    default_presets,
)
from reelkit.control.errors import Invalid, NotFound, Unsupported
from reelkit.control.meeting_params import MeetingParams, MeetingStatus
from reelkit.control.paging import MAX_PER_PAGE, PageRequest
from reelkit.db.meetings import MeetingFilter
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S

UNKNOWN_ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"


async def test_the_default_account_and_app_are_made_once(harness: Harness) -> None:
    again = await harness.plane.apps.ensure_default()
    assert again == harness.app
    assert len(again.account_id) == len(again.id) == 32
    assert int(again.account_id, 16) != int(again.id, 16)


async def test_apps(harness: Harness) -> None:
    account_id = harness.app.account_id
    await harness.clock.advance(1)
    app = await harness.plane.apps.create(account_id, "Sales 100%")
    assert await harness.plane.apps.get(account_id, app.id) == app
    assert await harness.plane.apps.by_id(app.id) == app
    page = await harness.plane.apps.list(account_id, PageRequest())
    assert [each.name for each in page.items] == ["Sales 100%", "default"]
    assert (page.total_count, page.start_offset, page.end_offset) == (2, 1, 2)
    oldest = await harness.plane.apps.list(account_id, PageRequest(per_page=1), newest_first=False)
    assert [each.name for each in oldest.items] == ["default"]
    found = await harness.plane.apps.list(account_id, PageRequest(), search="0%")
    assert found.items == (app,)
    nothing = await harness.plane.apps.list(account_id, PageRequest(), search="_")
    assert (nothing.items, nothing.total_count, nothing.start_offset, nothing.end_offset) == ((), 0, 0, 0)


async def test_other_accounts_are_not_there(harness: Harness) -> None:
    stranger = "0" * 32
    with pytest.raises(NotFound):
        await harness.plane.apps.get(stranger, harness.app.id)
    with pytest.raises(NotFound):
        await harness.plane.apps.list(stranger, PageRequest())
    with pytest.raises(NotFound):
        await harness.plane.apps.create(stranger, "mine")
    with pytest.raises(NotFound):
        await harness.plane.apps.by_id(stranger)


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "a" * 256])
async def test_apps_need_a_name(harness: Harness, name: str) -> None:
    with pytest.raises(Invalid) as raised:
        await harness.plane.apps.create(harness.app.account_id, name)
    assert raised.value.field == "name"


@pytest.mark.parametrize(
    ("page_no", "per_page", "field"),
    [
        (0, 1, "page_no"),
        (-1, 1, "page_no"),
        (10**7, 1, "page_no"),
        (1, 0, "per_page"),
        (1, MAX_PER_PAGE + 1, "per_page"),
    ],
)
def test_pages_out_of_range(page_no: int, per_page: int, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        PageRequest(page_no, per_page)
    assert raised.value.field == field


async def test_every_app_begins_with_the_five_presets(harness: Harness) -> None:
    app = await harness.plane.apps.create(harness.app.account_id, "second")
    for owner in (harness.app, app):
        page = await harness.plane.presets.list(owner.id, PageRequest())
        assert [preset.name for preset in page.items] == [
            GROUP_CALL_HOST,
            GROUP_CALL_PARTICIPANT,
            RECORDER,
            WEBINAR_PRESENTER,
            WEBINAR_VIEWER,
        ]
        assert {preset.name for preset in page.items if preset.can_record} == {GROUP_CALL_HOST, WEBINAR_PRESENTER}
    host = await harness.plane.presets.by_name(app.id, GROUP_CALL_HOST)
    assert await harness.plane.presets.get(app.id, host.id) == host
    with pytest.raises(NotFound):
        await harness.plane.presets.get(harness.app.id, host.id)
    with pytest.raises(NotFound):
        await harness.plane.presets.by_name(app.id, "no_such")


@pytest.mark.parametrize("document", default_presets(), ids=lambda document: str(document["name"]))
def test_presets_are_complete(document: dict[str, Any]) -> None:
    """The keys that the official client's types require."""
    assert set(document) == {"name", "config", "permissions", "ui"}
    config, permissions = document["config"], document["permissions"]
    assert {"view_type", "max_video_streams", "max_screenshare_count", "media"} <= set(config)
    assert config["media"]["video"]["simulcast"] is False
    assert {
        "accept_waiting_requests",
        "can_accept_production_requests",
        "can_change_participant_permissions",
        "can_edit_display_name",
        "can_livestream",
        "can_record",
        "can_spotlight",
        "chat",
        "connected_meetings",
        "disable_participant_audio",
        "disable_participant_screensharing",
        "disable_participant_video",
        "hidden_participant",
        "kick_participant",
        "media",
        "pin_participant",
        "plugins",
        "polls",
        "recorder_type",
        "show_participant_list",
        "waiting_room_type",
    } <= set(permissions)
    tokens = document["ui"]["design_tokens"]
    assert {"border_radius", "border_width", "colors", "spacing_base", "theme"} <= set(tokens)
    assert set(tokens["colors"]["brand"]) == {"300", "400", "500", "600", "700"}
    assert set(tokens["colors"]["background"]) == {"600", "700", "800", "900", "1000"}
    assert {"danger", "success", "text", "text_on_brand", "video_bg", "warning"} <= set(tokens["colors"])
    recorder = document["name"] == RECORDER
    assert permissions["hidden_participant"] is recorder
    assert permissions["is_recorder"] is recorder
    assert (permissions["recorder_type"] == "NONE") is not recorder


async def test_a_meeting_has_defaults(harness: Harness) -> None:
    meeting = await harness.meeting()
    assert meeting.title is None
    assert meeting.status is MeetingStatus.ACTIVE
    assert not meeting.record_on_start
    assert meeting.session_keep_alive_s == 60.0
    assert meeting.recording_config is None
    assert meeting.created_at == utc(START_S)
    assert await harness.plane.meetings.get(harness.app.id, meeting.id) == meeting
    assert await harness.plane.meetings.by_id(meeting.id) == meeting


async def test_updates_change_what_is_given(harness: Harness) -> None:
    service, app_id = harness.plane.meetings, harness.app.id
    meeting = await harness.meeting(title="Weekly", record_on_start=True, recording_config={"max_seconds": 90})
    await harness.clock.advance(5)
    changed = await service.update(app_id, meeting.id, MeetingParams.parse({"status": "INACTIVE", "title": None}))
    assert (changed.title, changed.status, changed.record_on_start) == (None, MeetingStatus.INACTIVE, True)
    assert changed.recording_config == {"max_seconds": 90}
    assert changed.updated_at == utc(START_S + 5)
    assert changed.created_at == meeting.created_at
    body = {"recording_config": {"file_name_prefix": "x"}, "record_on_start": False}
    changed = await service.update(app_id, meeting.id, MeetingParams.parse(body))
    assert changed.recording_config == {"file_name_prefix": "x"}
    assert not changed.record_on_start
    changed = await service.update(app_id, meeting.id, MeetingParams.parse({"recording_config": None}))
    assert changed.recording_config is None
    assert await service.get(app_id, meeting.id) == changed


async def test_unknown_and_foreign_meetings_are_not_there(harness: Harness) -> None:
    service = harness.plane.meetings
    other = await harness.plane.apps.create(harness.app.account_id, "other")
    foreign = await harness.meeting(other)
    for meeting_id in (UNKNOWN_ID, foreign.id):
        with pytest.raises(NotFound):
            await service.get(harness.app.id, meeting_id)
        with pytest.raises(NotFound):
            await service.update(harness.app.id, meeting_id, MeetingParams(title="x"))
    with pytest.raises(NotFound):
        await service.by_id(UNKNOWN_ID)
    mine = await harness.meeting()
    assert await service.by_ids(harness.app.id, [mine.id, foreign.id, UNKNOWN_ID]) == {mine.id: mine}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": 3}, "title"),
        ({"title": "t" * 1_001}, "title"),
        ({"title": "a\0"}, "title"),
        ({"status": "OPEN"}, "status"),
        ({"record_on_start": "true"}, "record_on_start"),
        ({"session_keep_alive_time_in_secs": -1}, "session_keep_alive_time_in_secs"),
        ({"session_keep_alive_time_in_secs": float("nan")}, "session_keep_alive_time_in_secs"),
        ({"session_keep_alive_time_in_secs": "60"}, "session_keep_alive_time_in_secs"),
        ({"recording_config": {"max_seconds": 59}}, "recording_config.max_seconds"),
        ({"recording_config": {"storage_config": {"type": "floppy"}}}, "recording_config.storage_config.type"),
        ({"recording_config": {"storage_config": {"type": "azure"}}}, "recording_config.storage_config.access_key"),
    ],
)
def test_bad_meetings_are_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        MeetingParams.parse(body)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"live_stream_on_start": True}, "live_stream_on_start"),
        ({"summarize_on_end": True}, "summarize_on_end"),
        ({"transcribe_on_end": True}, "transcribe_on_end"),
        ({"ai_config": {"summarization": {}}}, "ai_config"),
    ],
)
async def test_what_is_not_built_is_refused(harness: Harness, body: dict[str, Any], field: str) -> None:
    with pytest.raises(Unsupported) as raised:
        await harness.plane.meetings.create(harness.app.id, MeetingParams.parse(body))
    assert raised.value.field == field
    assert field in raised.value.message


async def test_what_is_not_built_may_be_declined(harness: Harness) -> None:
    await harness.meeting(summarize_on_end=False, transcribe_on_end=False, ai_config={})


async def test_meetings_are_filtered_and_paged(harness: Harness) -> None:
    service, app_id = harness.plane.meetings, harness.app.id
    meetings = []
    for number, title in enumerate(["Weekly 1", "weekly 2", "Retro", None, "100% done"]):
        await harness.clock.advance(10)
        status = "INACTIVE" if number == 2 else "ACTIVE"
        meetings.append(await harness.meeting(title=title, status=status))

    async def listed(where: MeetingFilter, page: PageRequest | None = None) -> list[int]:
        found = await service.list(app_id, where, page or PageRequest())
        return [meetings.index(meeting) for meeting in found.items]

    assert await listed(MeetingFilter()) == [4, 3, 2, 1, 0]
    assert await listed(MeetingFilter(), PageRequest(2, 2)) == [2, 1]
    assert await listed(MeetingFilter(), PageRequest(9, 2)) == []
    assert await listed(MeetingFilter(search="WEEKLY")) == [1, 0]
    assert await listed(MeetingFilter(search="%")) == [4]
    assert await listed(MeetingFilter(search=meetings[3].id)) == [3]
    assert await listed(MeetingFilter(status="INACTIVE")) == [2]
    between = MeetingFilter(created_from=meetings[1].created_at, created_until=meetings[3].created_at)
    assert await listed(between) == [3, 2, 1]


async def test_everything_is_there_after_a_restart(tmp_path: Any) -> None:
    async with harness_at(tmp_path) as first:
        meeting = await first.meeting(title="Weekly", recording_config={"video_config": {"width": 640}})
    async with harness_at(tmp_path, first.clock) as second:
        assert second.app == first.app
        assert await second.plane.meetings.get(second.app.id, meeting.id) == meeting
