"""Every kind of storage, each on its real server behind a link that can fail."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.targets import Target
from reelkit.settings import EgressSettings, StorageSettings
from testbed.faulty_link import FaultyLink
from testbed.free_port import LOOPBACK
from testbed.storage.azurite import Azurite
from testbed.storage.gcs import GcsService
from testbed.storage.s3 import RcloneS3
from testbed.storage.server import StorageServer
from testbed.storage.sshd import Sshd

CLOSED = EgressGuard(EgressSettings())
"""Lets nobody into this machine: what the operator named is reached all the same."""
OPEN = EgressGuard(EgressSettings(allowed_networks=[LOOPBACK]))


@dataclass
class Place:
    """A server, the link to it, and how to get there."""

    server: StorageServer
    link: FaultyLink
    guard: EgressGuard
    target: Callable[[str], Target]
    wrong: Target
    settings: StorageSettings
    kind: str = ""
    opened: list[Destination] = field(default_factory=list)

    def open(self, path: str = "", target: Target | None = None, **changed: object) -> Destination:
        """A destination; ``changed`` are settings."""
        settings = self.settings.model_copy(update=changed)
        self.opened.append(open_destination(target or self.target(path), guard=self.guard, settings=settings))
        return self.opened[-1]

    async def close(self) -> None:
        for destination in self.opened:
            await destination.close()
        self.opened.clear()


@asynccontextmanager
async def s3(root: Path) -> AsyncIterator[Place]:
    async with RcloneS3(root) as server, FaultyLink(server.port) as link:
        yield Place(server, link, CLOSED, server.target, server.wrong_target(), server.settings(link.port))


@asynccontextmanager
async def r2(root: Path) -> AsyncIterator[Place]:
    async with RcloneS3(root) as server, FaultyLink(server.port) as link:
        wrong = server.target(kind="cloudflare").model_copy(update={"access_key": SecretStr("stranger")})
        yield Place(
            server, link, CLOSED, lambda path: server.target(path, "cloudflare"), wrong, server.settings(link.port)
        )


@asynccontextmanager
async def azure(root: Path) -> AsyncIterator[Place]:
    async with Azurite(root) as server, FaultyLink(server.port) as link:
        yield Place(server, link, CLOSED, server.target, server.wrong_target(), server.settings(link.port))


@asynccontextmanager
async def azure_shared(root: Path) -> AsyncIterator[Place]:
    """By a shared access signature, at the endpoint that the caller names."""
    async with Azurite(root) as server, FaultyLink(server.port) as link:
        now = datetime.now(UTC)
        yield Place(
            server,
            link,
            OPEN,
            lambda path: server.shared_target(now + timedelta(hours=1), path, link.port),
            server.shared_target(now - timedelta(hours=1)),
            StorageSettings(),
        )


@asynccontextmanager
async def gcs(root: Path) -> AsyncIterator[Place]:
    async with GcsService(root) as server, FaultyLink(server.front_port) as link:
        yield Place(server, link, CLOSED, server.gcs_target, server.wrong_gcs_target(), server.gcs_settings(link.port))


@asynccontextmanager
async def sftp(root: Path) -> AsyncIterator[Place]:
    async with Sshd(root) as server, FaultyLink(server.port) as link:
        yield Place(
            server,
            link,
            OPEN,
            lambda path: server.target(path, link.port),
            server.wrong_target(),
            StorageSettings(),
        )


KINDS = {"s3": s3, "r2": r2, "azure": azure, "azure-sas": azure_shared, "gcs": gcs, "sftp": sftp}
