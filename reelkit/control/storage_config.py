"""``storage_config``: the caller's own storage, by type. What opens it is write-only and never shown.

What can be known to be wrong without asking the storage is refused here, by the field's name. Fields that belong to
another type are ignored, as the hosted service does: its clients send them blank.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StrictInt, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from reelkit.control.validation import WHOLE, Params, Text
from reelkit.publish.storage.azure_account import azure_account
from reelkit.publish.storage.gcs import service_account_key
from reelkit.publish.storage.names import path_parts
from reelkit.publish.storage.ssh_key import BadPassphrase, ssh_private_key
from reelkit.publish.storage.targets import AzureTarget, GcsTarget, S3Target, SftpTarget

# SSH's port, RFC 4253 section 4.1.
_SSH_PORT = 22
_MAX_PORT = 65_535
# Keys of objects may have 1024 bytes, names of files 255.
_MAX_PATH_BYTES = 1_024 - 256
_MAX_SECRET_LENGTH = 65_536


def _path(value: str) -> str:
    path_parts(value)
    if len(value.encode()) > _MAX_PATH_BYTES:
        raise ValueError(f"must not be longer than {_MAX_PATH_BYTES} bytes")
    return value


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("must not be empty")
    if len(text) > _MAX_SECRET_LENGTH:
        raise ValueError(f"must not be longer than {_MAX_SECRET_LENGTH} characters")
    return SecretStr(text)


def _key(value: SecretStr) -> SecretStr:
    if not all("!" <= character <= "~" for character in value.get_secret_value()):
        raise ValueError("must not contain spaces and other than ASCII characters")
    return value


def _connection_string(value: SecretStr) -> SecretStr:
    azure_account(value.get_secret_value())
    return value


def _service_account(value: SecretStr) -> SecretStr:
    service_account_key(value.get_secret_value())
    return value


def _blank_is_none(value: Any) -> Any:  # noqa: ANN401 - anything that JSON can hold comes in
    return None if isinstance(value, str) and not value.strip() else value


# All of these become parts of host names or URLs.
Bucket = Annotated[str, Field(pattern=r"^[A-Za-z0-9$][A-Za-z0-9._-]{0,221}$")]
Region = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")]
AccountId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{32}(\.(eu|fedramp))?$")]
Host = Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]+|[A-Za-z0-9_.-]{1,253})$")]
Name = Annotated[Text, Field(min_length=1, max_length=255)]
Path = Annotated[Text, AfterValidator(_path)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Key = Annotated[Secret, AfterValidator(_key)]
OptionalSecret = Annotated[Secret | None, BeforeValidator(_blank_is_none)]


class _Storage(Params):
    path: Path | None = None
    """Below the bucket's root; slashes at its ends do not count."""

    @property
    def _below(self) -> str:
        return "/".join(path_parts(self.path or ""))


class S3Storage(_Storage):
    """Amazon S3, or DigitalOcean Spaces with a region such as ``SGP1``."""

    type: Literal["aws", "digitalocean"]
    access_key: Key
    secret: Key
    bucket: Bucket
    region: Region

    def target(self) -> S3Target:
        return S3Target(
            type=self.type,
            access_key=self.access_key,
            secret=self.secret,
            bucket=self.bucket,
            region=self.region.lower(),
            path=self._below,
        )


class R2Storage(_Storage):
    """Cloudflare R2. ``account_id`` may end in ``.eu`` for a bucket of that jurisdiction."""

    type: Literal["cloudflare"]
    access_key: Key
    secret: Key
    bucket: Bucket
    account_id: AccountId

    def target(self) -> S3Target:
        return S3Target(
            type=self.type,
            access_key=self.access_key,
            secret=self.secret,
            bucket=self.bucket,
            region="auto",
            account_id=self.account_id.lower(),
            path=self._below,
        )


class AzureStorage(_Storage):
    """Azure Blob Storage: ``access_key`` is a connection string, ``bucket`` a container."""

    type: Literal["azure"]
    access_key: Annotated[Secret, AfterValidator(_connection_string)]
    bucket: Bucket

    def target(self) -> AzureTarget:
        return AzureTarget(type=self.type, connection_string=self.access_key, container=self.bucket, path=self._below)


class GcsStorage(_Storage):
    """Google Cloud Storage: ``secret`` is the JSON of a service account."""

    type: Literal["gcs"]
    secret: Annotated[Secret, AfterValidator(_service_account)]
    bucket: Bucket
    region: Text | None = None

    def target(self) -> GcsTarget:
        return GcsTarget(type=self.type, service_account=self.secret, bucket=self.bucket, path=self._below)


class SftpStorage(_Storage):
    """An SSH server. With ``KEY``, ``password`` is the passphrase of ``private_key``.

    A ``path`` is below the home directory, unless it begins with a slash.
    """

    type: Literal["sftp"]
    host: Host
    port: Annotated[StrictInt, Field(ge=1, le=_MAX_PORT), WHOLE] = _SSH_PORT
    username: Name
    auth_method: Literal["KEY", "PASSWORD"]
    # Validated in this order: the passphrase with the key that it is for.
    private_key: OptionalSecret = Field(None, validate_default=True)
    password: OptionalSecret = Field(None, validate_default=True)

    @field_validator("private_key", mode="after")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("auth_method") != "KEY":
            return None
        if value is None:
            raise PydanticKnownError("missing")
        try:
            ssh_private_key(value.get_secret_value(), None)
        except BadPassphrase:
            # Whether it opens the key is said of ``password``.
            return value
        return value

    @field_validator("password", mode="after")
    @classmethod
    def _opens(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        method, key = info.data.get("auth_method"), info.data.get("private_key")
        if method == "PASSWORD" and value is None:
            raise PydanticKnownError("missing")
        if method == "KEY" and key is not None:
            ssh_private_key(key.get_secret_value(), value.get_secret_value() if value else None)
        return value

    def target(self) -> SftpTarget:
        given = self.path or ""
        # What shells mean by it; SFTP knows no such name.
        path = given[1:].lstrip("/") if given == "~" or given.startswith("~/") else given
        return SftpTarget(
            type=self.type,
            host=self.host.strip("[]"),
            port=self.port,
            username=self.username,
            auth_method=self.auth_method,
            private_key=self.private_key,
            password=self.password,
            path=("/" if path.startswith("/") else "") + "/".join(path_parts(path)),
        )


StorageConfig = Annotated[S3Storage | R2Storage | AzureStorage | GcsStorage | SftpStorage, Field(discriminator="type")]
