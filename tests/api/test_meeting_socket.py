"""The websocket's door: who is let in, and how refusals look."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect as connect_within
from websockets.exceptions import ConnectionClosed, InvalidStatus

from reelkit.api.listeners import Listener
from reelkit.control.meetings import Meeting
from reelkit.control.participant_params import ParticipantParams
from reelkit.db.errors import DatabaseUnavailable
from tests.api.harness import Api, api_at
from tests.patience import PATIENCE_S

connect = partial(connect_within, open_timeout=PATIENCE_S)

PEER_ID = str(uuid4())


@pytest.fixture
async def listener(api: Api) -> AsyncIterator[Listener]:
    listener = Listener("127.0.0.1", 0)
    await listener.start(api.app, max_message_bytes=1 << 16)
    yield listener
    await listener.close()


@pytest.fixture
async def meeting(api: Api) -> Meeting:
    return await api.control.meeting(title="Weekly")


def url(listener: Listener, meeting: Meeting, token: str, *, peer_id: str = PEER_ID, prefix: str = "") -> str:
    query = f"roomID={meeting.id}&peerID={peer_id}&authToken={token}&useMediaV2=true&ping=true&capabilities=2"
    return f"ws://127.0.0.1:{listener.port}{prefix}/ws?{query}"


@pytest.mark.parametrize("prefix", ["", "/prefix", "/two/parts"])
async def test_a_participant_is_let_in(api: Api, listener: Listener, meeting: Meeting, prefix: str) -> None:
    token = await api.participant(meeting)
    async with connect(url(listener, meeting, token, prefix=prefix)) as client:
        await client.send(b"\x08\x03")
        assert await client.recv() == b"\x08\x03"
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    (admission,) = api.gateway.admissions
    assert (admission.meeting_id, admission.meeting_title, admission.peer_id) == (meeting.id, "Weekly", PEER_ID)
    assert (admission.name, admission.preset.name) == ("Ada", "group_call_host")


async def test_refusals_are_answers_and_not_upgrades(api: Api, listener: Listener, meeting: Meeting) -> None:
    inactive = await api.control.meeting(status="INACTIVE")
    other = await api.control.meeting()
    token = await api.participant(meeting)
    cases = [
        (url(listener, meeting, ""), 401),
        (url(listener, meeting, "eyJx.y.z"), 401),
        (url(listener, meeting, api.token), 401),
        (url(listener, other, token), 403),
        (url(listener, inactive, await api.participant(inactive)), 403),
        (url(listener, meeting, token, peer_id=""), 400),
        (url(listener, meeting, token, peer_id="../../etc"), 400),
        (url(listener, meeting, token, peer_id="x" * 65), 400),
    ]
    for refused_url, status in cases:
        with pytest.raises(InvalidStatus) as refused:
            await connect(refused_url).__aenter__()
        assert refused.value.response.status_code == status
        assert refused.value.response.body is not None
        assert b'"success":false' in refused.value.response.body
    assert api.gateway.admissions == []


async def test_void_tokens_open_no_websocket(api: Api, listener: Listener, meeting: Meeting) -> None:
    service, app_id = api.control.plane.participants, api.control.app.id
    params = ParticipantParams(custom_participant_id="ada", preset_name="group_call_host")
    deleted, gone = await service.add(app_id, meeting.id, params)
    refreshed, old = await service.add(app_id, meeting.id, params)
    new = await service.refresh_token(app_id, meeting.id, refreshed.id)
    await service.delete(app_id, meeting.id, deleted.id)
    for token in (gone, old):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(listener, meeting, token)).__aenter__()
        response = refused.value.response
        assert (response.status_code, b"revoked" in (response.body or b"")) == (401, True)
        # What the log calls the refusal, too.
        assert response.headers["cf-ray"].encode() in (response.body or b"")
    async with connect(url(listener, meeting, new)) as client:
        await client.send(b"x")
        assert await client.recv() == b"x"
    await api.control.clock.advance(api.control.settings.rooms.token_lifetime_s)
    with pytest.raises(InvalidStatus) as expired:
        await connect(url(listener, meeting, new)).__aenter__()
    assert b"expired" in (expired.value.response.body or b"")


async def test_nobody_connects_all_the_time(tmp_path: Path) -> None:
    async with api_at(tmp_path, limits={"connects": 2, "connect_window_s": 10}) as api:
        listener = Listener("127.0.0.1", 0)
        await listener.start(api.app, max_message_bytes=1 << 16)
        meeting = await api.control.meeting()
        token, other = await api.participant(meeting), await api.participant(meeting)
        for number in range(2):
            async with connect(url(listener, meeting, token, peer_id=f"peer-{number}")) as client:
                await client.send(b"x")
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(listener, meeting, token, peer_id="peer-2")).__aenter__()
        response = refused.value.response
        assert (response.status_code, response.headers["retry-after"]) == (429, "5")
        assert b"2 within 10 s" in (response.body or b"")
        # Who is not let in anyway is told why.
        with pytest.raises(InvalidStatus, match="401"):
            await connect(url(listener, meeting, "eyJx.y.z")).__aenter__()
        async with connect(url(listener, meeting, other)) as client:
            await client.send(b"x")
        await api.control.clock.advance(5)
        async with connect(url(listener, meeting, token)) as client:
            await client.send(b"x")
        assert len(api.gateway.admissions) == 4
        assert api.control.metric("reelkit_http_limited_requests_total", limit="connects", of="credential") == 1.0
        await listener.close()


async def test_a_database_that_refuses_is_an_answer_too(
    api: Api, listener: Listener, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await api.participant(meeting)

    def refuse() -> NoReturn:
        raise DatabaseUnavailable("the database refused: /srv/secret/path")

    monkeypatch.setattr(api.control.database, "session", refuse)
    with pytest.raises(InvalidStatus) as refused:
        await connect(url(listener, meeting, token)).__aenter__()
    assert refused.value.response.status_code == 503
    assert b"/srv" not in (refused.value.response.body or b"")


async def test_a_fault_of_the_gateway_closes_the_websocket(api: Api, listener: Listener, meeting: Meeting) -> None:
    api.gateway.fault = RuntimeError("broken")
    async with connect(url(listener, meeting, await api.participant(meeting))) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011


async def test_open_websockets_are_counted(api: Api, listener: Listener, meeting: Meeting) -> None:
    async with connect(url(listener, meeting, await api.participant(meeting))) as client:
        await api.gateway.entered.wait()
        assert b"reelkit_websockets 1.0" in api.metrics.text()
        await client.send("2")
        assert await client.recv() == "2"
        await client.wait_closed()
