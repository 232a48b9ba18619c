"""The live session of a meeting, and sending people out of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from reelkit.clock import utc
from reelkit.control.errors import Invalid, NotFound, Unavailable
from reelkit.control.meetings import MeetingService
from reelkit.control.ports import Gateway, Room
from reelkit.control.session_archive import SessionArchive
from reelkit.control.session_records import SessionRecord
from reelkit.control.validation import Params, Text
from reelkit.db import Database
from reelkit.db.participants import ParticipantRepository, ParticipantRow
from reelkit.rooms.peer import PeerInfo

# More than any meeting holds.
_MAX_IDS = 1_000
_Ids = Annotated[list[Text], Field(max_length=_MAX_IDS)]


class KickParams(Params):
    """Whom to send out of a live session; at least one id is needed."""

    participant_ids: _Ids | None = None
    """Ids of participants; one of a peer, as the lists of sessions show it, means that device alone."""
    custom_participant_ids: _Ids | None = None
    """The caller's own ids of participants."""


@dataclass(frozen=True, slots=True)
class KickedParticipant:
    """One who was sent away."""

    id: str
    name: str
    picture: str | None
    created_at: datetime
    updated_at: datetime


class ActiveSessions:
    """Of each meeting. All methods raise NotFound if there is no such meeting or if it is not live, and
    DatabaseUnavailable."""

    def __init__(self, database: Database, meetings: MeetingService, archive: SessionArchive) -> None:
        self._database = database
        self._meetings = meetings
        self._archive = archive
        self._gateway: Gateway | None = None

    def bind(self, gateway: Gateway) -> None:
        """From now on there can be live sessions."""
        self._gateway = gateway

    async def get(self, app_id: str, meeting_id: str) -> SessionRecord:
        """The session that goes on."""
        room = await self.room(app_id, meeting_id)
        return await self._archive.get(app_id, room.session_id)

    async def kick(self, app_id: str, meeting_id: str, params: KickParams) -> tuple[KickedParticipant, ...]:
        """Sends participants away with all their devices; they may come back.

        Ids that nobody in the session has are passed over. If nobody has any of them that is NotFound; Invalid without
        any id.
        """
        if not params.participant_ids and not params.custom_participant_ids:
            raise Invalid(
                "participant_ids: give at least one of these or of custom_participant_ids", field="participant_ids"
            )
        room = await self.room(app_id, meeting_id)
        ids, custom_ids = set(params.participant_ids or ()), set(params.custom_participant_ids or ())
        meant = [
            peer
            for peer in room.peers()
            if ids & {peer.participant_id, peer.peer_id} or peer.custom_participant_id in custom_ids
        ]
        rows = await self._rows(peer.participant_id for peer in meant)
        # Browsers that record pages are nobody's participants: they go when their recording ends.
        meant = [peer for peer in meant if not _is_browser(rows.get(peer.participant_id))]
        if not meant:
            raise NotFound("nobody in the session has any of these ids")
        await room.kick_peers([peer.peer_id for peer in meant])
        newest = {peer.participant_id: peer for peer in meant}
        return tuple(_kicked(peer, rows.get(participant_id)) for participant_id, peer in newest.items())

    async def kick_all(self, app_id: str, meeting_id: str) -> int:
        """Ends the meeting as a host does; how many were sent away. Hidden participants go too and are not counted.
        Recordings end when the meeting has been empty for as long as settings say."""
        room = await self.room(app_id, meeting_id)
        kicked = {peer.participant_id for peer in room.peers() if not peer.hidden}
        await room.kick_all()
        return len(kicked)

    async def room(self, app_id: str, meeting_id: str) -> Room:
        """Where the session goes on."""
        await self._meetings.get(app_id, meeting_id)
        if self._gateway is None:
            raise Unavailable("the server is starting")
        room = self._gateway.room_of(meeting_id)
        if room is None:
            raise NotFound("the meeting has no active session: nobody is in it")
        return room

    async def _rows(self, participant_ids: Iterable[str]) -> dict[str, ParticipantRow]:
        wanted: Collection[str] = set(participant_ids)
        async with self._database.session() as session:
            return {row.id: row for row in await ParticipantRepository(session).by_ids(wanted)}


def _is_browser(row: ParticipantRow | None) -> bool:
    return row is not None and row.recording_id is not None


def _kicked(peer: PeerInfo, row: ParticipantRow | None) -> KickedParticipant:
    """``row`` is None for one who was deleted just now."""
    joined_at = utc(peer.joined_at_s)
    created_at, updated_at = (joined_at, joined_at) if row is None else (row.created_at, row.updated_at)
    return KickedParticipant(peer.participant_id, peer.name, peer.picture, created_at, updated_at)
