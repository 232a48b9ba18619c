"""Films made again, in the database."""

from typing import Any

import structlog

from reelkit.clock import Clock
from reelkit.control.errors import NotFound
from reelkit.control.hosted import HostedChanges
from reelkit.control.paging import Page, PageRequest
from reelkit.control.rerender import RenderStatus, Rerender
from reelkit.db import Database
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.renders import RenderRepository, RenderRow
from reelkit.render.config import RenderConfig

log = structlog.get_logger(__name__)

# A database that refuses is asked again so often when there is nobody to tell.
_RETRY_S = 2.0


class RerenderStore:
    """All films made again."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, row: RenderRow) -> Rerender:
        async with self._database.transaction() as session:
            await RenderRepository(session).add(row)
        return Rerender.of(row)

    async def get(self, recording_id: str, render_id: str) -> Rerender:
        """Raises NotFound, also for one of another recording."""
        async with self._database.session() as session:
            row = await RenderRepository(session).of_recording(recording_id, render_id)
        if row is None:
            raise NotFound("there is no such render of this recording")
        return Rerender.of(row)

    async def list(self, recording_id: str, page: PageRequest) -> Page[Rerender]:
        """Those of one recording, newest first."""
        async with self._database.session() as session:
            found = await RenderRepository(session).page(recording_id, offset=page.offset, limit=page.per_page)
        return Page.of(page, tuple(Rerender.of(row) for row in found.rows), found.total_count)

    async def unfinished(self) -> tuple[Rerender, ...]:
        """Those that are still to be made, oldest first."""
        async with self._database.session() as session:
            rows = await RenderRepository(session).with_status(RenderStatus.UPLOADING.value)
        return tuple(Rerender.of(row) for row in rows)

    async def render_config(self, render_id: str) -> RenderConfig:
        """Raises NotFound."""
        async with self._database.session() as session:
            row = await RenderRepository(session).get(render_id)
        if row is None:
            raise NotFound("there is no such render", render_id=render_id)
        return RenderConfig.model_validate(row.render)

    async def integrity(self, render_id: str) -> dict[str, Any] | None:
        """The integrity record; None before it is delivered and for an unknown one."""
        async with self._database.session() as session:
            return await RenderRepository(session).integrity(render_id)

    async def settle(self, render_id: str, status: RenderStatus, changes: HostedChanges) -> None:
        """Stores how it ended; asks again for as long as the database refuses."""
        while True:
            try:
                async with self._database.transaction() as session:
                    row = await RenderRepository(session).get(render_id)
                    if row is not None:
                        row.status = status.value
                        for name, value in changes.items():
                            # What lies beside a film belongs to the recording.
                            if name != "files":
                                setattr(row, name, value)
            except DatabaseUnavailable as error:
                log.error("a render's status could not be stored", render_id=render_id, reason=error.message)  # noqa: TRY400
            else:
                return
            await self._clock.sleep(_RETRY_S)
