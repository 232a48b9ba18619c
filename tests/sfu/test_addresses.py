"""Where Janus' media is said to be."""

import socket

import psutil
import pytest

from reelkit.settings import SfuSettings
from reelkit.sfu.addresses import (
    InterfaceAddress,
    interface_addresses,
    media_addresses,
    media_routes,
    offered,
)

MACHINE = [
    InterfaceAddress("eth0", "192.0.2.10"),
    InterfaceAddress("eth0", "192.0.2.11"),
    InterfaceAddress("eth1", "198.51.100.5"),
    InterfaceAddress("docker0", "172.17.0.1"),
]


def test_the_machines_addresses_are_what_the_kernel_says() -> None:
    up = {name for name, state in psutil.net_if_stats().items() if state.isup and "loopback" not in state.flags}
    expected = {
        InterfaceAddress(name, each.address)
        for name, addresses in psutil.net_if_addrs().items()
        for each in addresses
        if name in up and each.family == socket.AF_INET
    }
    assert set(interface_addresses()) == expected
    assert media_addresses(SfuSettings()) == [each.address for each in interface_addresses()]


@pytest.mark.parametrize(
    ("interfaces", "taken"),
    [
        ([], ["192.0.2.10", "192.0.2.11", "198.51.100.5", "172.17.0.1"]),
        (["eth0"], ["192.0.2.10", "192.0.2.11"]),
        (["eth"], ["192.0.2.10", "192.0.2.11", "198.51.100.5"]),
        (["192.0.2.11", "docker0"], ["192.0.2.11", "172.17.0.1"]),
        (["wlan0"], []),
        ([""], ["192.0.2.10", "192.0.2.11", "198.51.100.5", "172.17.0.1"]),
    ],
)
def test_interfaces_are_chosen_as_janus_does(interfaces: list[str], taken: list[str]) -> None:
    assert [each.address for each in offered(MACHINE, SfuSettings(interfaces=interfaces))] == taken


def test_behind_a_nat_the_public_address_leads_to_the_machine_itself() -> None:
    own = [each.address for each in interface_addresses()]
    settings = SfuSettings(public_address="203.0.113.7, 203.0.113.8")
    assert media_addresses(settings) == ["203.0.113.7", "203.0.113.8", *own]
    routes = media_routes(settings)
    assert [routes[address] for address in own] == own
    assert routes["203.0.113.7"] == routes["203.0.113.8"] == own[0]


def test_without_an_interface_there_is_nowhere_to_go() -> None:
    assert media_routes(SfuSettings(interfaces=["none"], public_address="203.0.113.7")) == {}
