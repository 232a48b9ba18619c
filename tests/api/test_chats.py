"""The chats of sessions over HTTP."""

import csv
import io
from uuid import uuid4

import httpx
import pytest
from cloudflare.types.realtime_kit import SessionGetSessionChatResponse

from reelkit.rooms.chat import Chat
from tests.api.harness import Api
from tests.api.live import LiveServer
from tests.control.fakes import FakeRoom
from tests.patience import PATIENCE_S
from tests.strict_answers import check


async def session_of(api: Api, *words: str) -> FakeRoom:
    """A live session in which something was written."""
    meeting = await api.control.attended_meeting()
    room = api.control.room(meeting)
    for each in words:
        say(room.chat, each)
    return room


def say(chat: Chat, words: str) -> None:
    chat.add(peer_id="p", user_id="u", name="Zoë", payload_type=0, payload=words, time_s=1_767_225_600.0)


async def link_to(api: Api, room: FakeRoom) -> str:
    answer = await api.operator.get(f"{api.path}/sessions/{room.session_id}/chat")
    assert answer.status_code == 200
    check(SessionGetSessionChatResponse, answer.content, answer.json())
    assert answer.json()["data"]["chat_download_url_expiry"] == "2026-01-08T00:00:00.000Z"
    return str(answer.json()["data"]["chat_download_url"])


async def test_a_chat_is_downloaded(api: Api) -> None:
    room = await session_of(api, "grüezi 🎉")
    url = await link_to(api, room)
    assert url.startswith("https://films.example.com/bucket/chats/")
    say(room.chat, "=cmd()")
    answer = await api.anonymous.get(url)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="chat_{room.session_id}.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.splitlines()[0] == (
        "id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt"
    )
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["displayName"], row["payload"]) for row in found] == [("Zoë", "grüezi 🎉"), ("Zoë", "=cmd()")]
    shown = (await api.anonymous.get(f"{url}&spreadsheet=true")).content
    assert shown.startswith("\ufeffid,".encode())
    assert b"'=cmd()" in shown


async def test_links_are_signed_and_end(api: Api) -> None:
    room, other = await session_of(api, "a"), await session_of(api, "b")
    url = await link_to(api, room)
    assert (await api.anonymous.get(url.replace(room.session_id, other.session_id))).status_code == 403
    assert (await api.anonymous.get(url.split("?")[0])).status_code == 403
    await api.control.clock.advance(7 * 86_400)
    assert (await api.anonymous.get(url)).status_code == 403


async def test_there_may_be_no_chat(api: Api) -> None:
    room = await session_of(api)
    answer = await api.operator.get(f"{api.path}/sessions/{room.session_id}/chat")
    assert answer.status_code == 404
    assert "nothing was written" in answer.json()["error"]["message"]
    answer = await api.operator.get(f"{api.path}/sessions/{uuid4()}/chat")
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "there is no such session in this app")


async def test_chats_of_another_app_are_not_there(api: Api) -> None:
    room = await session_of(api, "a")
    made = (await api.operator.post(f"{api.kit}/apps", json={"name": "another"})).json()["data"]["app"]
    path = f"{api.kit}/{made['id']}/sessions/{room.session_id}/chat"
    assert (await api.operator.get(path)).status_code == 404
    assert (await api.anonymous.get(f"{api.path}/sessions/{room.session_id}/chat")).status_code == 401


async def test_a_chat_is_erased(api: Api) -> None:
    room = await session_of(api, "a")
    path = f"{api.path}/sessions/{room.session_id}/chat"
    url = await link_to(api, room)
    assert (await api.operator.delete(path)).status_code == 409
    await api.control.gateway.end(room.meeting_id)
    assert (await api.operator.delete(path)).json()["data"] == {"messages": 1}
    assert (await api.operator.get(path)).status_code == 404
    assert (await api.anonymous.get(url)).status_code == 404


async def test_persist_chat_is_told_truly(api: Api) -> None:
    made = (await api.operator.post(f"{api.path}/meetings", json={"persist_chat": True})).json()["data"]
    path = f"{api.path}/meetings/{made['id']}"
    assert made["persist_chat"] is True
    assert (await api.operator.patch(path, json={"title": "Weekly"})).json()["data"]["persist_chat"] is True
    assert (await api.operator.patch(path, json={"persist_chat": False})).json()["data"]["persist_chat"] is False
    assert (await api.operator.put(path, json={"persist_chat": True})).json()["data"]["persist_chat"] is True
    assert (await api.operator.put(path, json={})).json()["data"]["persist_chat"] is False
    assert (await api.operator.get(path)).json()["data"]["persist_chat"] is False


@pytest.mark.parametrize("field", ["summarize_on_end", "transcribe_on_end"])
async def test_what_needs_speech_recognition_says_so(api: Api, field: str) -> None:
    answer = await api.operator.post(f"{api.path}/meetings", json={field: True})
    assert answer.status_code == 501
    assert answer.json()["error"]["message"].startswith(f"{field} is not available: this server does not recognise")
    declined = await api.operator.post(f"{api.path}/meetings", json={field: False})
    assert declined.json()["data"][field] is False


def test_a_download_may_be_asked_about_first(live: LiveServer) -> None:
    assert live.api is not None
    room = live.call(session_of(live.api, "hello"))
    url = live.call(link_to(live.api, room)).replace("https://films.example.com", live.url)
    asked = httpx.head(url, timeout=PATIENCE_S)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"] == "text/csv; charset=utf-8"


def test_the_official_client_gets_a_chat(live: LiveServer) -> None:
    assert live.api is not None
    room = live.call(session_of(live.api, "hello"))
    found = live.client().realtime_kit.sessions.get_session_chat(
        room.session_id, account_id=live.account_id, app_id=live.app_id
    )
    assert found.data is not None
    assert found.data.chat_download_url_expiry.endswith("Z")
    url = found.data.chat_download_url.replace("https://films.example.com", live.url)
    assert "hello" in httpx.get(url, timeout=PATIENCE_S).text
