"""Where things lie below the data directory."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataPaths:
    """The layout of one data directory."""

    root: Path

    @property
    def captures(self) -> Path:
        return self.root / "captures"

    def capture(self, session_id: str) -> Path:
        """What was captured of a session: its journal and its packet files."""
        return self.captures / session_id

    @property
    def secrets(self) -> Path:
        """The server's own keys, closed to others."""
        return self.root / "secrets"

    def job(self, recording_id: str) -> Path:
        """What a renderer makes of a recording: segments, manifest, film."""
        return self._jobs / recording_id

    def job_ids(self) -> list[str]:
        """Of whatever a renderer has a directory for. Raises OSError."""
        return sorted(path.name for path in self._jobs.iterdir()) if self._jobs.is_dir() else []

    @property
    def _jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def diagnoses(self) -> Path:
        return self.root / "diagnoses"

    def diagnosis(self, recording_id: str) -> Path:
        """What is known of a page whose recording failed."""
        return self.diagnoses / recording_id
