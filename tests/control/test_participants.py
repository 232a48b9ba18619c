"""Participants: their tokens, what revokes them, and who is let in."""

import base64
import json
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.control.default_presets import RECORDER, WEBINAR_VIEWER
from reelkit.control.errors import Forbidden, Invalid, NotFound, Unauthorized
from reelkit.control.meeting_params import MeetingParams, MeetingStatus
from reelkit.control.meetings import Meeting
from reelkit.control.paging import PageRequest
from reelkit.control.participant_params import ParticipantChanges, ParticipantParams
from reelkit.control.participant_tokens import ParticipantClaims, ParticipantTokens
from reelkit.control.participants import Participant
from tests.control.harness import SIGNING_KEY, Harness
from tests.control.manual_clock import START_S, ManualClock

PEER_ID = "3f0c9f34-9b64-4a3c-9d0e-0f6c1d0c9a11"
UNKNOWN_ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"


async def add(harness: Harness, meeting: Meeting, **fields: str) -> tuple[Participant, str]:
    body = {"custom_participant_id": "user-1", "preset_name": "group_call_host", **fields}
    return await harness.plane.participants.add(harness.app.id, meeting.id, ParticipantParams.parse(body))


async def test_a_participant_is_admitted(harness: Harness) -> None:
    meeting = await harness.meeting(title="Weekly", session_keep_alive_time_in_secs=5.0)
    participant, token = await add(harness, meeting, name="Ada", picture="https://example.com/ada.png")
    admission = await harness.plane.participants.admit(token, peer_id=PEER_ID, meeting_id=meeting.id)

    assert admission.meeting_id == meeting.id
    assert admission.meeting_title == "Weekly"
    assert admission.organization_id == harness.app.id
    assert admission.participant_id == participant.id
    assert admission.peer_id == PEER_ID
    assert admission.name == "Ada"
    assert admission.picture == "https://example.com/ada.png"
    assert admission.custom_participant_id == "user-1"
    assert admission.session_keep_alive_s == 5.0
    assert admission.preset.name == "group_call_host"
    assert admission.preset.id == participant.preset_id
    assert admission.preset.permissions.can_record
    assert admission.preset.permissions.media.video.allowed
    assert not admission.preset.hidden


async def test_a_participant_without_name_has_one_for_the_others(harness: Harness) -> None:
    _, token = await add(harness, await harness.meeting())
    assert (await harness.plane.participants.admit(token, peer_id=PEER_ID)).name == "Guest"


async def test_the_recorder_is_hidden_and_may_not_record(harness: Harness) -> None:
    _, token = await add(harness, await harness.meeting(), preset_name=RECORDER)
    assert (await harness.plane.participants.admit(token, peer_id=PEER_ID)).preset.hidden
    identity = await harness.plane.participants.authenticate(token)
    with pytest.raises(Forbidden, match="can_record"):
        identity.require_can_record()


async def test_an_identity_names_its_caller(harness: Harness) -> None:
    participant, token = await add(harness, await harness.meeting(), name="Ada")
    identity = await harness.plane.participants.authenticate(token)
    identity.require_can_record()
    assert (identity.caller.kind, identity.caller.name, identity.caller.user_id) == ("USER", "Ada", participant.id)
    assert identity.app_id == harness.app.id


async def test_refreshing_revokes_earlier_tokens(harness: Harness) -> None:
    meeting = await harness.meeting()
    participant, old = await add(harness, meeting)
    new = await harness.plane.participants.refresh_token(harness.app.id, meeting.id, participant.id)
    with pytest.raises(Unauthorized, match="revoked"):
        await harness.plane.participants.admit(old, peer_id=PEER_ID)
    assert (await harness.plane.participants.admit(new, peer_id=PEER_ID)).participant_id == participant.id


async def test_deleting_revokes_all_tokens(harness: Harness) -> None:
    meeting = await harness.meeting()
    participant, token = await add(harness, meeting)
    assert await harness.plane.participants.delete(harness.app.id, meeting.id, participant.id) == participant
    with pytest.raises(Unauthorized, match="revoked"):
        await harness.plane.participants.admit(token, peer_id=PEER_ID)
    with pytest.raises(NotFound):
        await harness.plane.participants.get(harness.app.id, meeting.id, participant.id)
    assert harness.gateway.removed == [(meeting.id, participant.id)]


async def test_editing_keeps_tokens_and_what_is_not_given(harness: Harness) -> None:
    meeting = await harness.meeting()
    participant, token = await add(harness, meeting, name="Ada", picture="https://example.com/ada.png")
    await harness.clock.advance(10)
    edited, fresh = await harness.plane.participants.edit(
        harness.app.id,
        meeting.id,
        participant.id,
        ParticipantChanges.parse({"preset_name": WEBINAR_VIEWER, "picture": None}),
    )
    assert (edited.name, edited.picture, edited.preset_name) == ("Ada", None, WEBINAR_VIEWER)
    assert edited.updated_at > edited.created_at
    for each in (token, fresh):
        admission = await harness.plane.participants.admit(each, peer_id=PEER_ID)
        assert admission.preset.name == WEBINAR_VIEWER
        assert not admission.preset.permissions.media.audio.allowed


