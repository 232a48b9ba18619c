"""One conversation with a server that uses every method of an official client at least once.

There are a meeting of three whom the operator kicks one after the other, recordings of it, and all that can be asked
afterwards. Each part stands on its own app, so that both clients find the same.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from reelkit.process import wait_until
from testbed.attendee import Attendee
from testbed.signalling import ServerAddress
from tests.conformance.clients import Client, RefusedCall

NO_TRANSCRIPTS = "sessions.get_session_transcripts"
NO_SUMMARY = "sessions.get_session_summary"
NO_SUMMARIES_MADE = "sessions.generate_summary_of_transcripts"
REFUSED = {NO_TRANSCRIPTS: 404, NO_SUMMARY: 404, NO_SUMMARIES_MADE: 501}
"""Methods that are answered with an error on purpose, and its status: there is no speech recognition."""
_DELIVERY_TIMEOUT_S = 60.0
# Nobody in the meeting sends anything, and a second of nothing is no film.
_FILM_S = 1.2


async def refused(client: Client, status: int, words: str, method: str, *ids: str, **params: Any) -> RefusedCall:
    """A call that must be refused so, with ``words`` in the message that the client shows."""
    with pytest.raises(RefusedCall) as caught:
        await client.call(method, *ids, **params)
    assert caught.value.status == status, caught.value
    assert words in caught.value.message
    return caught.value


async def errors(client: Client) -> None:
    """Each status is raised as the client's own kind of error, with our message in it."""
    app, nobody = client.app_id, str(uuid4())
    unnamed: dict[str, Any] = {"title": 5}
    for status, kind, words, method, ids, params in (
        (400, "BadRequestError", "title: ", "meetings.create", (app,), unnamed),
        (404, "NotFoundError", "no such meeting", "meetings.get_meeting_by_id", (nobody,), {}),
        (422, "UnprocessableEntityError", "max_seconds: ", "recordings.start_recordings", (app,),
         {"meeting_id": nobody, "max_seconds": 5}),
        (422, "UnprocessableEntityError", "preset_name: ", "meetings.add_participant",
         ((await client.call("meetings.create", app))["id"],), {"custom_participant_id": "a", "preset_name": "none"}),
    ):  # fmt: skip
        error = await refused(client, status, words, method, *ids, **params)
        assert error.kind == kind


async def strangers(anonymous: Client, participant: Client) -> None:
    """Who has no token, and who has one that does not open this."""
    unknown = await refused(anonymous, 401, "token", "meetings.get", anonymous.app_id)
    assert unknown.kind == "AuthenticationError"
    forbidden = await refused(participant, 403, "participant", "meetings.get", participant.app_id)
    assert forbidden.kind == "PermissionDeniedError"


async def apps(client: Client) -> None:
    """The client's own app is one of the account's."""
    listed = await client.answer("apps.get", search="conform", per_page=50)
    assert client.app_id in {app["id"] for app in listed["data"]}
    assert listed["paging"]["total_count"] == len(listed["data"])


async def presets(client: Client) -> None:
    app = client.app_id
    listed = (await client.answer("presets.get", app, per_page=50))["data"]
    host_id = next(preset["id"] for preset in listed if preset["name"] == "group_call_host")
    host = await client.call("presets.get_preset_by_id", host_id)
    parts = {part: host[part] for part in ("config", "permissions", "ui")}
    made = await client.call("presets.create", app, name="teacher", **parts)
    assert made["permissions"] == host["permissions"]
    changed = await client.call("presets.update", made["id"], permissions={"can_record": False}, name="tutor")
    assert (changed["name"], changed["permissions"]) == ("tutor", {**host["permissions"], "can_record": False})
    replaced = await client.call("presets.replace_preset_by_id", made["id"], name="teacher", **parts)
    assert replaced["permissions"] == host["permissions"]
    await refused(client, 409, "name", "presets.create", app, name="group_call_host", **parts)
    await refused(client, 422, "permissions.media.audio.can_produce", "presets.update", made["id"],
                  permissions={"media": {"audio": {"can_produce": "SOMETIMES"}}})  # fmt: skip
    gone = await client.call("presets.delete", made["id"])
    assert gone["id"] == made["id"]
    await refused(client, 404, "preset", "presets.get_preset_by_id", made["id"])


async def meetings(client: Client) -> None:
    app = client.app_id
    config = {"max_seconds": 120, "video_config": {"width": 640, "height": 360}}
    made = await client.call("meetings.create", app, title="Weekly", recording_config=config)
    assert (made["title"], made["status"], made["recording_config"]) == ("Weekly", "ACTIVE", config)
    assert await client.call("meetings.get_meeting_by_id", made["id"]) == made
    changed = await client.call("meetings.update_meeting_by_id", made["id"], title="Monthly")
    assert (changed["title"], changed["recording_config"]) == ("Monthly", config)
    replaced = await client.call("meetings.replace_meeting_by_id", made["id"], title="Yearly", persist_chat=False)
    assert (replaced["title"], replaced.get("recording_config")) == ("Yearly", None)
    listed = await client.answer("meetings.get", app, search="year", page_no=1, per_page=5)
    assert [meeting["id"] for meeting in listed["data"]] == [made["id"]]
    await refused(client, 404, "meeting", "meetings.get_meeting_by_id", client.account_id[:8] + made["id"][8:])


