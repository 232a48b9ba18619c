"""What a storage_config must be, field by field, as far as it can be known without the storage."""

import json
import subprocess
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from cloudflare.types.realtime_kit import recording_start_recordings_params as official
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from reelkit.control.errors import Invalid
from reelkit.control.recording_params import RecordingParams
from reelkit.control.storage_config import StorageConfig
from reelkit.publish.storage.targets import (
    AzureTarget,
    GcsTarget,
    S3Target,
    SftpTarget,
    target_from_json,
    target_to_json,
)

MEETING_ID = "0b7ea1e6-1a5b-4a3a-9b58-7a3d6a1f0c11"
KEYS = {"access_key": "AKIAhidden", "secret": "hidden+/secret="}
AWS = {"type": "aws", **KEYS, "bucket": "films", "region": "eu-central-1", "path": "2026/spring"}
SPACES = AWS | {"type": "digitalocean", "region": "SGP1"}
R2 = {"type": "cloudflare", **KEYS, "bucket": "films", "account_id": "0123456789abcdef" * 2}
AZURE_STRING = "DefaultEndpointsProtocol=https;AccountName=films;AccountKey=aGlkZGVu;EndpointSuffix=core.windows.net"
AZURE = {"type": "azure", "access_key": AZURE_STRING, "secret": "", "region": "", "bucket": "films"}
PLAIN_KEY = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
LOCKED_KEY = RSA_KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"hidden phrase"),
).decode()
SERVICE_ACCOUNT = {
    "type": "service_account",
    "client_email": "films@project.iam.gserviceaccount.com",
    "private_key": RSA_KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode(),
    "token_uri": "http://169.254.169.254/token",
}
GCS = {"type": "gcs", "secret": json.dumps(SERVICE_ACCOUNT), "bucket": "films", "region": "eu"}
SFTP = {"type": "sftp", "host": "files.example", "port": 2_222.0, "username": "films", "path": "/srv/films"}
SFTP_KEY = SFTP | {"auth_method": "KEY", "private_key": LOCKED_KEY, "password": "hidden phrase"}
SFTP_PASSWORD = SFTP | {"auth_method": "PASSWORD", "password": "hidden word"}
ALL = [AWS, SPACES, R2, AZURE, GCS, SFTP_KEY, SFTP_PASSWORD]


def parsed(config: dict[str, Any]) -> StorageConfig:
    storage = RecordingParams.parse({"meeting_id": MEETING_ID, "storage_config": config}).storage_config
    assert storage is not None
    return storage


def refused(config: dict[str, Any]) -> Invalid:
    with pytest.raises(Invalid) as raised:
        parsed(config)
    return raised.value


@pytest.mark.parametrize("config", ALL, ids=lambda config: config["type"])
def test_secrets_are_nowhere_but_in_the_vaults_json(config: dict[str, Any]) -> None:
    target = parsed(config).target()
    secrets = [value for name, value in config.items() if name in {"access_key", "secret", "private_key", "password"}]
    shown = repr(parsed(config)) + repr(target) + str(target) + target.model_dump_json() + target.label
    assert not any(secret in shown for secret in secrets if secret)
    assert "hidden" not in shown
    kept = target_to_json(target)
    assert target_from_json(kept) == target
    assert json.loads(kept)["type"] == config["type"]


def test_what_is_wrong_is_told_without_what_was_given() -> None:
    for config in (AWS | {"secret": ["hidden"]}, SFTP_KEY | {"private_key": {"hidden": "hidden"}}):
        with pytest.raises(ValidationError) as raised:
            RecordingParams.model_validate({"meeting_id": MEETING_ID, "storage_config": config})
        assert "hidden" not in str(raised.value) + repr(raised.value)


