"""Presets over HTTP: made, changed, deleted, and what of them is refused."""

from typing import Any

import pytest

from reelkit.control.default_presets import GROUP_CALL_PARTICIPANT, WEBINAR_VIEWER, default_presets
from reelkit.rooms.preset import merged
from tests.api.harness import Api
from tests.api.live import LiveServer
from tests.api.test_official_client import Judge


def at(path: str, value: object) -> dict[str, Any]:
    """An object with one field, however deep."""
    *parents, name = path.split(".")
    body: dict[str, Any] = {name: value}
    for parent in reversed(parents):
        body = {parent: body}
    return body


def whole(**changes: Any) -> dict[str, Any]:
    """The body of a whole preset."""
    document = next(each for each in default_presets() if each["name"] == GROUP_CALL_PARTICIPANT)
    return merged(document, {"name": "mine", **changes})


async def stored(api: Api, name: str) -> dict[str, Any]:
    """A preset by its name, whole."""
    listed = (await api.operator.get(f"{api.path}/presets", params={"search": name})).json()["data"]
    data: dict[str, Any] = (await api.operator.get(f"{api.path}/presets/{listed[0]['id']}")).json()["data"]
    return data


def test_the_official_client(live: LiveServer) -> None:
    judge = Judge(live)
    presets = judge.kit.presets.with_raw_response
    body = whole()
    # The client declares whole numbers as floats.
    body["config"]["max_screenshare_count"] = 2.0
    made = presets.create(live.app_id, account_id=live.account_id, **body)
    assert made.http_response.status_code == 201
    preset = made.parse().data
    assert (preset.name, preset.config.max_screenshare_count) == ("mine", 2)
    shades = {"brand": {"_300": "#ffffff"}}
    changed = judge.of_app(
        presets.update,
        preset.id,
        permissions={"chat": {"public": {"files": False}}},
        ui={"design_tokens": {"colors": shades}},
    ).data
    assert changed.permissions.chat.public.to_dict() == {"can_send": True, "text": True, "files": False}
    assert changed.permissions.chat.private.can_send
    assert changed.updated_at >= preset.updated_at
    assert judge.of_app(presets.get_preset_by_id, preset.id).data.to_dict() == changed.to_dict()
    replaced = judge.of_app(presets.replace_preset_by_id, preset.id, **whole(name="other")).data
    assert (replaced.name, replaced.permissions.chat.public.files) == ("other", True)
    deleted = judge.of_app(presets.delete, preset.id).data
    assert deleted.id == preset.id
    assert not judge.of_app(presets.get, search="other").data


async def test_names_are_unique_and_stay_with_participants(api: Api) -> None:
    made = (await api.operator.post(f"{api.path}/presets", json=whole())).json()["data"]
    again = await api.operator.post(f"{api.path}/presets", json=whole())
    assert (again.status_code, again.json()["error"]["message"]) == (
        409,
        "there is a preset named mine in this app already",
    )
    taken = await api.operator.patch(f"{api.path}/presets/{made['id']}", json={"name": "group_call_host"})
    assert taken.status_code == 409

    meeting = await api.control.meeting()
    token = await api.participant(meeting, "mine")
    await api.operator.patch(f"{api.path}/presets/{made['id']}", json={"name": "ours"})
    identity = await api.control.plane.participants.authenticate(token)
    assert (identity.participant.preset_name, identity.preset.document["name"]) == ("ours", "ours")

    refused = await api.operator.delete(f"{api.path}/presets/{made['id']}")
    assert refused.status_code == 409
    assert "1 of them" in refused.json()["error"]["message"]
    await api.control.plane.participants.delete(meeting.app_id, meeting.id, identity.participant.id)
    assert (await api.operator.delete(f"{api.path}/presets/{made['id']}")).status_code == 200
    assert (await api.operator.delete(f"{api.path}/presets/{made['id']}")).status_code == 404


