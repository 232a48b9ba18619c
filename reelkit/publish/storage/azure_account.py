"""Azure's connection strings, and how requests are proved with what is in them.

https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

_NAMES = {
    name.lower(): name
    for name in (
        "DefaultEndpointsProtocol",
        "AccountName",
        "AccountKey",
        "EndpointSuffix",
        "SharedAccessSignature",
        "BlobEndpoint",
        "BlobSecondaryEndpoint",
        "DfsEndpoint",
        "FileEndpoint",
        "FileSecondaryEndpoint",
        "QueueEndpoint",
        "QueueSecondaryEndpoint",
        "TableEndpoint",
        "TableSecondaryEndpoint",
    )
}
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_SUFFIX = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", re.IGNORECASE)
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


@dataclass(frozen=True, slots=True)
class AzureAccount:
    """What a connection string holds: an endpoint, and either a key or a shared access signature."""

    blob_endpoint: str
    """Without a slash at the end."""
    name: str
    key: SecretStr | None
    """Base64."""
    shared_access: SecretStr | None
    """A query, which is added to every URL."""

    def url(self, path: str, query: str = "") -> str:
        """The URL of ``path`` (with a leading slash, percent-encoded) with what gives access to it."""
        granted = self.shared_access.get_secret_value() if self.shared_access else ""
        added = "&".join(part for part in (query, granted) if part)
        return f"{self.blob_endpoint}{path}" + (f"?{added}" if added else "")

    def headers(self, method: str, url: str, headers: Mapping[str, str], body_bytes: int) -> dict[str, str]:
        """``headers``, which hold ``x-ms-date``, and with a key the one that proves the request."""
        complete = {name.lower(): value for name, value in headers.items()}
        if self.key is None:
            return complete
        signed = complete | {"content-length": str(body_bytes) if body_bytes else ""}
        parts = urlsplit(url)
        lines = [
            method,
            *(signed.get(name, "") for name in _SIGNED_HEADERS),
            *(f"{name}:{signed[name].strip()}" for name in sorted(signed) if name.startswith("x-ms-")),
            f"/{self.name}{parts.path}",
            *(f"{name.lower()}:{value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))),
        ]
        digest = hmac.digest(b64decode(self.key.get_secret_value()), "\n".join(lines).encode(), "sha256")
        return complete | {"authorization": f"SharedKey {self.name}:{b64encode(digest).decode()}"}


def azure_account(connection_string: str, endpoint: str | None = None) -> AzureAccount:
    """Reads a connection string; ``endpoint`` is the operator's and counts instead of its own.

    Raises ValueError saying what is wrong with it, without any of its values.
    """
    values = _values(connection_string)
    name, key, shared = (values.get(part, "") for part in ("AccountName", "AccountKey", "SharedAccessSignature"))
    if bool(key) == bool(shared):
        raise ValueError("must have either AccountKey or SharedAccessSignature")
    if (key or name) and not _ACCOUNT.fullmatch(name):
        raise ValueError("AccountName must be 3 to 24 lower-case letters and digits")
    if key:
        _require_base64(key)
    if shared and not any(part == "sig" for part, _ in parse_qsl(shared.lstrip("?"))):
        raise ValueError("SharedAccessSignature has no signature")
    return AzureAccount(
        blob_endpoint=endpoint or _blob_endpoint(values),
        name=name,
        key=SecretStr(key) if key else None,
        shared_access=SecretStr(shared.lstrip("?")) if shared else None,
    )


def _values(connection_string: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for setting in connection_string.strip().strip(";").split(";"):
        given, separator, value = setting.partition("=")
        name = _NAMES.get(given.strip().lower())
        if not separator or name is None:
            raise ValueError("must be a connection string: Name=value pairs with semicolons between them")
        if name in values:
            raise ValueError(f"{name} is there twice")
        values[name] = value.strip()
    return values


def _blob_endpoint(values: Mapping[str, str]) -> str:
    given = values.get("BlobEndpoint", "")
    if given:
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or "@" in parts.netloc:
            raise ValueError("BlobEndpoint must be an http or https URL without query")
        if unquote(parts.path) != parts.path or ".." in parts.path:
            raise ValueError("BlobEndpoint has a strange path")
        return given.rstrip("/")
    if not values.get("AccountName"):
        raise ValueError("must have AccountName or BlobEndpoint")
    protocol = values.get("DefaultEndpointsProtocol", "https")
    if protocol not in {"http", "https"}:
        raise ValueError("DefaultEndpointsProtocol must be http or https")
    suffix = values.get("EndpointSuffix", "core.windows.net")
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError("EndpointSuffix must be a host name")
    return f"{protocol}://{values['AccountName']}.blob.{suffix}"


def _require_base64(key: str) -> None:
    try:
        decoded = b64decode(key, validate=True)
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise ValueError("AccountKey must be base64")