def test_targets() -> None:
    aws, spaces, r2 = (parsed(config).target() for config in (AWS, SPACES, R2))
    assert isinstance(aws, S3Target)
    assert (aws.bucket, aws.region, aws.path, aws.label) == (
        "films",
        "eu-central-1",
        "2026/spring",
        "s3://films/2026/spring",
    )
    assert isinstance(spaces, S3Target)
    assert (spaces.region, spaces.label) == ("sgp1", "spaces://films/2026/spring")
    assert isinstance(r2, S3Target)
    assert (r2.region, r2.account_id, r2.label) == ("auto", R2["account_id"], "r2://films")
    azure = parsed(AZURE).target()
    assert isinstance(azure, AzureTarget)
    assert (azure.container, azure.connection_string.get_secret_value()) == ("films", AZURE_STRING)
    gcs = parsed(GCS).target()
    assert isinstance(gcs, GcsTarget)
    assert gcs.label == "gs://films"
    sftp = parsed(SFTP_KEY).target()
    assert isinstance(sftp, SftpTarget)
    assert (sftp.port, sftp.label) == (2_222, "sftp://files.example:2222/srv/films")


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (AWS, {"access_key": "AKIAother", "secret": "other"}),
        (R2, {"secret": "other"}),
        (AZURE, {"access_key": AZURE_STRING.replace("aGlkZGVu", "b3RoZXI=")}),
        (GCS, {"secret": json.dumps(SERVICE_ACCOUNT | {"client_email": "other@project.iam.gserviceaccount.com"})}),
        (SFTP_KEY, {"auth_method": "PASSWORD", "password": "other"}),
    ],
)
def test_other_credentials_lead_to_the_same_place(config: dict[str, Any], change: dict[str, Any]) -> None:
    before, after = parsed(config).target(), parsed(config | change).target()
    assert before.place == after.place
    assert before != after


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (AWS, {"region": "cn-north-1"}),
        (AWS, {"type": "digitalocean"}),
        (AWS, {"path": "2026"}),
        (R2, {"account_id": "fedcba9876543210" * 2}),
        (AZURE, {"access_key": AZURE_STRING.replace("AccountName=films", "AccountName=others")}),
        (GCS, {"bucket": "archive"}),
        (SFTP_KEY, {"username": "others"}),
        (SFTP_KEY, {"port": 22}),
    ],
)
def test_another_account_is_another_place_whatever_its_label(config: dict[str, Any], change: dict[str, Any]) -> None:
    assert parsed(config).target().place != parsed(config | change).target().place


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        *((AWS, field) for field in ("access_key", "secret", "bucket", "region")),
        *((SPACES, field) for field in ("access_key", "secret", "bucket", "region")),
        *((R2, field) for field in ("access_key", "secret", "bucket", "account_id")),
        *((AZURE, field) for field in ("access_key", "bucket")),
        *((GCS, field) for field in ("secret", "bucket")),
        *((SFTP_KEY, field) for field in ("host", "username", "auth_method", "private_key")),
        *((SFTP_PASSWORD, field) for field in ("host", "username", "auth_method", "password")),
    ],
)
def test_each_missing_field_is_named(config: dict[str, Any], missing: str) -> None:
    without = {name: value for name, value in config.items() if name != missing}
    error = refused(without)
    assert error.field == f"storage_config.{missing}"
    assert error.message == f"storage_config.{missing}: Field required"


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (AWS | {"access_key": " "}, "access_key"),
        (AWS | {"access_key": "AK\nx-amz-acl: public"}, "access_key"),
        (AWS | {"secret": ""}, "secret"),
        (AWS | {"secret": 5}, "secret"),
        (AWS | {"bucket": "films/other"}, "bucket"),
        (AWS | {"bucket": ""}, "bucket"),
        (AWS | {"bucket": "films?x"}, "bucket"),
        (AWS | {"region": "evil.example/"}, "region"),
        (AWS | {"region": "evil.example#"}, "region"),
        (AWS | {"region": ""}, "region"),
        (AWS | {"path": "../up"}, "path"),
        (AWS | {"path": "a/../../b"}, "path"),
        (AWS | {"path": "a/./b"}, "path"),
        (AWS | {"path": "a\nb"}, "path"),
        (AWS | {"path": "ü" * 500}, "path"),
        (R2 | {"account_id": "me"}, "account_id"),
        (R2 | {"account_id": f"{'0' * 32}.evil.example"}, "account_id"),
        (AZURE | {"access_key": "the key"}, "access_key"),
        (AZURE | {"access_key": "AccountName=films;AccountKey=?"}, "access_key"),
        (AZURE | {"access_key": "UseDevelopmentStorage=true"}, "access_key"),
        (GCS | {"secret": "{"}, "secret"),
        (GCS | {"secret": "{}"}, "secret"),
        (GCS | {"secret": json.dumps(SERVICE_ACCOUNT | {"private_key": "hidden"})}, "secret"),
        (GCS | {"secret": json.dumps({"type": "authorized_user", "refresh_token": "hidden"})}, "secret"),
        (SFTP_KEY | {"host": "a b"}, "host"),
        (SFTP_KEY | {"host": "user@files.example"}, "host"),
        (SFTP_KEY | {"port": 22.5}, "port"),
        (SFTP_KEY | {"port": 65_536}, "port"),
        (SFTP_KEY | {"auth_method": "AGENT"}, "auth_method"),
        (SFTP_KEY | {"private_key": "hidden"}, "private_key"),
        (SFTP_KEY | {"private_key": LOCKED_KEY[:300]}, "private_key"),
        (SFTP_KEY | {"password": None}, "password"),
        (SFTP_KEY | {"password": ""}, "password"),
        (SFTP_KEY | {"password": "guessed phrase"}, "password"),
    ],
)
def test_what_is_wrong_is_named_without_repeating_it(config: dict[str, Any], field: str) -> None:
    error = refused(config)
    assert error.field == f"storage_config.{field}"
    assert "hidden" not in error.message
    assert "guessed" not in error.message


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (AWS | {"path": "/2026//spring/"}, "2026/spring"),
        (AWS | {"path": ""}, ""),
        (AWS | {"path": None}, ""),
        (SFTP_KEY | {"path": "films/"}, "films"),
        (SFTP_KEY | {"path": "/"}, "/"),
        (SFTP_KEY | {"path": "~/films"}, "films"),
        (SFTP_KEY | {"path": "~"}, ""),
    ],
)
def test_paths(config: dict[str, Any], path: str) -> None:
    assert parsed(config).target().path == path


