"""The hosted bucket: a directory of delivered files, read through signed links.

A file lies at ``<root>/<app_id>/<recording_id>/<name>``. A link is that path with an expiry and an HMAC-SHA256 of both,
so that nothing has to be stored to check it.
"""

import hashlib
import hmac
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from reelkit.clock import Clock
from reelkit.durable import sync_directory, sync_file
from reelkit.publish.errors import LinkExpired, LinkTampered, StorageError

EXPIRES_PARAMETER = "expires"
SIGNATURE_PARAMETER = "signature"
# Large enough that hashing runs at the disk's speed, small enough to stay in the cache.
_HASH_BLOCK_BYTES = 1 << 20
_PART_FILE = ".part"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was stored, as read back from the bucket."""

    path: Path
    size_bytes: int
    sha256: str


class HostedBucket:
    """Stores files under ``root`` and signs links with ``secret``. Its methods block: call them in a thread."""

    def __init__(self, root: Path, secret: bytes, clock: Clock) -> None:
        if len(secret) < hashlib.sha256().digest_size:
            raise ValueError("the signing secret must be at least 32 bytes long")
        self._root = root
        self._secret = secret
        self._clock = clock

    def put(self, app_id: str, recording_id: str, source: Path, name: str) -> StoredFile:
        """Moves ``source`` into the bucket under ``name``, durably and in one step; an existing file is replaced.

        Raises StorageError; ``source`` is then still where it was.
        """
        target = self.path(app_id, recording_id, name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            sha256 = _sha256(source)
            _move_durably(source, target)
            return StoredFile(path=target, size_bytes=target.stat().st_size, sha256=sha256)
        except OSError as error:
            raise StorageError(
                f"the hosted bucket could not store the file: {error.strerror or error}",
                recording_id=recording_id,
                name=name,
            ) from error

    def delete(self, app_id: str, recording_id: str) -> bool:
        """Removes all files of a recording; tells whether there were any. Raises StorageError."""
        directory = self._directory(app_id, recording_id)
        try:
            shutil.rmtree(directory)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(
                f"the hosted bucket could not delete: {error.strerror or error}", recording_id=recording_id
            ) from error
        return True

    def path(self, app_id: str, recording_id: str, name: str) -> Path:
        """Where a file lies. Raises ValueError for parts that would leave the bucket."""
        return self._directory(app_id, recording_id) / _component(name)

    def _directory(self, app_id: str, recording_id: str) -> Path:
        return self._root / _component(app_id) / _component(recording_id)

    def sign(self, app_id: str, recording_id: str, name: str, expires_s: float) -> str:
        """A relative link ``<app_id>/<recording_id>/<name>?expires=…&signature=…``, ending at ``expires_s``."""
        path = "/".join(quote(_component(part), safe="") for part in (app_id, recording_id, name))
        expires = int(expires_s)
        query = {
            EXPIRES_PARAMETER: str(expires),
            SIGNATURE_PARAMETER: self._signature(app_id, recording_id, name, expires),
        }
        return f"{path}?{urlencode(query)}"

    def verify(self, app_id: str, recording_id: str, name: str, query: Mapping[str, str]) -> Path:
        """The file that a link gives access to. Raises LinkTampered, LinkExpired, or FileNotFoundError."""
        try:
            expires = int(query[EXPIRES_PARAMETER])
            given = query[SIGNATURE_PARAMETER]
            path = self.path(app_id, recording_id, name)
        except (KeyError, ValueError) as error:
            raise LinkTampered("the download link is incomplete or malformed") from error
        wanted = self._signature(app_id, recording_id, name, expires)
        if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape")):
            raise LinkTampered("the signature of the download link is not valid")
        if self._clock.time_s() >= expires:
            raise LinkExpired("the download link has expired")
        if not path.is_file():
            raise FileNotFoundError(path)
        return path

    def _signature(self, app_id: str, recording_id: str, name: str, expires: int) -> str:
        message = "\n".join(("reelkit-bucket-v1", app_id, recording_id, name, str(expires))).encode()
        return urlsafe_b64encode(hmac.digest(self._secret, message, "sha256")).rstrip(b"=").decode()


def _component(part: str) -> str:
    if part in {"", ".", ".."} or "/" in part or "\0" in part or "\n" in part:
        raise ValueError(f"not a file name: {part!r}")
    return part


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _move_durably(source: Path, target: Path) -> None:
    """Renames within a file system; across file systems copies to a part file first, so readers never see half."""
    if source.stat().st_dev == target.parent.stat().st_dev:
        sync_file(source)
        source.replace(target)
    else:
        # Not after the target, whose name may be as long as names can be.
        part = target.with_name(_PART_FILE)
        try:
            shutil.copyfile(source, part)
            sync_file(part)
            part.replace(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        source.unlink()
    sync_directory(target.parent)
