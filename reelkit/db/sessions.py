"""Sessions: live instances of meetings, and who was in them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.titles import Titled

MAX_NAME_LENGTH = 255


class SessionRow(Titled, Base):
    """A session; it is live while ``ended_at`` is null."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(None, "meeting_id", "started_at"),
        Index(None, "app_id", "started_at"),
        Index(None, "ended_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meetings.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    live_peers: Mapped[int]
    """Visible peers present now; 0 once it ended."""
    peak_peers: Mapped[int]
    """The most visible peers that were present at once."""
    consumed_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """How long visible peers were there, one after the other, in visits that are over."""
    alive_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last known to go on, for a server that dies."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SessionPeerRow(Base):
    """One device in one session, as it was when it joined last. One that comes back is present again: ``left_at`` is
    null."""

    __tablename__ = "session_peers"
    __table_args__ = (Index(None, "participant_id"), Index(None, "custom_participant_id"), Index(None, "peer_id"))

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True, type_=Id)
    peer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    participant_id: Mapped[str] = mapped_column(Id)
    custom_participant_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    picture: Mapped[str | None] = mapped_column(String(2_048))
    preset_name: Mapped[str | None] = mapped_column(String(255))
    view_type: Mapped[str | None] = mapped_column(String(32))
    """Of the preset."""
    hidden: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When its client first connected."""
    first_joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it joined last."""
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    visits: Mapped[int] = mapped_column(default=0, server_default="0")
    present_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """In visits that are over."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SessionRepository:
    """Sessions in one database session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: SessionRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, session_id: str) -> SessionRow | None:
        return await self._session.get(SessionRow, session_id)

    async def seen_alive(self, session_ids: Sequence[str], moment: datetime) -> None:
        """Those of these sessions that have not ended go on at ``moment``."""
        await self._session.execute(
            update(SessionRow)
            .where(SessionRow.id.in_(session_ids), SessionRow.ended_at.is_(None))
            .values(alive_at=moment)
        )

    async def live(self) -> tuple[SessionRow, ...]:
        """All sessions that have not ended."""
        return tuple(await self._session.scalars(select(SessionRow).where(SessionRow.ended_at.is_(None))))

    async def live_of(self, meeting_id: str) -> SessionRow | None:
        """The meeting's session that has not ended; the newest, should there be several."""
        return await self._session.scalar(
            select(SessionRow)
            .where(SessionRow.meeting_id == meeting_id, SessionRow.ended_at.is_(None))
            .order_by(SessionRow.started_at.desc())
            .limit(1)
        )

    async def ended_before(self, session_ids: Sequence[str], moment: datetime) -> tuple[str, ...]:
        """Which of these sessions were over at that time."""
        wanted = SessionRow.id.in_(session_ids), SessionRow.ended_at <= moment
        return tuple(await self._session.scalars(select(SessionRow.id).where(*wanted)))

    async def peer(self, session_id: str, peer_id: str) -> SessionPeerRow | None:
        return await self._session.get(SessionPeerRow, (session_id, peer_id))

    async def add_peer(self, row: SessionPeerRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def present_peers(self, session_id: str) -> tuple[SessionPeerRow, ...]:
        """Peers that have not left, hidden ones included."""
        return tuple(
            await self._session.scalars(
                select(SessionPeerRow).where(SessionPeerRow.session_id == session_id, SessionPeerRow.left_at.is_(None))
            )
        )
