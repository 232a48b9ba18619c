"""What every kind of hosted bucket has in common: what it says of a stored file, and signed links to this server.

A file is stored as ``<app_id>/<recording_id>/<name>``. A link is that path with an expiry and an HMAC-SHA256 of both,
so that nothing has to be stored to check it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from reelkit.clock import Clock
from reelkit.publish.errors import LinkExpired, LinkTampered

EXPIRES_PARAMETER = "expires"
SIGNATURE_PARAMETER = "signature"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was stored."""

    path: Path
    """Where it can be read on this machine: for good in a directory, until it is released in a bucket elsewhere."""
    size_bytes: int
    sha256: str
    """Hexadecimal."""


@dataclass(frozen=True, slots=True)
class FileAddress:
    """One file of the bucket."""

    app_id: str
    recording_id: str
    name: str

    @classmethod
    def of(cls, app_id: str, recording_id: str, name: str) -> "FileAddress":
        """Raises ValueError for parts that would leave the bucket."""
        for part in (app_id, recording_id, name):
            require_component(part)
        return cls(app_id, recording_id, name)

    @property
    def key(self) -> str:
        """Its path in the bucket."""
        return f"{self.app_id}/{self.recording_id}/{self.name}"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that was found valid."""

    address: FileAddress
    expires_s: float


class BucketLinks:
    """Signs links to this server's own download route, and checks them."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        if len(secret) < hashlib.sha256().digest_size:
            raise ValueError("the signing secret must be at least 32 bytes long")
        self._secret = secret
        self._clock = clock

    def sign(self, app_id: str, recording_id: str, name: str, expires_s: float) -> str:
        """A relative link ``<app_id>/<recording_id>/<name>?expires=…&signature=…``, ending at ``expires_s``."""
        path = "/".join(quote(require_component(part), safe="") for part in (app_id, recording_id, name))
        expires = int(expires_s)
        query = {
            EXPIRES_PARAMETER: str(expires),
            SIGNATURE_PARAMETER: self._signature(app_id, recording_id, name, expires),
        }
        return f"{path}?{urlencode(query)}"

    def verify(self, app_id: str, recording_id: str, name: str, query: Mapping[str, str]) -> OpenLink:
        """What a link gives access to. Raises LinkTampered, LinkExpired."""
        try:
            expires = int(query[EXPIRES_PARAMETER])
            given = query[SIGNATURE_PARAMETER]
            address = FileAddress.of(app_id, recording_id, name)
        except (KeyError, ValueError) as error:
            raise LinkTampered("the download link is incomplete or malformed") from error
        wanted = self._signature(app_id, recording_id, name, expires)
        if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape")):
            raise LinkTampered("the signature of the download link is not valid")
        if self._clock.time_s() >= expires:
            raise LinkExpired("the download link has expired")
        return OpenLink(address, expires)

    def _signature(self, app_id: str, recording_id: str, name: str, expires: int) -> str:
        message = "\n".join(("reelkit-bucket-v1", app_id, recording_id, name, str(expires))).encode()
        return urlsafe_b64encode(hmac.digest(self._secret, message, "sha256")).rstrip(b"=").decode()


def require_component(part: str) -> str:
    """``part`` itself. Raises ValueError unless it is one component of a path."""
    if part in {"", ".", ".."} or "/" in part or "\0" in part or "\n" in part:
        raise ValueError(f"not a file name: {part!r}")
    return part
