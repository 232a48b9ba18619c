"""What the servers have in common."""

from abc import abstractmethod

from reelkit.publish.storage.targets import Target
from reelkit.settings import StorageSettings
from testbed.local_server import LocalServer

BUCKET = "films"


class StorageServer(LocalServer):
    """A server to which films are delivered. Its ``root`` must exist."""

    @abstractmethod
    def target(self, path: str = "") -> Target:
        """Where a test may write."""

    @abstractmethod
    def wrong_target(self) -> Target:
        """The same place with credentials that are not right."""

    @abstractmethod
    def settings(self, port: int | None = None) -> StorageSettings:
        """Settings with which it is reached, if need be by another port that leads to it."""