def test_keys_without_a_passphrase_and_in_bad_shape_are_read() -> None:
    mangled = "\r\n".join(f"  {line}" for line in PLAIN_KEY.splitlines())
    assert parsed(SFTP_KEY | {"private_key": mangled, "password": None}).type == "sftp"
    assert parsed(SFTP_KEY | {"private_key": PLAIN_KEY, "password": "not needed"}).type == "sftp"


def test_fields_of_other_types_are_ignored() -> None:
    blank = dict.fromkeys(("access_key", "secret", "region", "host", "private_key", "password", "username"), "")
    assert parsed(blank | SFTP_PASSWORD).type == "sftp"
    assert parsed(blank | {"auth_method": "KEY"} | GCS).type == "gcs"
    assert parsed(blank | AZURE).type == "azure"


def test_what_the_official_client_declares_is_read() -> None:
    gcs: official.StorageConfigUnionMember0 = {"type": "gcs", "bucket": "films", "secret": GCS["secret"], "port": 22.0}
    sftp: official.StorageConfigUnionMember3 = {
        "type": "sftp",
        "auth_method": "PASSWORD",
        "password": "hidden word",
        "host": "files.example",
        "port": 22.0,
        "username": "films",
        "path": "films",
    }
    assert parsed(dict(gcs)).type == "gcs"
    target = parsed(dict(sftp)).target()
    assert isinstance(target, SftpTarget)
    assert target.port == 22


def test_keys_as_ssh_keygen_encrypts_them(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "hidden phrase", "-f", path], check=True)
    config = SFTP_KEY | {"private_key": path.read_text()}
    assert parsed(config).type == "sftp"
    assert refused(config | {"password": "guessed"}).field == "storage_config.password"
