"""Deliveries to callers' own storage, the further files of recordings, and the keys of SSH servers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, UtcDateTime


class DeliveryRow(Base):
    """A recording's way to the caller's own storage.

    ``storage`` is what of its storage_config may be shown, ``target`` all of it, encrypted. ``files_at`` is when its
    files were finished and put into the hosted bucket: from then on only the upload is left to do.
    """

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "state"),)

    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    storage: Mapped[dict[str, Any]] = mapped_column(JSON)
    target: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    bucket_enabled: Mapped[bool]
    """Whether the hosted bucket keeps its copy after the upload."""
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """0 before it has begun, then 1 and one more for each failure."""
    error: Mapped[str | None] = mapped_column(Text)
    """What went wrong last, in a sentence; None once the upload goes on."""
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """While the storage is being waited for."""
    sent_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Of all files; None before they are finished."""
    files_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    flawed: Mapped[bool] = mapped_column(default=False)
    """The files are not all that was asked for: the recording is ERRORED even when they are delivered."""
    earlier_error: Mapped[str | None] = mapped_column(Text)
    """What the recording's ``error`` says of everything but the upload."""


class DeliveryFileRow(Base):
    """One file of a delivery. ``upload`` is where its upload stands."""

    __tablename__ = "delivery_files"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("deliveries.recording_id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    position: Mapped[int]
    """Files are sent in this order."""
    content_type: Mapped[str] = mapped_column(String(128))
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """None while it grows."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    head_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    """How many bytes at the beginning were written last."""
    blocks: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """SHA-256 of each block of the data behind the head; None if unknown."""
    sent_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    upload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the storage had all of it."""


class RecordingFileRow(Base):
    """A file of a recording beside its main file, its sound and its integrity record: captions, a track, …"""

    __tablename__ = "recording_files"

    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    content_type: Mapped[str] = mapped_column(String(128))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    layer: Mapped[str | None] = mapped_column(String(255))
    """Of a track recording."""
    custom_participant_id: Mapped[str | None] = mapped_column(Text)
    """Of a track: whose it is."""


class HostKeyRow(Base):
    """The key of an SSH server, as it was at the first connection for an app."""

    __tablename__ = "ssh_host_keys"

    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True)
    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    port: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    pinned_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeliveryRepository:
    """Deliveries in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: DeliveryRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, recording_id: str) -> DeliveryRow | None:
        return await self._session.get(DeliveryRow, recording_id)

    async def of_recordings(self, recording_ids: Sequence[str]) -> dict[str, DeliveryRow]:
        """Those of the given recordings that are delivered to own storage, by recording."""
        rows = await self._session.scalars(select(DeliveryRow).where(DeliveryRow.recording_id.in_(recording_ids)))
        return {row.recording_id: row for row in rows}

    async def all(self) -> tuple[DeliveryRow, ...]:
        return tuple(await self._session.scalars(select(DeliveryRow).order_by(DeliveryRow.recording_id)))

    async def files(self, recording_id: str) -> tuple[DeliveryFileRow, ...]:
        """Its files, in the order in which they are sent, also those that still grow."""
        return tuple(
            await self._session.scalars(
                select(DeliveryFileRow)
                .where(DeliveryFileRow.recording_id == recording_id)
                .order_by(DeliveryFileRow.position, DeliveryFileRow.name)
            )
        )

    async def finished(self, recording_id: str) -> tuple[DeliveryFileRow, ...]:
        """Those of them that do not grow any more."""
        return tuple(row for row in await self.files(recording_id) if row.size_bytes is not None)

    async def file(self, recording_id: str, name: str) -> DeliveryFileRow | None:
        return await self._session.get(DeliveryFileRow, (recording_id, name))

    def add_file(self, row: DeliveryFileRow) -> None:
        self._session.add(row)

    async def remove(self, recording_id: str) -> None:
        """Forgets a delivery with what opens its storage."""
        await self._session.execute(delete(DeliveryFileRow).where(DeliveryFileRow.recording_id == recording_id))
        await self._session.execute(delete(DeliveryRow).where(DeliveryRow.recording_id == recording_id))


class RecordingFileRepository:
    """Further files of recordings in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, row: RecordingFileRow) -> None:
        """Adds a file, or replaces what is known of it."""
        await self._session.merge(row)

    async def of_recordings(self, recording_ids: Sequence[str]) -> tuple[RecordingFileRow, ...]:
        """Those of the given recordings, by recording and name."""
        return tuple(
            await self._session.scalars(
                select(RecordingFileRow)
                .where(RecordingFileRow.recording_id.in_(recording_ids))
                .order_by(RecordingFileRow.recording_id, RecordingFileRow.name)
            )
        )

    async def remove(self, recording_id: str) -> None:
        await self._session.execute(delete(RecordingFileRow).where(RecordingFileRow.recording_id == recording_id))


class HostKeyRepository:
    """The keys of SSH servers in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, app_id: str, host: str, port: int) -> HostKeyRow | None:
        return await self._session.get(HostKeyRow, (app_id, host, port))

    async def put(self, row: HostKeyRow) -> None:
        await self._session.merge(row)
