"""Run in the namespace of scripts/netns.sh, whose interface has 10.77.0.1."""

from ipaddress import ip_address

import pytest

from reelkit.egress.own_address import is_own, unmapped


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.8.7", True),
        ("0.0.0.0", True),  # noqa: S104 - Linux takes it for itself
        ("10.77.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.77.0.1", True),
        ("::1", True),
        ("::", True),
        ("10.77.0.2", False),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2606:4700::1111", False),
    ],
)
def test_the_kernel_knows_its_addresses(address: str, own: bool) -> None:
    assert is_own(ip_address(address)) is own


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [("::ffff:10.77.0.1", "10.77.0.1"), ("10.77.0.1", "10.77.0.1"), ("::10.77.0.1", "::10.77.0.1"), ("::1", "::1")],
)
def test_mapped_addresses_are_what_they_stand_for(address: str, leads_to: str) -> None:
    assert unmapped(ip_address(address)) == ip_address(leads_to)