async def participants(client: Client) -> None:
    meeting_id = (await client.call("meetings.create", client.app_id))["id"]
    added = await client.call(
        "meetings.add_participant", meeting_id, custom_participant_id="ada", preset_name="group_call_host", name="Ada"
    )
    in_meeting = {"meeting_id": meeting_id}
    edited = await client.call("meetings.edit_participant", added["id"], **in_meeting, name="Ada L.")
    assert edited["name"] == "Ada L."
    read = await client.call("meetings.get_meeting_participant", added["id"], **in_meeting)
    assert read["custom_participant_id"] == "ada"
    listed = await client.answer("meetings.get_meeting_participants", meeting_id, page_no=1)
    assert [participant["id"] for participant in listed["data"]] == [added["id"]]
    fresh = await client.call("meetings.refresh_participant_token", added["id"], **in_meeting)
    assert fresh["token"] not in {added["token"], edited["token"]}
    gone = await client.call("meetings.delete_meeting_participant", added["id"], **in_meeting)
    assert gone["custom_participant_id"] == "ada"
    await refused(client, 404, "participant", "meetings.get_meeting_participant", added["id"], **in_meeting)


async def webhooks(client: Client) -> None:
    app = client.app_id
    wanted = {"url": "https://hooks.example.com/a", "events": ["recording.statusUpdate"]}
    made = await client.call("webhooks.create_webhook", app, name="all", **wanted)
    assert await client.call("webhooks.get_webhook_by_id", made["id"]) == made
    edited = await client.call("webhooks.edit_webhook", made["id"], enabled=False)
    assert (edited["enabled"], edited["url"]) == (False, wanted["url"])
    replaced = await client.call("webhooks.replace_webhook", made["id"], name="new", **wanted)
    assert replaced["name"] == "new"
    assert [hook["id"] for hook in await client.call("webhooks.get_webhooks", app)] == [made["id"]]
    assert (await client.call("webhooks.delete_webhook", made["id"]))["id"] == made["id"]


@asynccontextmanager
async def attended(client: Client, address: ServerAddress, meeting_id: str, name: str) -> AsyncIterator[Attendee]:
    """Somebody who is in the meeting."""
    added = await client.call(
        "meetings.add_participant", meeting_id, custom_participant_id=name.lower(), preset_name="group_call_host",
        name=name,
    )  # fmt: skip
    async with Attendee(address, added["token"], name) as attendee:
        yield attendee


async def live(client: Client, address: ServerAddress) -> None:
    """A meeting while it goes on: its session, its recordings, its end; then what is known of it afterwards."""
    meeting_id = (await client.call("meetings.create", client.app_id, title="Lesson"))["id"]
    await refused(client, 404, "session", "active_session.get_active_session", meeting_id)
    async with (
        attended(client, address, meeting_id, "Ada") as ada,
        attended(client, address, meeting_id, "Bo") as bo,
        attended(client, address, meeting_id, "Cleo"),
    ):
        session = await client.call("active_session.get_active_session", meeting_id)
        assert (session["status"], session["live_participants"], session["associated_id"]) == ("LIVE", 3, meeting_id)
        await _recordings(client, meeting_id, session["id"])
        await _livestream(client, meeting_id)
        await ada.chat("good morning")
        poll = await client.call(
            "active_session.create_poll", meeting_id, question="Tea or coffee?", options=["tea", "coffee"]
        )
        assert [option["text"] for option in poll["poll"]["options"]] == ["tea", "coffee"]
        kicked = await client.call("active_session.kick_participants", meeting_id, custom_participant_ids=["bo"])
        assert [person["id"] for person in kicked["participants"]] == [bo.participant_id]
        await bo.signalling.closed.wait()
        assert (await client.call("active_session.get_active_session", meeting_id))["live_participants"] == 2
        assert (await client.call("active_session.kick_all_participants", meeting_id))["kicked_participants_count"] == 2
        await ada.signalling.closed.wait()
    await _sessions(client, session["id"], meeting_id, ada.peer_id)


