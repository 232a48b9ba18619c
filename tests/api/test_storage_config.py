"""A storage_config that cannot be right is refused in the call, by the field's name and without its value."""

import asyncssh

from tests.api.harness import Api
from tests.api.test_bad_input import assert_failure

LOCKED = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_private_key("pkcs8-pem", "hidden phrase").decode()
SFTP = {"type": "sftp", "host": "files.example", "port": 22.0, "username": "films", "auth_method": "KEY"}
KEYS = {"access_key": "hidden", "secret": "hidden", "bucket": "films"}


CASES: list[tuple[dict[str, object], int, str]] = [
    ({**KEYS}, 400, "type"),
    ({"type": "hidden", **KEYS}, 422, "type"),
    ({"type": 5, **KEYS}, 422, "type"),
    ({"type": None, **KEYS}, 422, "type"),
    (SFTP, 400, "private_key"),
    (SFTP | {"private_key": "hidden"}, 422, "private_key"),
    (SFTP | {"private_key": LOCKED}, 422, "password"),
    (SFTP | {"private_key": LOCKED, "password": "hidden guess"}, 422, "password"),
    (SFTP | {"private_key": LOCKED, "password": "hidden phrase", "path": "../up"}, 422, "path"),
    ({"type": "aws", **KEYS}, 400, "region"),
    ({"type": "aws", **KEYS, "region": "evil.example/"}, 422, "region"),
    ({"type": "cloudflare", **KEYS}, 400, "account_id"),
    ({"type": "azure", **KEYS}, 422, "access_key"),
    ({"type": "gcs", **KEYS}, 422, "secret"),
]


async def test_the_field_is_named(api: Api) -> None:
    meeting = await api.control.meeting()
    for storage, status, field in CASES:
        started = await api.operator.post(
            f"{api.path}/recordings", json={"meeting_id": meeting.id, "storage_config": storage}
        )
        assert_failure(started, status, f"storage_config.{field}:")
        kept = await api.operator.post(
            f"{api.path}/meetings", json={"title": "x", "recording_config": {"storage_config": storage}}
        )
        assert_failure(kept, status, f"recording_config.storage_config.{field}:")
        assert "hidden" not in started.text + kept.text
        assert await api.recordings() == 0
