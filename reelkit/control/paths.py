"""Where things lie below the data directory."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataPaths:
    """The layout of one data directory."""

    root: Path

    def capture(self, session_id: str) -> Path:
        """What was captured of a session: its journal and its packet files."""
        return self.root / "captures" / session_id

    def job(self, recording_id: str) -> Path:
        """What a renderer makes of a recording: segments, manifest, film."""
        return self.root / "jobs" / recording_id
