"""A page whose WebRTC may use nothing but TCP through a proxy, as that of a recording does."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reelkit.egress.guard import EgressGuard
from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.settings import Settings
from reelkit.sfu.addresses import media_addresses, media_routes
from tests.rooms.browser import Clients
from tests.rooms.sdk_server import SdkServer

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(120)]

RECORDER = {"name": "recorder", "permissions": {"hidden_participant": True, "is_recorder": True}}
# What came in on all PeerConnections, and the far ends of the pairs of candidates that ICE chose.
RECEIVED = """async () => {
  const received = { frames: 0, audioPackets: 0, lost: 0, paths: [] };
  for (const connection of connections) {
    const reports = await connection.getStats();
    for (const report of reports.values()) {
      if (report.type === "inbound-rtp") {
        received.frames += report.framesDecoded ?? 0;
        received.lost += report.packetsLost;
        if (report.kind === "audio") received.audioPackets += report.packetsReceived;
      }
      if (report.type === "candidate-pair" && report.nominated) {
        const { protocol, address, port } = reports.get(report.remoteCandidateId);
        received.paths.push({ protocol, address, port });
      }
    }
  }
  return received;
}"""
ENOUGH_FRAMES = 60
ENOUGH_AUDIO_PACKETS = 100


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


@pytest.fixture
async def server(tmp_path: Path, settings: Settings) -> AsyncIterator[SdkServer]:
    async with SdkServer(tmp_path, settings) as running:
        yield running


@pytest.fixture
async def proxy(server: SdkServer, settings: Settings) -> AsyncIterator[EgressProxy]:
    """Lets the browser reach the server and its media, which both have private addresses."""
    https = urlsplit(server.page_url).port
    assert https is not None
    media_ports = range(settings.sfu.rtp_port_min, settings.sfu.rtp_port_max + 1)
    routes = [
        ProxyRoute("*.rtk.localhost", range(https, https + 1), ("127.0.0.1", https)),
        *(ProxyRoute(told, media_ports, (own, None), media=True) for told, own in media_routes(settings.sfu).items()),
    ]
    async with EgressProxy(EgressGuard(settings.egress), routes) as running:
        yield running


async def test_a_recorder_sees_and_hears_over_tcp(server: SdkServer, proxy: EgressProxy, settings: Settings) -> None:
    tcp_only = (
        f"--proxy-server=http://127.0.0.1:{proxy.port}",
        "--proxy-bypass-list=<-loopback>",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    )
    async with Clients(server) as people, Clients(server, *tcp_only) as recorders:
        alice = await people.start("alice", audio=True, video=True)
        recorder = await recorders.start("recorder", preset=RECORDER)
        received: Mapping[str, Any] = {}

        async def enough() -> bool:
            nonlocal received
            received = await recorder.run(RECEIVED)
            return bool(received["frames"] > ENOUGH_FRAMES and received["audioPackets"] > ENOUGH_AUDIO_PACKETS)

        await recorder.until(enough, lambda: f"the recorder received {received}")
        assert received["lost"] == 0
        assert len(received["paths"]) == 2
        for path in received["paths"]:
            assert path["protocol"] == "tcp"
            assert path["address"] in media_addresses(settings.sfu)
            assert settings.sfu.rtp_port_min <= path["port"] <= settings.sfu.rtp_port_max
        # Whoever is no recorder goes on with UDP.
        paths = (await alice.run(RECEIVED))["paths"]
        assert {path["protocol"] for path in paths} == {"udp"}
        assert recorder.errors == alice.errors == []
