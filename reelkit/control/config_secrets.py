"""What of a configuration may be shown, and what is kept encrypted: storage credentials, and stream keys in URLs."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr

from reelkit.control.recording_params import RecordingConfig, RecordingParams
from reelkit.control.storage_config import StorageConfig
from reelkit.control.vault import Vault

_STREAMS = ("live_streaming_config", "rtmp_out_config")
_STREAM_URL = "rtmp_url"


def readable(config: RecordingConfig | RecordingParams) -> dict[str, Any]:
    """The given fields as they may be shown: credentials are left out, of a stream's URL only the server stays."""
    shown = _without_secrets(config)
    for name in _STREAMS:
        if url := shown.get(name, {}).get(_STREAM_URL):
            shown[name][_STREAM_URL] = server_of(url)
    return shown


def readable_storage(storage: StorageConfig) -> dict[str, Any]:
    """The fields of a storage_config that may be shown."""
    return _without_secrets(storage)


def server_of(url: str) -> str:
    """Scheme, host and port: the path of a streaming URL holds its key, and it may hold a password before the host."""
    scheme, _, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}://{authority.rpartition('@')[2]}"


def seal_secrets(config: RecordingConfig, vault: Vault, purpose: str) -> str | None:
    """What :func:`readable` leaves out, encrypted; None if there is nothing."""
    hidden: dict[str, Any] = {}
    if config.storage_config is not None:
        hidden["storage_config"] = secrets_of(config.storage_config)
    stream = config.live_streaming_config
    if stream is not None and stream.rtmp_url is not None:
        hidden["live_streaming_config"] = {_STREAM_URL: _text(stream.rtmp_url)}
    return vault.seal(json.dumps(hidden), purpose) if hidden else None


def with_secrets(shown: Mapping[str, Any], sealed: str | None, vault: Vault, purpose: str) -> RecordingConfig:
    """The whole configuration. Raises Sealed."""
    whole = dict(shown)
    if sealed is not None:
        for name, hidden in json.loads(vault.unseal(sealed, purpose)).items():
            whole[name] = {**whole.get(name, {}), **hidden}
    return RecordingConfig.model_validate(whole)


def secrets_of(model: BaseModel) -> dict[str, str]:
    """The secret fields of a model that are given, in the clear."""
    return {name: value.get_secret_value() for name, value in model if isinstance(value, SecretStr)}


def _without_secrets(model: BaseModel) -> dict[str, Any]:
    """JSON of what is given, without any SecretStr."""
    shown: dict[str, Any] = {}
    for name, value in model:
        if isinstance(value, BaseModel):
            shown[name] = _without_secrets(value)
        elif value is not None and not isinstance(value, SecretStr):
            shown[name] = value
    return shown


def _text(url: str | SecretStr) -> str:
    return url.get_secret_value() if isinstance(url, SecretStr) else url
