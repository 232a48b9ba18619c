import pytest

from reelkit.egress.proxy_route import ProxyRoute

TO = ("127.0.0.1", 34_567)


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("localhost", "localhost", True),
        ("localhost", "LocalHost", True),
        ("LocalHost", "localhost", True),
        ("localhost", "localhost.", True),
        ("localhost", "localhost..", False),
        ("localhost", "a.localhost", False),
        ("localhost", "xlocalhost", False),
        ("localhost", "localhost.example", False),
        ("localhost", "127.0.0.1", False),
        ("*.rtk.localhost", "api.rtk.localhost", True),
        ("*.rtk.localhost", "a.b.RTK.localhost.", True),
        ("*.rtk.localhost", "rtk.localhost", False),
        ("*.rtk.localhost", "evilrtk.localhost", False),
        ("*.rtk.localhost", "api.rtk.localhost.example", False),
        ("10.77.0.1", "10.77.0.1", True),
        ("10.77.0.1", "10.77.0.1.", True),
        ("10.77.0.1", "10.77.1", False),
        ("10.77.0.1", "172818433", False),
        ("10.77.0.1", "::ffff:10.77.0.1", False),
        ("10.77.0.1", "a.10.77.0.1", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("::1", "localhost", False),
    ],
)
def test_which_hosts_are_routed(pattern: str, host: str, matches: bool) -> None:
    assert ProxyRoute(pattern, range(8080, 8082), TO).target(host, 8081) == (TO if matches else None)


def test_only_its_ports_are_routed() -> None:
    route = ProxyRoute("localhost", range(8080, 8082), TO)
    assert [port for port in range(8078, 8085) if route.target("localhost", port)] == [8080, 8081]


def test_an_address_can_stay_what_it_is() -> None:
    assert ProxyRoute("10.77.0.1", range(1, 9), None).target("10.77.0.1.", 4) == ("10.77.0.1", 4)


def test_an_address_can_be_replaced_and_the_port_stay() -> None:
    route = ProxyRoute("192.0.2.7", range(20_000, 21_000), ("10.77.0.1", None))
    assert route.target("192.0.2.7", 20_123) == ("10.77.0.1", 20_123)


@pytest.mark.parametrize("name", ["localhost", "*.rtk.localhost"])
def test_a_name_cannot(name: str) -> None:
    with pytest.raises(ValueError, match="leads nowhere"):
        ProxyRoute(name, range(1, 9), None)
