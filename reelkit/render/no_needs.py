"""What stands for the needs of a film that is made of something else than packets."""

from collections.abc import Iterable, Mapping

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import Event
from reelkit.render.checkpoint import Checkpoint


class NoNeeds:
    """Needs nothing of the packet files that lie there because of other recordings."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def extend(self, events: Iterable[Event]) -> None:
        """Nothing in the journal matters to it."""

    def committed(self, checkpoint: Checkpoint, wall_s: float) -> Mapping[str, int | None]:  # noqa: ARG002 - as Needs.committed has it
        """None of each file."""
        self._catalog.scan()
        return {file.path.name: None for key in self._catalog.keys for file in self._catalog.files(key)}
