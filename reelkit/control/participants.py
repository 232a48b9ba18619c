"""Participants: who may join a meeting, and by which token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.caller import Caller
from reelkit.control.errors import Forbidden, Invalid, NotFound, Unauthorized
from reelkit.control.meetings import Meeting
from reelkit.control.paging import Page, PageRequest
from reelkit.control.participant_params import ParticipantChanges, ParticipantParams
from reelkit.control.participant_tokens import ParticipantClaims, ParticipantTokens
from reelkit.control.ports import Gateway
from reelkit.control.presets import Preset
from reelkit.db import Database
from reelkit.db.meetings import MeetingRepository
from reelkit.db.participants import ParticipantRepository, ParticipantRow
from reelkit.db.presets import PresetRepository, PresetRow
from reelkit.rooms.admission import Admission
from reelkit.rooms.preset import Preset as RoomPreset

# What others see of a participant who was given no name.
_NAMELESS = "Guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A participant of one meeting."""

    id: str
    meeting_id: str
    preset_id: str
    preset_name: str
    custom_participant_id: str
    name: str | None
    picture: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ParticipantRow) -> Self:
        return cls(
            id=row.id,
            meeting_id=row.meeting_id,
            preset_id=row.preset_id,
            preset_name=row.preset.name,
            custom_participant_id=row.custom_participant_id,
            name=row.name,
            picture=row.picture,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @property
    def display_name(self) -> str:
        """The name that others see."""
        return self.name or _NAMELESS


@dataclass(frozen=True, slots=True)
class ParticipantIdentity:
    """Whom a valid token stands for, as things are now and not as they were when it was issued."""

    participant: Participant
    meeting: Meeting
    preset: Preset

    @property
    def app_id(self) -> str:
        return self.meeting.app_id

    @property
    def caller(self) -> Caller:
        return Caller.user(self.participant.display_name, self.participant.id)

    def require_can_record(self) -> None:
        """Raises Forbidden unless the preset allows starting and stopping recordings."""
        if not self.preset.can_record:
            raise Forbidden("the participant's preset does not permit recording (can_record)")

    def require_can_livestream(self) -> None:
        """Raises Forbidden unless the preset allows starting and stopping livestreams."""
        if not self.preset.can_livestream:
            raise Forbidden("the participant's preset does not permit livestreams (can_livestream)")


class ParticipantService:
    """Adds, finds and changes participants, and lets them in. Those of browsers that record pages
    (:mod:`reelkit.control.recorder_participants`) are let in too, but nobody finds them here."""

    def __init__(self, database: Database, clock: Clock, tokens: ParticipantTokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._gateway: Gateway | None = None

    def bind(self, gateway: Gateway) -> None:
        """From now on a deleted participant is removed from the live meeting too."""
        self._gateway = gateway

    async def add(self, app_id: str, meeting_id: str, params: ParticipantParams) -> tuple[Participant, str]:
        """A new participant and its token. Raises NotFound, and Invalid naming ``preset_name``."""
        now = utc(self._clock.time_s())
        async with self._database.transaction() as session:
            await _require_meeting(session, app_id, meeting_id)
            row = ParticipantRow(
                id=str(uuid4()),
                meeting_id=meeting_id,
                preset=await _preset(session, app_id, params.preset_name),
                custom_participant_id=params.custom_participant_id,
                name=params.name,
                picture=params.picture,
                token_version=1,
                created_at=now,
                updated_at=now,
            )
            await ParticipantRepository(session).add(row)
        return Participant.of(row), self._token(app_id, row)

    async def list(self, app_id: str, meeting_id: str, page: PageRequest) -> Page[Participant]:
        """Oldest first. Raises NotFound."""
        async with self._database.session() as session:
            await _require_meeting(session, app_id, meeting_id)
            found = await ParticipantRepository(session).page(meeting_id, offset=page.offset, limit=page.per_page)
        return Page.of(page, tuple(Participant.of(row) for row in found.rows), found.total_count)

    async def get(self, app_id: str, meeting_id: str, participant_id: str) -> Participant:
        """Raises NotFound."""
        async with self._database.session() as session:
            return Participant.of(await _participant(session, app_id, meeting_id, participant_id))

    async def edit(
        self, app_id: str, meeting_id: str, participant_id: str, changes: ParticipantChanges
    ) -> tuple[Participant, str]:
        """The changed participant and a fresh token; earlier ones stay valid. Raises NotFound, Invalid."""
        async with self._database.transaction() as session:
            row = await _participant(session, app_id, meeting_id, participant_id)
            if changes.preset_name is not None:
                row.preset = await _preset(session, app_id, changes.preset_name)
            if "name" in changes.model_fields_set:
                row.name = changes.name
            if "picture" in changes.model_fields_set:
                row.picture = changes.picture
            row.updated_at = utc(self._clock.time_s())
        return Participant.of(row), self._token(app_id, row)

    async def delete(self, app_id: str, meeting_id: str, participant_id: str) -> Participant:
        """Shuts the participant out: its tokens are void and its peers removed. Raises NotFound."""
        async with self._database.transaction() as session:
            row = await _participant(session, app_id, meeting_id, participant_id)
            participant = Participant.of(row)
            await ParticipantRepository(session).delete(row)
        if self._gateway is not None:
            await self._gateway.remove_participant(meeting_id, participant_id)
        return participant

    async def refresh_token(self, app_id: str, meeting_id: str, participant_id: str) -> str:
        """A new token; all earlier ones are void. Raises NotFound."""
        async with self._database.transaction() as session:
            row = await _participant(session, app_id, meeting_id, participant_id)
            row.token_version += 1
            row.updated_at = utc(self._clock.time_s())
        return self._token(app_id, row)

    def claims_of(self, token: str) -> ParticipantClaims:
        """Whom ``token`` was made for, who may be gone by now. Asks no database. Raises Unauthorized."""
        return self._tokens.read(token)

    async def authenticate(self, token: str) -> ParticipantIdentity:
        """Whom ``token`` stands for. Raises Unauthorized if it is forged, expired, revoked or its participant gone."""
        claims = self._tokens.read(token)
        async with self._database.session() as session:
            row = await ParticipantRepository(session).with_meeting(claims.participant_id)
        if (
            row is None
            or row.token_version != claims.version
            or row.meeting_id != claims.meeting_id
            or row.meeting.app_id != claims.app_id
        ):
            raise Unauthorized("the participant's token was revoked")
        preset = Preset.of(row.preset)
        if row.recording_id is not None:
            preset = preset.of_recorder()
        return ParticipantIdentity(Participant.of(row), Meeting.of(row.meeting), preset)

    async def admit(self, token: str, *, peer_id: str, meeting_id: str | None = None) -> Admission:
        """Lets a client into its meeting as ``peer_id``.

        Raises Unauthorized, and Forbidden for another meeting than ``meeting_id`` and for one that is INACTIVE.
        """
        identity = await self.authenticate(token)
        meeting, participant = identity.meeting, identity.participant
        if meeting_id is not None and meeting_id != meeting.id:
            raise Forbidden("the token is for another meeting")
        if not meeting.active:
            raise Forbidden("the meeting is INACTIVE: nobody can join it")
        return Admission(
            meeting_id=meeting.id,
            meeting_title=meeting.title or "",
            organization_id=meeting.app_id,
            participant_id=participant.id,
            peer_id=peer_id,
            name=participant.display_name,
            picture=participant.picture,
            custom_participant_id=participant.custom_participant_id,
            preset=RoomPreset.parse({"id": identity.preset.id, **identity.preset.document}),
            session_keep_alive_s=meeting.session_keep_alive_s,
        )

    def _token(self, app_id: str, row: ParticipantRow) -> str:
        return self._tokens.issue(ParticipantClaims(app_id, row.meeting_id, row.id, row.preset_id, row.token_version))


async def _require_meeting(session: AsyncSession, app_id: str, meeting_id: str) -> None:
    if await MeetingRepository(session).get(app_id, meeting_id) is None:
        raise NotFound("there is no such meeting in this app")


async def _participant(session: AsyncSession, app_id: str, meeting_id: str, participant_id: str) -> ParticipantRow:
    await _require_meeting(session, app_id, meeting_id)
    row = await ParticipantRepository(session).get(meeting_id, participant_id)
    if row is None:
        raise NotFound("there is no such participant in this meeting")
    return row


async def _preset(session: AsyncSession, app_id: str, name: str) -> PresetRow:
    row = await PresetRepository(session).by_name(app_id, name)
    if row is None:
        raise Invalid(f"preset_name: there is no preset named {name} in this app", field="preset_name")
    return row
