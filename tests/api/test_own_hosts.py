"""What the control plane is told of the listeners."""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette

from reelkit.api.listeners import Listener
from reelkit.api.own_hosts import own_hosts
from reelkit.api.tls import TlsFiles, tls_files
from reelkit.clock import SystemClock
from reelkit.settings import Settings


class Listeners:
    """Two on free ports."""

    def __init__(self, data: Path, host: str, **settings: Any) -> None:
        self.settings = Settings(data=data, host=host, **settings)
        self.tls: TlsFiles = tls_files(self.settings, data, SystemClock())
        self.http = Listener(host, 0)
        self.https = Listener(host, 0, tls=self.tls.context())

    async def close(self) -> None:
        await asyncio.gather(self.http.close(), self.https.close())


@pytest.fixture
async def bound(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Listeners]:
    host, base_domain = getattr(request, "param", ("127.0.0.1", "rtk.localhost"))
    listeners = Listeners(tmp_path, host, base_domain=base_domain)
    yield listeners
    await listeners.close()


@pytest.mark.parametrize(
    ("bound", "domain", "ports", "reached_at"),
    [
        (("127.0.0.1", "rtk.localhost"), "rtk.localhost", (), "127.0.0.1"),
        (("0.0.0.0", "rtk.example.com:8443/prefix"), "rtk.example.com", (8443,), "127.0.0.1"),  # noqa: S104
        (("::", "RTK.example.com:443"), "rtk.example.com", (443,), "::1"),
        (("localhost", "rtk.localhost/prefix"), "rtk.localhost", (), None),
        (("127.0.0.1", "127.0.0.1"), None, (), "127.0.0.1"),
    ],
    indirect=["bound"],
)
async def test_the_sdk_hosts_lead_to_the_tls_listener(
    bound: Listeners, domain: str | None, ports: tuple[int, ...], reached_at: str | None
) -> None:
    own = own_hosts(bound.settings, bound.http, bound.https, bound.tls)
    assert own.domain == domain
    assert own.sdk_ports == (*ports, bound.https.port)
    assert own.tls_port == bound.https.port
    assert own.tls_host in ({reached_at} if reached_at else {"127.0.0.1", "::1"})
    assert own.closed_ports == (bound.http.port, bound.https.port)


async def test_the_pin_is_that_of_the_certificate_which_clients_see(bound: Listeners) -> None:
    served = await bound.https.start(Starlette(), max_message_bytes=1_024)
    context = ssl.create_default_context(cafile=bound.tls.authority)
    own = own_hosts(bound.settings, bound.http, bound.https, bound.tls)
    _, writer = await asyncio.open_connection(own.tls_host, own.tls_port, ssl=context, server_hostname="localhost")
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    key = x509.load_der_x509_certificate(shown).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert own.key_pins == (base64.b64encode(hashlib.sha256(info).digest()).decode(),)
    writer.close()
    await writer.wait_closed()
    assert not served.done()


async def test_media_is_where_the_sfu_takes_it(bound: Listeners) -> None:
    own = own_hosts(bound.settings, bound.http, bound.https, bound.tls)
    assert all(route.media and route.first_port == 20_000 for route in own.routes(bound.settings.sfu) if route.media)
    assert set(own.media()) == {route.host for route in own.routes(bound.settings.sfu) if route.media}
