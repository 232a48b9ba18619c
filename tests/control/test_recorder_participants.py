"""Whom a recorded page joins its meeting as, and that nobody else notices."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from sqlalchemy import delete, select

from reelkit.control.default_presets import RECORDER
from reelkit.control.errors import NotFound, Unauthorized
from reelkit.control.paging import PageRequest
from reelkit.control.participants import ParticipantIdentity
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.db.participants import ParticipantRow
from reelkit.db.presets import PresetRepository, PresetRow
from reelkit.process import wait_until
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S, ManualClock
from tests.control.pages import OPEN, invoked, job_of, recorded
from tests.patience import PATIENCE_S

PEER_ID = "3f0c9f34-9b64-4a3c-9d0e-0f6c1d0c9a11"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with harness_at(tmp_path, **OPEN) as running:
        yield running


def token_of(harness: Harness, recording: Recording) -> str:
    page = job_of(harness, recording).page
    assert page is not None
    (token,) = parse_qs(urlsplit(page.url.get_secret_value()).query)["authToken"]
    return token


async def identity_of(harness: Harness, recording: Recording) -> ParticipantIdentity:
    return await harness.plane.participants.authenticate(token_of(harness, recording))


async def test_the_page_may_join_and_is_hidden(harness: Harness) -> None:
    recording = await invoked(harness)
    admission = await harness.plane.participants.admit(token_of(harness, recording), peer_id=PEER_ID)
    assert (admission.meeting_id, admission.name) == (recording.meeting_id, "Recorder")
    assert admission.custom_participant_id == f"reelkit-recorder-{recording.id}"
    assert (admission.preset.name, admission.preset.hidden) == (RECORDER, True)
    assert not admission.preset.permissions.can_record


async def test_nobody_finds_it(harness: Harness) -> None:
    recording = await invoked(harness)
    participant_id = (await identity_of(harness, recording)).participant.id
    service, place = harness.plane.participants, (harness.app.id, recording.meeting_id)
    assert (await service.list(*place, PageRequest())).items == ()
    for call in (service.get, service.delete, service.refresh_token):
        with pytest.raises(NotFound):
            await call(*place, participant_id)


async def test_its_token_lives_as_long_as_the_recording_can(harness: Harness) -> None:
    recording = await recorded(harness, max_seconds=86_400)
    claims = jwt.decode(token_of(harness, recording), options={"verify_signature": False})
    assert claims["exp"] - START_S > 86_400 + harness.settings.page.start_timeout_s
    await harness.act(recording, Action.PAUSE)
    await harness.clock.advance(3 * 86_400)
    await identity_of(harness, recording)


async def test_it_is_shut_out_with_the_end(harness: Harness) -> None:
    recording = await recorded(harness)
    participant_id = (await identity_of(harness, recording)).participant.id
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.UPLOADED)

    async def removed() -> bool:
        return harness.gateway.removed == [(recording.meeting_id, participant_id)]

    await wait_until(removed, timeout_s=PATIENCE_S, interval_s=0.002)
    with pytest.raises(Unauthorized):
        await identity_of(harness, recording)


async def test_an_app_without_a_preset_for_recorders_gets_it(harness: Harness) -> None:
    async with harness.database.transaction() as session:
        await session.execute(delete(PresetRow).where(PresetRow.name == RECORDER))
    for _ in range(2):
        identity = await identity_of(harness, await invoked(harness))
        assert identity.preset.document["permissions"]["is_recorder"]
    async with harness.database.session() as session:
        assert len((await session.scalars(select(PresetRow).where(PresetRow.name == RECORDER))).all()) == 1


async def test_an_apps_own_preset_counts_but_shows_nobody(harness: Harness) -> None:
    async with harness.database.transaction() as session:
        row = await PresetRepository(session).by_name(harness.app.id, RECORDER)
        assert row is not None
        permissions = {"hidden_participant": False, "is_recorder": False, "recorder_type": "NONE", "can_record": True}
        row.document = {**row.document, "permissions": permissions, "ui": {"own": True}}
    recording = await invoked(harness)
    admission = await harness.plane.participants.admit(token_of(harness, recording), peer_id=PEER_ID)
    assert admission.preset.hidden
    assert admission.preset.recorder_type == "RECORDER"
    assert (await identity_of(harness, recording)).preset.document["ui"] == {"own": True}


async def test_those_of_an_earlier_server_are_gone(tmp_path: Path) -> None:
    first = Harness(tmp_path, ManualClock(), **OPEN)
    await first.open()
    recording = await recorded(first)
    token = token_of(first, recording)
    await first.crash()
    async with harness_at(tmp_path, first.clock, **OPEN) as second:
        with pytest.raises(Unauthorized):
            await second.plane.participants.authenticate(token)
        async with second.database.session() as session:
            assert (await session.scalars(select(ParticipantRow))).all() == []