async def test_a_change_counts_at_the_next_join(api: Api) -> None:
    meeting = await api.control.meeting()
    token = await api.participant(meeting, GROUP_CALL_PARTICIPANT)
    participants = api.control.plane.participants
    assert (await participants.admit(token, peer_id="p")).preset.permissions.polls.can_vote
    preset = await stored(api, GROUP_CALL_PARTICIPANT)
    body = at("permissions.polls.can_vote", False)
    assert (await api.operator.patch(f"{api.path}/presets/{preset['id']}", json=body)).status_code == 200
    assert not (await participants.admit(token, peer_id="p")).preset.permissions.polls.can_vote


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (at("permissions.can_fly", True), 400, "permissions.can_fly"),
        (at("colour", "red"), 400, "colour"),
        (at("permissions.can_record", "yes"), 400, "permissions.can_record"),
        (at("permissions.chat", None), 400, "permissions.chat"),
        (at("config.max_video_streams.mobile", 1.5), 400, "config.max_video_streams.mobile"),
        (at("config.view_type", "CINEMA"), 422, "config.view_type"),
        (at("permissions.media.audio.can_produce", "NEVER"), 422, "permissions.media.audio.can_produce"),
        (at("config.media.video.frame_rate", 0), 422, "config.media.video.frame_rate"),
        (at("ui.design_tokens.theme", "pink"), 422, "ui.design_tokens.theme"),
        (at("name", " "), 422, "name"),
        (at("permissions.media.video.can_produce", "CAN_REQUEST"), 422, "permissions.media.video.can_produce"),
        (at("permissions.connected_meetings.can_switch_to_parent_meeting", True), 501, "can_switch_to_parent_meeting"),
        (at("permissions.plugins.can_start", True), 501, "permissions.plugins.can_start"),
        (at("permissions.plugins.config", {"p": {"access_control": "VIEW_ONLY"}}), 501, "permissions.plugins.config"),
        (at("permissions.transcription_enabled", True), 501, "permissions.transcription_enabled"),
    ],
)
async def test_what_is_refused(api: Api, body: dict[str, Any], status: int, named: str) -> None:
    preset = await stored(api, GROUP_CALL_PARTICIPANT)
    one = f"{api.path}/presets/{preset['id']}"
    requests = [("POST", f"{api.path}/presets", whole(**body)), ("PUT", one, whole(**body))]
    # What is null counts as not given, where a field may be left out.
    requests += [("PATCH", one, body)] if body != at("permissions.chat", None) else []
    for method, path, sent in requests:
        answer = await api.operator.request(method, path, json=sent)
        assert answer.status_code == status, answer.text
        assert named in answer.json()["error"]["message"]
    assert (await api.operator.get(one)).json()["data"] == preset


@pytest.mark.parametrize("missing", ["ui", "permissions.polls.can_view", "config.media.screenshare.quality"])
async def test_a_whole_preset_lacks_nothing(api: Api, missing: str) -> None:
    body = whole()
    *parents, name = missing.split(".")
    part = body
    for parent in parents:
        part = part[parent]
    del part[name]
    answer = await api.operator.post(f"{api.path}/presets", json=body)
    assert (answer.status_code, missing in answer.json()["error"]["message"]) == (400, True)


async def test_a_stage_can_be_given_and_taken(api: Api) -> None:
    viewer = await stored(api, WEBINAR_VIEWER)
    one = f"{api.path}/presets/{viewer['id']}"
    assert viewer["permissions"]["media"]["audio"]["can_produce"] == "CAN_REQUEST"
    answer = await api.operator.patch(one, json=at("config.view_type", "GROUP_CALL"))
    assert answer.status_code == 200, "the stage is enabled by itself"
    answer = await api.operator.patch(one, json=at("permissions.stage_enabled", False))
    assert (answer.status_code, "CAN_REQUEST needs a stage" in answer.text) == (422, True)


async def test_presets_of_other_apps(api: Api) -> None:
    preset = await stored(api, GROUP_CALL_PARTICIPANT)
    other = (await api.operator.post(f"{api.kit}/apps", json={"name": "other"})).json()["data"]["app"]["id"]
    for method, body in (("PATCH", {}), ("PUT", whole()), ("DELETE", None)):
        path = f"{api.kit}/{other}/presets/{preset['id']}"
        assert (await api.operator.request(method, path, json=body)).status_code == 404
    token = await api.participant(await api.control.meeting())
    assert (await api.client(token).post(f"{api.path}/presets", json=whole())).status_code == 403


async def test_page_recorders_are_let_in_whatever_their_preset_says(api: Api) -> None:
    """The app's own preset may have been changed, and the built-in one comes back when it was deleted."""
    plane, meeting = api.control.plane, await api.control.meeting()
    recorder = await stored(api, "recorder_preset_v2")
    doors = {"waiting_room_type": "SKIP_ON_ACCEPT", "accept_waiting_requests": True}
    body = {"config": {"view_type": "LIVESTREAM"}, "permissions": doors}
    await api.operator.patch(f"{api.path}/presets/{recorder['id']}", json=body)
    recorders = plane._recorder_participants
    token = await recorders.add(meeting, "recording", 60)
    preset = (await plane.participants.admit(token, peer_id="p")).preset
    assert (preset.config.view_type, preset.permissions.waiting_room_type) == ("WEBINAR", "SKIP")
    assert preset.hidden
    assert not preset.permissions.accept_waiting_requests, "those who wait for a host would come in with it"
    busy = await api.operator.delete(f"{api.path}/presets/{recorder['id']}")
    assert busy.status_code == 409
    await recorders.remove("recording")
    assert (await api.operator.delete(f"{api.path}/presets/{recorder['id']}")).status_code == 200
    token = await recorders.add(meeting, "another", 60)
    assert (await plane.participants.authenticate(token)).participant.preset_name == "recorder_preset_v2"
