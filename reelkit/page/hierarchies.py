"""Where control groups are on this machine (cgroups(7)): version 1, version 2, or the two side by side."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

CONTROLLERS = ("memory", "pids", "cpu")
UNIFIED = "unified"
"""The name of the hierarchy of version 2."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def own_groups() -> dict[str, Path]:
    """The directories of the groups this process is in, by controller of version 1, or version 2's alone.

    Side by side, version 1 is taken where it has the controllers.
    """
    try:
        mounts = Path("/proc/self/mountinfo").read_text()
        memberships = Path("/proc/self/cgroup").read_text()
    except OSError:
        return {}
    return groups(mounts, memberships)


def groups(mounts: str, memberships: str) -> dict[str, Path]:
    """The same from the contents of /proc/PID/mountinfo and /proc/PID/cgroup."""
    paths = _paths(memberships)
    found: dict[str, Path] = {}
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        if not separator:
            continue
        root, mount_point = map(_unescaped, before.split()[3:5])
        kind, _, options = after.split()[:3]
        if kind == "cgroup2":
            names = [UNIFIED]
        elif kind == "cgroup":
            names = [name for name in options.split(",") if name in CONTROLLERS]
        else:
            continue
        for name in names:
            if name in paths:
                found.setdefault(name, _below(mount_point, root, paths[name]))
    first = {name: found[name] for name in CONTROLLERS if name in found}
    return first or {name: path for name, path in found.items() if name == UNIFIED}


def _paths(memberships: str) -> Mapping[str, str]:
    """The path of this process in each hierarchy."""
    paths: dict[str, str] = {}
    for line in memberships.splitlines():
        number, names, path = line.split(":", 2)
        for name in [UNIFIED] if number == "0" and not names else names.split(","):
            paths[name] = path
    return paths


def _below(mount_point: str, root: str, path: str) -> Path:
    """The directory of ``path`` where only what is below ``root`` is to be seen, as in many containers."""
    inside = PurePosixPath(path)
    if inside.is_relative_to(root):
        inside = inside.relative_to(root)
    return Path(mount_point) / str(inside).lstrip("/")


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(lambda octal: chr(int(octal.group(1), 8)), field)
