"""``storage_config``: the caller's own storage, by type. What opens it is write-only and never shown."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from reelkit.control.validation import Params, Text, WholeNumber

# SSH's port, RFC 4253 section 4.1.
_SSH_PORT = 22
_MAX_PORT = 65_535

Name = Annotated[Text, Field(min_length=1, max_length=1_024)]
Path = Annotated[Text, Field(max_length=1_024)]


class _Storage(Params):
    path: Path | None = None
    """Below the bucket's root."""


class S3Storage(_Storage):
    """Amazon S3, or DigitalOcean Spaces with a region such as ``SGP1``."""

    type: Literal["aws", "digitalocean"]
    access_key: SecretStr
    secret: SecretStr
    bucket: Name
    region: Name


class R2Storage(_Storage):
    """Cloudflare R2."""

    type: Literal["cloudflare"]
    access_key: SecretStr
    secret: SecretStr
    bucket: Name
    account_id: Name


class AzureStorage(_Storage):
    """Azure Blob Storage: ``access_key`` is a connection string, ``bucket`` a container."""

    type: Literal["azure"]
    access_key: SecretStr
    bucket: Name


class GcsStorage(_Storage):
    """Google Cloud Storage: ``secret`` is the JSON of a service account."""

    type: Literal["gcs"]
    secret: SecretStr
    bucket: Name
    region: Path | None = None


class SftpStorage(_Storage):
    """An SSH server. With ``KEY``, ``password`` is the passphrase of ``private_key``."""

    type: Literal["sftp"]
    host: Name
    port: WholeNumber = Field(_SSH_PORT, ge=1, le=_MAX_PORT)
    username: Name
    auth_method: Literal["KEY", "PASSWORD"]
    private_key: SecretStr | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _has_its_credential(self) -> Self:
        if self.auth_method == "KEY" and self.private_key is None:
            raise ValueError("auth_method KEY needs private_key")
        if self.auth_method == "PASSWORD" and self.password is None:
            raise ValueError("auth_method PASSWORD needs password")
        return self


StorageConfig = Annotated[S3Storage | R2Storage | AzureStorage | GcsStorage | SftpStorage, Field(discriminator="type")]