async def test_nobody_enters_an_inactive_meeting(harness: Harness) -> None:
    meeting = await harness.meeting()
    _, token = await add(harness, meeting)
    await harness.plane.meetings.update(harness.app.id, meeting.id, MeetingParams(status=MeetingStatus.INACTIVE))
    with pytest.raises(Forbidden, match="INACTIVE"):
        await harness.plane.participants.admit(token, peer_id=PEER_ID)


async def test_a_token_opens_its_own_meeting_only(harness: Harness) -> None:
    _, token = await add(harness, await harness.meeting())
    other = await harness.meeting()
    with pytest.raises(Forbidden, match="another meeting"):
        await harness.plane.participants.admit(token, peer_id=PEER_ID, meeting_id=other.id)


async def test_unknown_things_are_not_found(harness: Harness) -> None:
    meeting = await harness.meeting()
    participant, _ = await add(harness, meeting)
    other_app = await harness.plane.apps.create(harness.app.account_id, "other")
    service = harness.plane.participants
    with pytest.raises(NotFound):
        await service.get(other_app.id, meeting.id, participant.id)
    with pytest.raises(NotFound):
        await service.get(harness.app.id, (await harness.meeting()).id, participant.id)
    with pytest.raises(NotFound):
        await service.refresh_token(harness.app.id, meeting.id, UNKNOWN_ID)
    with pytest.raises(NotFound):
        await service.list(harness.app.id, UNKNOWN_ID, PageRequest())
    with pytest.raises(Invalid) as raised:
        await add(harness, meeting, preset_name="no_such")
    assert raised.value.field == "preset_name"


async def test_participants_are_listed_in_pages(harness: Harness) -> None:
    meeting = await harness.meeting()
    for number in range(5):
        await harness.clock.advance(1)
        await add(harness, meeting, custom_participant_id=f"user-{number}")
    page = await harness.plane.participants.list(harness.app.id, meeting.id, PageRequest(page_no=2, per_page=2))
    assert [each.custom_participant_id for each in page.items] == ["user-2", "user-3"]
    assert (page.total_count, page.start_offset, page.end_offset) == (5, 3, 4)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"preset_name": "x"}, "custom_participant_id"),
        ({"custom_participant_id": "", "preset_name": "x"}, "custom_participant_id"),
        ({"custom_participant_id": "a"}, "preset_name"),
        ({"custom_participant_id": "a\0", "preset_name": "x"}, "custom_participant_id"),
        ({"custom_participant_id": "a", "preset_name": "x", "picture": "ada.png"}, "picture"),
        ({"custom_participant_id": "a", "preset_name": "x", "name": "n" * 256}, "name"),
    ],
)
def test_bad_participants_are_named(body: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        ParticipantParams.parse(body)
    assert raised.value.field == field


TOKEN_LIFETIME_S = 3_600
CLAIMS = ParticipantClaims("a" * 32, UNKNOWN_ID, PEER_ID, UNKNOWN_ID, 1)


def test_tokens_expire() -> None:
    clock = ManualClock()
    tokens = ParticipantTokens(SIGNING_KEY, clock, TOKEN_LIFETIME_S)
    token = tokens.issue(CLAIMS)
    clock.now_s += TOKEN_LIFETIME_S - 1
    assert tokens.read(token) == CLAIMS
    clock.now_s += 1
    with pytest.raises(Unauthorized, match="expired"):
        tokens.read(token)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "abc",
        "a.b.c",
        "ey\ud800.x.y",
        jwt.encode({"meetingId": "x", "exp": START_S + 60, "iat": START_S}, SIGNING_KEY, algorithm="HS256"),
        jwt.encode({"meetingId": "x"}, SIGNING_KEY * 2, algorithm="HS512"),
        jwt.encode({"meetingId": "x"}, "", algorithm="none"),
        ParticipantTokens(b"x" * 32, ManualClock(), TOKEN_LIFETIME_S).issue(CLAIMS),
    ],
)
def test_what_is_no_token_of_ours_is_refused(forged: str) -> None:
    with pytest.raises(Unauthorized, match="not valid"):
        ParticipantTokens(SIGNING_KEY, ManualClock(), TOKEN_LIFETIME_S).read(forged)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ParticipantTokens(b"short", ManualClock(), TOKEN_LIFETIME_S)


@given(app=st.uuids(), meeting=st.uuids(), participant=st.uuids(), version=st.integers(1, 10**6))
def test_claims_are_readable_by_atob(app: UUID, meeting: UUID, participant: UUID, version: int) -> None:
    """The SDK decodes the payload as plain base64: neither of base64url's own characters may occur."""
    claims = ParticipantClaims(app.hex, str(meeting), str(participant), str(meeting), version)
    header, payload, _ = ParticipantTokens(SIGNING_KEY, ManualClock(), TOKEN_LIFETIME_S).issue(claims).split(".")
    assert header.startswith("eyJ")
    assert not set("-_") & set(payload)
    decoded = json.loads(base64.b64decode(payload + "=" * (-len(payload) % 4)))
    assert decoded["meetingId"] == str(meeting)
    assert decoded["orgId"] == app.hex
    assert decoded["participantId"] == str(participant)
