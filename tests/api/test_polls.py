"""Polls that are put into a live meeting over HTTP."""

from typing import Any

import pytest
from cloudflare import NotFoundError

from tests.api.harness import Api
from tests.api.live import LiveServer
from tests.api.test_official_client import Judge


def test_the_official_client(live: LiveServer) -> None:
    judge = Judge(live)
    create = judge.kit.active_session.with_raw_response.create_poll
    meeting_id = judge.of_app(judge.kit.meetings.with_raw_response.create, title="Weekly").data.id
    with pytest.raises(NotFoundError, match="no live session"):
        judge.of_app(create, meeting_id, question="Tea?", options=["yes", "no"])
    assert live.api is not None
    gateway = live.api.control.gateway
    live.call(gateway.open_room(meeting_id, "", organization_id="app", session_keep_alive_s=60.0))
    poll = judge.of_app(create, meeting_id, question="Tea?", options=["yes", "no"], hide_votes=True).data.poll
    (asked,) = gateway.rooms[meeting_id].polls
    assert (asked.id, asked.question, asked.options) == (poll.id, "Tea?", ("yes", "no"))
    assert (asked.anonymous, asked.hide_votes, asked.created_by) == (False, True, "default")
    assert [(option.text, option.count, option.votes) for option in poll.options] == [("yes", 0, []), ("no", 0, [])]


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"question": None}, 400, "question"),
        ({"question": ""}, 422, "question"),
        ({"question": "?" * 1_001}, 422, "question"),
        ({"options": ["a"]}, 422, "options"),
        ({"options": ["a"] * 21}, 422, "options"),
        ({"options": ["a", " "]}, 422, "options[1]"),
        ({"options": ["a", 1]}, 400, "options[1]"),
        ({"anonymous": "no"}, 400, "anonymous"),
    ],
)
async def test_what_is_refused(api: Api, change: dict[str, Any], status: int, named: str) -> None:
    meeting = await api.control.meeting()
    body = {"question": "Tea?", "options": ["yes", "no"], **change}
    answer = await api.operator.post(f"{api.path}/meetings/{meeting.id}/active-session/poll", json=body)
    assert (answer.status_code, named in answer.json()["error"]["message"]) == (status, True)


async def test_polls_are_for_the_operator(api: Api) -> None:
    meeting = await api.control.meeting()
    path = f"{api.path}/meetings/{meeting.id}/active-session/poll"
    body = {"question": "Tea?", "options": ["yes", "no"]}
    token = await api.participant(meeting)
    assert (await api.client(token).post(path, json=body)).status_code == 403
