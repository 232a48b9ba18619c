"""Presets: what participants may do and how the meeting looks to them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from reelkit.control.errors import NotFound
from reelkit.control.paging import Page, PageRequest
from reelkit.db import Database
from reelkit.db.presets import PresetRepository, PresetRow


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

    def of_recorder(self) -> Self:
        """The same for a browser that records a page: whatever the preset says, nobody sees or counts it."""
        permissions = {**self.document.get("permissions", {}), "hidden_participant": True, "is_recorder": True}
        return replace(self, document={**self.document, "permissions": permissions})


def new_preset_row(app_id: str, document: dict[str, Any], now: datetime) -> PresetRow:
    """The row of a new preset."""
    return PresetRow(
        id=str(uuid4()), app_id=app_id, name=document["name"], document=document, created_at=now, updated_at=now
    )


class PresetService:
    """Finds presets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, app_id: str, page: PageRequest, *, search: str | None = None) -> Page[Preset]:
        """An app's presets by name, those whose name contains ``search``."""
        async with self._database.session() as session:
            found = await PresetRepository(session).page(app_id, search=search, offset=page.offset, limit=page.per_page)
        return Page.of(page, tuple(Preset.of(row) for row in found.rows), found.total_count)

    async def get(self, app_id: str, preset_id: str) -> Preset:
        """Raises NotFound."""
        async with self._database.session() as session:
            row = await PresetRepository(session).get(app_id, preset_id)
        if row is None:
            raise NotFound("there is no such preset in this app")
        return Preset.of(row)

    async def by_name(self, app_id: str, name: str) -> Preset:
        """Raises NotFound."""
        async with self._database.session() as session:
            row = await PresetRepository(session).by_name(app_id, name)
        if row is None:
            raise NotFound(f"there is no preset named {name} in this app")
        return Preset.of(row)
