"""Who gets in."""

from uuid import uuid4

import httpx
import pytest

from reelkit.control.participant_params import ParticipantParams
from reelkit.control.token_params import TokenParams
from tests.api.harness import Api
from tests.api.test_bad_input import assert_failure


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (None, "no token"),
        ("", "no token"),
        ("Bearer", "no token"),
        ("Bearer   ", "no token"),
        ("Basic abc", "no token"),
        ("Bearer wrong", "not valid"),
        ("Bearer wrong token", "not valid"),
        ("Bearer \xe9\xff", "not valid"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "not valid"),
    ],
)
async def test_without_a_valid_token(api: Api, header: str | None, words: str) -> None:
    headers = httpx.Headers({} if header is None else {"authorization": header}, encoding="latin-1")
    for method, path in (
        ("GET", f"{api.kit}/apps"),
        ("GET", f"{api.path}/meetings"),
        ("POST", f"{api.path}/recordings"),
        ("GET", f"{api.path}/webhooks"),
        ("GET", "/v2/internals/participant-details"),
        ("GET", "/iceservers"),
    ):
        answer = await api.anonymous.request(method, path, headers=headers, json={"meeting_id": str(uuid4())})
        assert_failure(answer, 401, words)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_written_as_one_likes(api: Api, scheme: str) -> None:
    answer = await api.anonymous.get(f"{api.kit}/apps", headers={"authorization": f"{scheme} {api.token}"})
    assert answer.status_code == 200


KEYS: list[tuple[dict[str, str], tuple[str, ...]]] = [
    ({"x-auth-email": "ada@example.com", "x-auth-key": "{key}"}, ()),
    ({"x-auth-email": "ADA@example.COM ", "x-auth-key": "{key}"}, ()),
    ({"x-auth-email": "grace@example.com", "x-auth-key": "{key}"}, ("X-Auth-Key is no API token",)),
    ({"x-auth-email": "ada@example.com", "x-auth-key": "{other}"}, ("X-Auth-Key is no API token",)),
    ({"x-auth-email": "ada@example.com", "x-auth-key": "secret"}, ("X-Auth-Key is no API token",)),
    ({"x-auth-email": "", "x-auth-key": "{other}"}, ("X-Auth-Email is missing",)),
    ({"x-auth-key": "{key}"}, ("X-Auth-Email is missing",)),
    ({"x-auth-email": "ada@example.com"}, ("X-Auth-Key is missing",)),
    ({"authorization": "Bearer {other}", "x-auth-email": "x", "x-auth-key": "wrong"}, ()),
    ({"authorization": "Bearer x", "x-auth-email": "ada@example.com", "x-auth-key": "{key}"}, ("not valid",)),
    ({"authorization": "Basic x", "x-auth-email": "ada@example.com", "x-auth-key": "{key}"}, ("no token",)),
]


async def test_cloudflares_keys(api: Api) -> None:
    params = TokenParams(name="keys", email="Ada@example.com")
    _, key = await api.control.plane.operator_tokens.create(api.control.app.account_id, params)
    for headers, words in KEYS:
        sent = {name: value.format(key=key, other=api.token) for name, value in headers.items()}
        answer = await api.anonymous.get(f"{api.kit}/apps", headers=sent)
        if words:
            assert_failure(answer, 401, *words)
        else:
            assert answer.status_code == 200


async def test_a_participants_token_is_no_key(api: Api) -> None:
    token = await api.participant(await api.control.meeting())
    keys = {"x-auth-email": "ada@example.com", "x-auth-key": token}
    assert_failure(await api.anonymous.get("/v2/internals/participant-details", headers=keys), 401, "Bearer")
    for path in (f"{api.kit}/apps", f"{api.path}/recordings/active-recording/{uuid4()}"):
        assert_failure(await api.anonymous.get(path, headers=keys), 401, "X-Auth-Key")


async def test_void_participants_tokens_say_so_everywhere(api: Api) -> None:
    meeting = await api.control.meeting()
    params = ParticipantParams(custom_participant_id="ada", preset_name="group_call_host")
    service, app_id = api.control.plane.participants, api.control.app.id
    deleted, gone = await service.add(app_id, meeting.id, params)
    refreshed, old = await service.add(app_id, meeting.id, params)
    new = await service.refresh_token(app_id, meeting.id, refreshed.id)
    await service.delete(app_id, meeting.id, deleted.id)
    paths = (f"{api.path}/meetings", f"{api.path}/recordings/active-recording/{meeting.id}", "/iceservers")
    for token in (gone, old):
        async with api.client(token) as void:
            for path in paths:
                assert_failure(await void.get(path), 401, "revoked")
    async with api.client(new) as participant:
        assert (await participant.get("/iceservers")).status_code == 200
        await api.control.clock.advance(api.control.settings.rooms.token_lifetime_s)
        for path in paths:
            assert_failure(await participant.get(path), 401, "expired")


async def test_unknown_accounts_and_apps_are_not_there(api: Api) -> None:
    elsewhere = api.kit.replace(api.control.app.account_id, "0" * 32)
    for path in (f"{elsewhere}/apps", f"{elsewhere}/{api.control.app.id}/meetings", f"{api.kit}/{'0' * 32}/meetings"):
        assert_failure(await api.operator.get(path), 404, "there is no such")
    assert_failure(await api.operator.post(f"{elsewhere}/apps", json={"name": "x"}), 404, "account")
    assert_failure(await api.operator.get(f"{api.kit}/{'0' * 32}/webhooks"), 404, "app")


async def test_a_participants_token_opens_only_recordings(api: Api) -> None:
    meeting = await api.control.meeting()
    async with api.client(await api.participant(meeting)) as participant:
        for path in (f"{api.kit}/apps", f"{api.path}/meetings", f"{api.path}/recordings", f"{api.path}/webhooks"):
            assert_failure(await participant.get(path), 403, "participant")
        started = await participant.post(f"{api.path}/recordings", json={"meeting_id": meeting.id})
        assert started.status_code == 200
        elsewhere = f"{api.kit}/{'0' * 32}/recordings"
        assert_failure(await participant.post(elsewhere, json={"meeting_id": meeting.id}), 404, "app")


async def test_a_participant_does_not_see_another_meetings_recordings(api: Api) -> None:
    mine, theirs = await api.control.meeting(), await api.control.meeting()
    recording = await api.recorded(theirs)
    async with api.client(await api.participant(mine)) as participant:
        for root in (api.path, "/v2"):
            stop = await participant.put(f"{root}/recordings/{recording.id}", json={"action": "stop"})
            assert_failure(stop, 404, "recording")
            look = await participant.get(f"{root}/recordings/active-recording/{theirs.id}")
            assert_failure(look, 403, "own meeting")
    assert (await api.control.get(recording)).status == "RECORDING"


async def test_the_operators_token_is_no_participants(api: Api) -> None:
    assert_failure(await api.operator.get("/v2/internals/participant-details"), 401, "participant")
