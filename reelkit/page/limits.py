"""What one browser may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for all processes of a browser together, unless a field says otherwise."""

    memory_bytes: int = 2 << 30
    """A heavy page has half of it."""
    tasks: int = 1_024
    """Threads of all processes: an idle browser has 90, and about 15 more for each site that is framed."""
    cpus: float | None = None
    """Processors' worth of time; None for what there is. Only a cgroup can bound it."""
    profile_bytes: int = 1 << 30
    """On the disk, caches and databases of pages included."""
    file_bytes: int = 2 << 30
    """One file. Shared memory counts as one, and Chromium itself takes no larger pieces."""
    open_files: int = 8_192
    """Of one process; what Chromium would raise it to."""
