"""Presets: what participants may do and how the meeting looks to them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.paging import Page, PageRequest
from reelkit.control.preset_params import PresetChanges, PresetParams
from reelkit.control.preset_rules import require_built, require_sound
from reelkit.db import Database
from reelkit.db.errors import ConstraintViolated
from reelkit.db.participants import ParticipantRepository
from reelkit.db.presets import PresetRepository, PresetRow
from reelkit.rooms.preset import merged

_LIVESTREAM = "LIVESTREAM"


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset; ``document`` is its whole JSON in the API's words: name, config, permissions, ui."""

    id: str
    app_id: str
    name: str
    document: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: PresetRow) -> Self:
        return cls(row.id, row.app_id, row.name, row.document, row.created_at, row.updated_at)

    @property
    def can_record(self) -> bool:
        """Whether its participants may start and stop recordings; the SDK's default is that they may not."""
        return bool(self.document.get("permissions", {}).get("can_record", False))

    @property
    def can_livestream(self) -> bool:
        """Whether its participants may start and stop livestreams; the SDK's default is that they may not."""
        return bool(self.document.get("permissions", {}).get("can_livestream", False))

    def of_recorder(self) -> Self:
        """The same for a browser that records a page: whatever the preset says, nobody sees or counts it, and nothing
        keeps it out, or lets people in on its account."""
        permissions = {
            "hidden_participant": True,
            "is_recorder": True,
            "waiting_room_type": "SKIP",
            "accept_waiting_requests": False,
        }
        changes: dict[str, Any] = {"permissions": permissions}
        if self.document["config"]["view_type"] == _LIVESTREAM:
            # There the SDK takes no media before it is on the stage.
            changes["config"] = {"view_type": "WEBINAR"}
        return replace(self, document=merged(self.document, changes))


def new_preset_row(app_id: str, document: dict[str, Any], now: datetime) -> PresetRow:
    """The row of a new preset."""
    return PresetRow(
        id=str(uuid4()), app_id=app_id, name=document["name"], document=document, created_at=now, updated_at=now
    )


class PresetService:
    """Makes, finds, changes and deletes presets. Who is in a meeting keeps what they joined with; a change counts from
    their next join."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, app_id: str, params: PresetParams) -> Preset:
        """A new preset. Raises Invalid, Unsupported, and Conflict if the app has one of this name."""
        document = params.document()
        require_built(document)
        require_sound(document)
        row = new_preset_row(app_id, document, utc(self._clock.time_s()))
        async with self._writing(document["name"]) as session:
            await PresetRepository(session).add(row)
        return Preset.of(row)

    async def change(self, app_id: str, preset_id: str, changes: PresetChanges) -> Preset:
        """Merges ``changes`` into a preset. Raises NotFound, Invalid, Unsupported, Conflict."""
        given = changes.document()
        require_built(given)
        return await self._write(app_id, preset_id, given, whole=False)

    async def replace(self, app_id: str, preset_id: str, params: PresetParams) -> Preset:
        """Changes all of a preset. Raises NotFound, Invalid, Unsupported, Conflict."""
        given = params.document()
        require_built(given)
        return await self._write(app_id, preset_id, given, whole=True)

    async def delete(self, app_id: str, preset_id: str) -> Preset:
        """Deletes a preset that no participant has. Raises NotFound, Conflict."""
        try:
            async with self._database.transaction() as session:
                row = await _found(session, app_id, preset_id)
                participants = await ParticipantRepository(session).count_with_preset(preset_id)
                if participants:
                    raise Conflict(f"participants have this preset, {participants} of them: give them another first")
                await PresetRepository(session).delete(row)
        except ConstraintViolated:
            raise Conflict("a participant has just been given this preset") from None
        return Preset.of(row)

    async def _write(self, app_id: str, preset_id: str, given: dict[str, Any], *, whole: bool) -> Preset:
        async with self._writing(given.get("name", "")) as session:
            row = await _found(session, app_id, preset_id)
            document = given if whole else merged(row.document, given)
            require_sound(document)
            row.document = document
            row.name = document["name"]
            row.updated_at = utc(self._clock.time_s())
            await session.flush()
        return Preset.of(row)

    @asynccontextmanager
    async def _writing(self, name: str) -> AsyncIterator[AsyncSession]:
        """A transaction in which a preset gets a ``name``. Raises Conflict if another one has it."""
        try:
            async with self._database.transaction() as session:
                yield session
        except ConstraintViolated:
            raise Conflict(f"there is a preset named {name} in this app already") from None

    async def list(self, app_id: str, page: PageRequest, *, search: str | None = None) -> Page[Preset]:
        """An app's presets by name, those whose name contains ``search``."""
        async with self._database.session() as session:
            found = await PresetRepository(session).page(app_id, search=search, offset=page.offset, limit=page.per_page)
        return Page.of(page, tuple(Preset.of(row) for row in found.rows), found.total_count)

    async def get(self, app_id: str, preset_id: str) -> Preset:
        """Raises NotFound."""
        async with self._database.session() as session:
            return Preset.of(await _found(session, app_id, preset_id))

    async def by_name(self, app_id: str, name: str) -> Preset:
        """Raises NotFound."""
        async with self._database.session() as session:
            row = await PresetRepository(session).by_name(app_id, name)
        if row is None:
            raise NotFound(f"there is no preset named {name} in this app")
        return Preset.of(row)


async def _found(session: AsyncSession, app_id: str, preset_id: str) -> PresetRow:
    row = await PresetRepository(session).get(app_id, preset_id)
    if row is None:
        raise NotFound("there is no such preset in this app")
    return row
