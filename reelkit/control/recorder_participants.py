"""The participants as whom pages that are recorded join their meeting: hidden, and gone with the recording."""

from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.default_presets import RECORDER, default_presets
from reelkit.control.meetings import Meeting
from reelkit.control.participant_tokens import ParticipantClaims, ParticipantTokens
from reelkit.control.ports import Gateway
from reelkit.control.presets import new_preset_row
from reelkit.db import Database
from reelkit.db.errors import ConstraintViolated
from reelkit.db.participants import ParticipantRepository, ParticipantRow
from reelkit.db.presets import PresetRepository, PresetRow

log = structlog.get_logger(__name__)

_NAME = "Recorder"
_CUSTOM_ID = "reelkit-recorder-{recording_id}"


class RecorderParticipants:
    """One for each recording of a page. Methods raise DatabaseError."""

    def __init__(self, database: Database, clock: Clock, tokens: ParticipantTokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._gateway: Gateway | None = None

    def bind(self, gateway: Gateway) -> None:
        """From now on those who are removed leave the live meeting too."""
        self._gateway = gateway

    async def add(self, meeting: Meeting, recording_id: str, lifetime_s: int) -> str:
        """A token that opens the meeting for ``lifetime_s``, unless it is removed before."""
        try:
            row = await self._added(meeting, recording_id)
        except ConstraintViolated:
            # Another recording has just brought the preset.
            row = await self._added(meeting, recording_id)
        claims = ParticipantClaims(meeting.app_id, meeting.id, row.id, row.preset_id, row.token_version)
        return self._tokens.issue(claims, lifetime_s)

    async def remove(self, recording_id: str) -> None:
        """Shuts out the one of a recording; does nothing if there is none."""
        for participant_id, meeting_id in await self._deleted(recording_id):
            if self._gateway is not None:
                await self._gateway.remove_participant(meeting_id, participant_id)

    async def remove_all(self) -> None:
        """Those of an earlier server, before meetings are let in."""
        removed = await self._deleted(None)
        if removed:
            log.info("participants of recorded pages of an earlier server were removed", participants=len(removed))

    async def _deleted(self, recording_id: str | None) -> list[tuple[str, str]]:
        async with self._database.transaction() as session:
            repository = ParticipantRepository(session)
            rows = await repository.recorders(recording_id)
            for row in rows:
                await repository.delete(row)
            return [(row.id, row.meeting_id) for row in rows]

    async def _added(self, meeting: Meeting, recording_id: str) -> ParticipantRow:
        now = utc(self._clock.time_s())
        async with self._database.transaction() as session:
            row = ParticipantRow(
                id=str(uuid4()),
                meeting_id=meeting.id,
                preset=await self._preset(session, meeting.app_id),
                custom_participant_id=_CUSTOM_ID.format(recording_id=recording_id),
                name=_NAME,
                picture=None,
                token_version=1,
                recording_id=recording_id,
                created_at=now,
                updated_at=now,
            )
            await ParticipantRepository(session).add(row)
        return row

    async def _preset(self, session: AsyncSession, app_id: str) -> PresetRow:
        """The app's own preset for recorders; the default one is added where it has none."""
        presets = PresetRepository(session)
        row = await presets.by_name(app_id, RECORDER)
        if row is None:
            document = next(each for each in default_presets() if each["name"] == RECORDER)
            row = new_preset_row(app_id, document, utc(self._clock.time_s()))
            await presets.add(row)
        return row
