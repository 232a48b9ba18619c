"""What a browser is locked into: what was asked for, and what the machine allowed."""

import json
import os
import zlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from reelkit.page.cgroup import Cgroup
from reelkit.page.hierarchies import UNIFIED
from reelkit.page.limits import Limits
from reelkit.page.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Order:
    """What the keeper of a browser is told at its start."""

    number: int
    """Of the slot; the user id too if the keeper is root."""
    profile: Path
    lock_path: Path
    binary: Path
    limits: Limits
    cgroup_parent: Path | None = None
    """A directory of the unified hierarchy that is given to Reelkit; its own groups when None."""

    @property
    def group_name(self) -> str:
        """Of its cgroup: the same for the same slot, and another for one of another directory."""
        return f"reelkit-page-{self.number}-{zlib.crc32(os.fsencode(self.lock_path)):08x}"

    @property
    def group_parents(self) -> dict[str, Path] | None:
        """Where its cgroup is; None for below this process's own."""
        return None if self.cgroup_parent is None else {UNIFIED: self.cgroup_parent}

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The other way."""
        order = json.loads(text)
        parent = order["cgroup_parent"]
        return cls(
            order["number"],
            Path(order["profile"]),
            Path(order["lock_path"]),
            Path(order["binary"]),
            Limits(**order["limits"]),
            None if parent is None else Path(parent),
        )


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which parts are in force around one browser."""

    user_id: int
    own_user: bool
    """Nobody else has this user id, and it can do nothing."""
    own_network: bool
    """Its network is loopback alone, and the proxy's socket all that answers there."""
    sandbox: Sandbox
    """What Chromium locks its pages in with."""
    no_new_privileges: bool
    """It cannot become another user, whatever programs there are on the machine."""
    cgroup: Cgroup
    """The bounds that the kernel keeps."""
    without: tuple[str, ...]
    """Why a part is not in force, one sentence for each."""

    def described(self) -> dict[str, object]:
        """For a line of a log."""
        return {
            "user_id": self.user_id,
            "own_user": self.own_user,
            "own_network": self.own_network,
            "sandbox": self.sandbox.value,
            "no_new_privileges": self.no_new_privileges,
            "bounded": sorted(self.cgroup.directories),
            "without": list(self.without),
        }

    def to_json(self) -> str:
        """For the worker."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The other way."""
        told = json.loads(text)
        group = told["cgroup"]
        directories = {name: Path(path) for name, path in group["directories"].items()}
        told["cgroup"] = Cgroup(directories, group["unified"], tuple(group["without"]))
        told["sandbox"] = Sandbox(told["sandbox"])
        told["without"] = tuple(told["without"])
        return cls(**{field.name: told[field.name] for field in fields(cls)})
