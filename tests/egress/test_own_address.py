"""Run in the namespace of scripts/netns.sh, whose interface has 10.77.0.1."""

from ipaddress import ip_address

import pytest

from reelkit.egress.destinations import Destinations
from reelkit.egress.guard import EgressGuard
from reelkit.egress.own_address import is_own, unmapped
from reelkit.settings import EgressSettings


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


@pytest.mark.parametrize(("port", "closed"), [(6_379, True), (8_080, True), (80, False), (443, False)])
def test_behind_this_machines_own_public_address_only_the_web_is_open(
    port: int, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelkit.egress.destinations.is_own", lambda address: str(address) == "93.184.216.34")
    for settings, still in ((EgressSettings(), closed), (EgressSettings(allowed_networks=["93.184.216.34"]), False)):
        destinations = Destinations(EgressGuard(settings), (), (), 1.0)
        assert destinations._is_closed(ip_address("93.184.216.34"), port) is still
        assert destinations._is_closed(ip_address("93.184.216.35"), port) is False
