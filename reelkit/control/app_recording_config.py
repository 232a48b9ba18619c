"""An app's standing recording configuration: what its recordings are like unless a meeting or a start call says
otherwise. An extension of Reelkit; the hosted service has it in its portal alone."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from reelkit.control.config_layers import Layer, patched
from reelkit.control.config_secrets import readable, seal_secrets, with_secrets
from reelkit.control.errors import NotFound
from reelkit.control.recording_params import RecordingConfig
from reelkit.control.validation import invalid
from reelkit.control.vault import Sealed, Vault
from reelkit.db import Database
from reelkit.db.apps import AppRepository, AppRow


class AppRecordingConfigs:
    """The configurations of all apps, kept as those of meetings are: what opens storage and streams is encrypted."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def shown(self, app_id: str) -> Mapping[str, Any]:
        """What of it may be shown; empty where there is none. Raises NotFound."""
        async with self._database.session() as session:
            row = _found(await AppRepository(session).by_id(app_id))
        return row.recording_config or {}

    async def whole(self, app_id: str) -> RecordingConfig | None:
        """All of it; None where there is none. Raises NotFound, Sealed if its secrets cannot be opened."""
        async with self._database.session() as session:
            row = _found(await AppRepository(session).by_id(app_id))
        return self._opened(row)

    async def replace(self, app_id: str, config: RecordingConfig) -> Mapping[str, Any]:
        """Puts ``config`` in its place; an empty one is none. Returns what may be shown. Raises NotFound."""
        async with self._database.transaction() as session:
            row = _found(await AppRepository(session).by_id(app_id))
            self._keep(row, config)
        return row.recording_config or {}

    async def change(self, app_id: str, changes: RecordingConfig) -> Mapping[str, Any]:
        """Changes the given fields, objects field by field; null takes one out. Returns what may be shown.

        Raises NotFound, Invalid naming a field, Sealed if what is there cannot be opened.
        """
        async with self._database.transaction() as session:
            row = _found(await AppRepository(session).by_id(app_id))
            before = self._opened(row) or RecordingConfig()
            merged = patched(before.model_dump(exclude_none=True), changes.model_dump(exclude_unset=True))
            try:
                self._keep(row, RecordingConfig.model_validate(merged))
            except ValidationError as error:
                raise invalid(error) from error
        return row.recording_config or {}

    async def reseal(self) -> None:
        """Encrypts with the vault's first key what is encrypted with another. Raises DatabaseError."""
        async with self._database.transaction() as session:
            for row in await AppRepository(session).with_secrets():
                if row.recording_secrets is not None:
                    row.recording_secrets = self._vault.resealed(row.recording_secrets, _purpose(row.id))

    def _opened(self, row: AppRow) -> RecordingConfig | None:
        if not row.recording_config:
            return None
        try:
            return with_secrets(row.recording_config, row.recording_secrets, self._vault, _purpose(row.id))
        except Sealed as error:
            raise Sealed(f"{Layer.APP} cannot be read: {error.message}") from error

    def _keep(self, row: AppRow, config: RecordingConfig) -> None:
        row.recording_config = readable(config) or None
        row.recording_secrets = seal_secrets(config, self._vault, _purpose(row.id))


def _purpose(app_id: str) -> str:
    return f"app:{app_id}"


def _found(row: AppRow | None) -> AppRow:
    if row is None:
        raise NotFound("there is no such app")
    return row
