"""Opens what a target names."""

from reelkit.clock import Clock, SystemClock
from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.azure import open_azure
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.gcs import open_gcs
from reelkit.publish.storage.host_keys import HostKeys, KeptHostKeys
from reelkit.publish.storage.s3 import open_s3
from reelkit.publish.storage.sftp import SftpDirectory
from reelkit.publish.storage.ssh_connection import SshConnector
from reelkit.publish.storage.targets import AzureTarget, GcsTarget, S3Target, Target
from reelkit.settings import StorageSettings


def open_destination(
    target: Target,
    *,
    guard: EgressGuard,
    settings: StorageSettings,
    host_keys: HostKeys | None = None,
    clock: Clock | None = None,
) -> Destination:
    """A client for ``target``. Nothing is connected before its first call; close it at the end.

    ``host_keys`` remembers the keys of SSH servers; without it a key is remembered as long as the destination is open.
    Raises StorageRefused for a target that cannot be right, such as a connection string without an account.
    """
    clock = clock or SystemClock()
    if isinstance(target, S3Target):
        return open_s3(target, guard, settings, clock)
    if isinstance(target, AzureTarget):
        return open_azure(target, guard, settings, clock)
    if isinstance(target, GcsTarget):
        return open_gcs(target, guard, settings, clock)
    return SftpDirectory(
        SshConnector(target, guard, settings, host_keys or KeptHostKeys()), target.path, target.label, settings
    )
