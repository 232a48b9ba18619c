from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import EgressGuard, system_resolver
from reelkit.errors import Fault
from reelkit.settings import EgressSettings

PUBLIC = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "2606:4700::1111"]
CARRIED_PUBLIC = ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "100::1",
    "5f00::1",
    "2001:db8::1",
    "2001::1",  # Teredo
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "3fff::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:192.168.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "::127.0.0.1",
]
METADATA = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
]
NO_HOST = [
    "0.0.0.0",  # noqa: S104 - refused
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "ff02::1",
    "::ffff:0.0.0.0",
    "::ffff:224.0.0.1",
    "64:ff9b:1::8.8.8.8",
]


def guard(*addresses: str, allow_private: bool = False, allowed: Sequence[str] = ()) -> EgressGuard:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return addresses

    return EgressGuard(EgressSettings(allow_private=allow_private, allowed_networks=list(allowed)), resolve)


@pytest.mark.parametrize("address", PUBLIC + CARRIED_PUBLIC)
async def test_public_addresses_are_permitted(address: str) -> None:
    assert await guard(address).addresses("example.com", 443) == (ip_address(address),)


@pytest.mark.parametrize("address", PRIVATE + METADATA + NO_HOST)
async def test_everything_else_is_refused(address: str) -> None:
    with pytest.raises(EgressRefused) as raised:
        await guard(address).addresses("innocent.example", 80)
    assert raised.value.fault is Fault.CALLER
    assert not raised.value.retry
    assert address not in str(raised.value), "callers do not learn what names mean inside"


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_operator_can_open_private_networks(address: str) -> None:
    assert guard(allow_private=True).permits(ip_address(address))


@pytest.mark.parametrize("address", METADATA + NO_HOST)
async def test_which_opens_neither_metadata_services_nor_what_is_no_host(address: str) -> None:
    assert not guard(allow_private=True).permits(ip_address(address))


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("10.1.0.0/16", "10.1.255.1", "10.2.0.1"),
        ("10.1.0.0/16", "::ffff:10.1.0.1", "::ffff:10.2.0.1"),
        ("127.0.0.1/32", "127.0.0.1", "127.0.0.2"),
        ("fd12::/48", "fd12::9", "fd13::9"),
        ("169.254.169.254", "169.254.169.254", "169.254.169.253"),
    ],
)
async def test_networks_are_opened_one_by_one(network: str, inside: str, outside: str) -> None:
    opened = guard(allowed=[network])
    assert opened.permits(ip_address(inside))
    assert not opened.permits(ip_address(outside))


async def test_one_bad_address_among_good_ones_is_enough() -> None:
    with pytest.raises(EgressRefused):
        await guard("8.8.8.8", "10.0.0.1").addresses("example.com", 80)


async def test_addresses_keep_the_resolvers_order_and_come_once() -> None:
    found = await guard("2606:4700::1111", "8.8.8.8", "2606:4700::1111").addresses("example.com", 80)
    assert [str(address) for address in found] == ["2606:4700::1111", "8.8.8.8"]


@pytest.mark.parametrize("spelling", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"])
async def test_odd_spellings_of_loopback_are_seen_through(spelling: str) -> None:
    with pytest.raises(EgressRefused):
        await EgressGuard(EgressSettings(), system_resolver).addresses(spelling, 80)


async def test_a_scope_does_not_hide_an_address() -> None:
    with pytest.raises(EgressRefused):
        await guard("fe80::1%lo").addresses("example.com", 80)


async def test_a_name_without_addresses_is_the_hosts_failure() -> None:
    async def unknown(_: str, __: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(FetchFailed) as raised:
        await EgressGuard(EgressSettings(), unknown).addresses("nowhere.example", 80)
    assert raised.value.fault is Fault.DESTINATION
    with pytest.raises(FetchFailed, match="no address"):
        await guard().addresses("nowhere.example", 80)


async def test_every_refusal_is_logged_unless_there_may_be_any_number() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return ["10.0.0.1"]

    async def refused(guarding: EgressGuard) -> list[str]:
        with capture_logs() as logs:
            for host in ("a.example", "a.example", "b.example", "c.example", "a.example"):
                with pytest.raises(EgressRefused):
                    await guarding.addresses(host, 80)
        return [entry["host"] for entry in logs]

    everything = ["a.example", "a.example", "b.example", "c.example", "a.example"]
    assert await refused(EgressGuard(EgressSettings(), resolve)) == everything
    assert await refused(EgressGuard(EgressSettings(), resolve, max_logged=2)) == ["a.example", "b.example"]


def test_a_bad_network_in_the_settings_is_named() -> None:
    with pytest.raises(ValidationError, match="allowed_networks"):
        EgressSettings(allowed_networks=["10.0.0.0/33"])
