"""Where to deliver to and what opens it: a storage_config that was found right, in the form that is kept.

Representations of a target mask its secrets; only :func:`target_to_json` reveals them, for the vault.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter

from reelkit.publish.storage.azure_account import azure_account

_CREDENTIALS = (
    "access_key",
    "secret",
    "connection_string",
    "service_account",
    "auth_method",
    "private_key",
    "password",
)


class _Target(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: str = ""
    """Below the root of the bucket; without slashes at its ends (but see SftpTarget)."""

    @property
    def place(self) -> tuple[object, ...]:
        """Where it is, without who comes: targets with equal places hold the same objects. Labels may be equal for
        different places, such as buckets of one name in two accounts."""
        return tuple(self.model_dump(exclude=set(_CREDENTIALS)).items())

    def _label(self, scheme: str, *parts: str) -> str:
        return f"{scheme}://" + "/".join(part for part in (*parts, self.path.strip("/")) if part)


class S3Target(_Target):
    """A bucket that speaks Amazon's S3: Amazon's own, DigitalOcean Spaces, Cloudflare R2."""

    type: Literal["aws", "digitalocean", "cloudflare"]
    access_key: SecretStr
    secret: SecretStr
    bucket: str
    region: str
    """``auto`` for Cloudflare."""
    account_id: str | None = None
    """Cloudflare's, which is part of its host names."""

    @property
    def label(self) -> str:
        return self._label({"aws": "s3", "digitalocean": "spaces", "cloudflare": "r2"}[self.type], self.bucket)


class AzureTarget(_Target):
    """A container of Azure Blob Storage."""

    type: Literal["azure"]
    connection_string: SecretStr
    container: str

    @property
    def place(self) -> tuple[object, ...]:
        """With the account, which only the connection string names. Raises ValueError for one that is none."""
        return (*super().place, azure_account(self.connection_string.get_secret_value()).blob_endpoint.lower())

    @property
    def label(self) -> str:
        return self._label("azure", self.container)


class GcsTarget(_Target):
    """A bucket of Google Cloud Storage."""

    type: Literal["gcs"]
    service_account: SecretStr
    """The JSON of its key file."""
    bucket: str

    @property
    def label(self) -> str:
        return self._label("gs", self.bucket)


class SftpTarget(_Target):
    """A directory of an SSH server; ``path`` is relative to the home directory unless it begins with a slash."""

    type: Literal["sftp"]
    host: str
    port: int
    username: str
    auth_method: Literal["KEY", "PASSWORD"]
    private_key: SecretStr | None = None
    password: SecretStr | None = None
    """With KEY the passphrase of ``private_key``, if it has one."""

    @property
    def label(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self._label("sftp", f"{host}:{self.port}")


Target = Annotated[S3Target | AzureTarget | GcsTarget | SftpTarget, Field(discriminator="type")]

_TARGETS: TypeAdapter[Target] = TypeAdapter(Target)


def target_to_json(target: Target) -> str:
    """The target with its secrets in the clear: to be encrypted at once."""
    return json.dumps({name: _revealed(value) for name, value in target.model_dump().items()})


def target_from_json(text: str) -> Target:
    """The target of :func:`target_to_json`. Raises pydantic.ValidationError."""
    return _TARGETS.validate_json(text)


def _revealed(value: Any) -> Any:  # noqa: ANN401 - any field's value
    return value.get_secret_value() if isinstance(value, SecretStr) else value