async def _recordings(client: Client, meeting_id: str, session_id: str) -> None:
    app = client.app_id
    started = await client.call("recordings.start_recordings", app, meeting_id=meeting_id)
    assert (started["status"], started["session_id"]) == ("RECORDING", session_id)
    assert (await client.call("recordings.get_active_recordings", meeting_id))["id"] == started["id"]
    second = await refused(client, 409, "recording", "recordings.start_recordings", app, meeting_id=meeting_id)
    assert second.kind == "ConflictError"
    tracks = await client.call(
        "recordings.start_track_recording", app, meeting_id=meeting_id, layers={"default": {"media_kind": "audio"}}
    )
    await asyncio.sleep(_FILM_S)
    for action, status in (("pause", "PAUSED"), ("resume", "RECORDING"), ("stop", "UPLOADING")):
        steered = await client.call("recordings.pause_resume_stop_recording", started["id"], action=action)
        assert steered["status"] in {status, "UPLOADED"}
    await client.call("recordings.pause_resume_stop_recording", tracks["recording"]["id"], action="stop")

    async def uploaded() -> bool:
        found = await client.call("recordings.get_one_recording", started["id"])
        assert found["status"] != "ERRORED", found
        return bool(found["status"] == "UPLOADED")

    await wait_until(uploaded, timeout_s=_DELIVERY_TIMEOUT_S)
    listed = await client.answer(
        "recordings.get_recordings", app, meeting_id=meeting_id, status=["UPLOADED"], search=started["id"],
        sort_by="invokedTime", sort_order="ASC", expired=False, page_no=1, per_page=10,
    )  # fmt: skip
    assert [recording["id"] for recording in listed["data"]] == [started["id"]]


async def _livestream(client: Client, meeting_id: str) -> None:
    started = await client.call("livestreams.start_livestreaming_a_meeting", meeting_id, name="Show")
    active = await client.call("livestreams.get_meeting_active_livestreams", meeting_id)
    assert (active["id"], active["stream_key"]) == (started["id"], started["stream_key"])
    run = await client.call("livestreams.get_active_livestreams_for_livestream_id", started["id"])
    second = await refused(client, 409, "livestream", "livestreams.start_livestreaming_a_meeting", meeting_id)
    assert second.kind == "ConflictError"
    await client.call("livestreams.stop_livestreaming_a_meeting", meeting_id)
    whole = await client.call("livestreams.get_livestream_session_for_livestream_id", started["id"])
    assert whole["session"]["id"] == run["session"]["id"]
    session = await client.call("livestreams.get_livestream_session_details_for_session_id", run["session"]["id"])
    assert session["livestream_id"] == started["id"]
    listed = await client.call("livestreams.get_all_livestreams", client.app_id, sort_order="ASC")
    assert listed["paging"]["total_count"] == 1
    total = await client.call("livestreams.get_livestream_analytics_complete", client.app_id)
    days = await client.call("livestreams.get_livestream_analytics_daywise", client.app_id)
    assert total["count"] == sum(day["count"] for day in days) == 1


async def _sessions(client: Client, session_id: str, meeting_id: str, peer_id: str) -> None:
    app = client.app_id
    in_session = {"session_id": session_id}
    listed = await client.call("sessions.get_sessions", app, associated_id=meeting_id, sort_by="createdAt")
    assert [session["id"] for session in listed["sessions"]] == [session_id]
    details = await client.call("sessions.get_session_details", session_id)
    assert details["max_concurrent_participants"] == 3
    people = (await client.call("sessions.get_session_participants", session_id))["participants"]
    assert {person["display_name"] for person in people} == {"Ada", "Bo", "Cleo"}
    ada = (await client.call("sessions.get_session_participant_details", peer_id, **in_session))["participant"]
    assert (ada["custom_participant_id"], ada["preset_name"]) == ("ada", "group_call_host")
    report = await client.call("sessions.get_participant_data_from_peer_id", peer_id)
    assert report["participant"]["display_name"] == "Ada"
    chat = await client.call("sessions.get_session_chat", session_id)
    assert chat["chat_download_url"].startswith("http")
    await refused(client, REFUSED[NO_TRANSCRIPTS], "transcript", NO_TRANSCRIPTS, session_id)
    await refused(client, REFUSED[NO_SUMMARY], "summar", NO_SUMMARY, session_id)
    await refused(client, REFUSED[NO_SUMMARIES_MADE], "summar", NO_SUMMARIES_MADE, session_id)


async def analytics(client: Client) -> None:
    """After :func:`live`, in the same app."""
    days = {"start_date": "2020-01-01", "end_date": "2020-01-03"}
    for method in ("analytics.get_org_analytics", "livestreams.get_org_analytics"):
        past = await client.call(method, client.app_id, **days)
        assert [day["day"] for day in past["session_stats"]["day_stats"]] == ["2020-01-01", "2020-01-02", "2020-01-03"]
        assert past["recording_stats"]["recording_count"] == 0
        today = await client.call(method, client.app_id)
        assert today["session_stats"]["sessions_count"] == 1
        assert today["recording_stats"]["recording_count"] == 2
