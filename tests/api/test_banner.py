"""What the operator reads at the start."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reelkit.api.banner import Banner, sdk_base
from reelkit.control.apps import App

APP = App("app-id", "account-id", "default", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("base_domain", "port", "base"),
    [
        ("rtk.localhost", 8743, "rtk.localhost:8743"),
        ("rtk.example.com", 443, "rtk.example.com"),
        ("rtk.example.com:8443", 8743, "rtk.example.com:8443"),
        ("rtk.example.com/prefix", 8743, "rtk.example.com:8743/prefix"),
    ],
)
def test_the_sdks_base_names_the_port_it_needs(base_domain: str, port: int, base: str) -> None:
    assert sdk_base(base_domain, port) == base


def test_a_new_token_is_shown_and_an_old_one_cannot_be() -> None:
    def banner(authority: Path | None, token: str | None) -> str:
        return Banner("http://h:1", "https://h:2", "rtk.localhost:2", APP, Path("/data"), authority, token).text()

    first = banner(Path("/data/secrets/ca.pem"), "a-token")
    for shown in ("http://h:1/client/v4", "rtk.localhost:2", "account-id", "app-id", "/data/secrets/ca.pem", "a-token"):
        assert shown in first
    later = banner(None, None)
    assert "token" not in later
    assert "trust" not in later
