"""A real browser that knows no other way out."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psutil
import pytest
from websockets.asyncio.server import ServerConnection, serve

from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_counters import Refusal
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.process import ChildProcess, wait_until
from testbed.chromium import BINARY, FLAGS
from tests.egress.hosts import host_on
from tests.egress.proxies import CLOSED, OPEN, proxy, tcp_host
from tests.patience import PATIENCE_S
from tests.processes import arguments

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

PAGE = """<!doctype html><script type="module">
const said = {};
const attempt = async (name, act) => {
    try { said[name] = await act(); } catch (error) { said[name] = `failed: ${error.name}`; }
};
const text = async (url, options) => (await fetch(url, options)).text();
const socket = url => new Promise((resolve, reject) => {
    const opened = new WebSocket(url);
    opened.onopen = () => opened.send("hello");
    opened.onmessage = event => { resolve(event.data); opened.close(); };
    opened.onerror = () => reject(new Error("socket"));
});
const relay = async url => {
    const connection = new RTCPeerConnection({iceServers: [{urls: url, username: "a", credential: "b"}]});
    const refused = new Promise((_, reject) => {
        connection.onicecandidateerror = event => reject(new Error(event.errorText));
    });
    connection.createDataChannel("x");
    await connection.setLocalDescription();
    return await refused;
};
await attempt("own", () => text("/data?token=a", {headers: {"X-Mine": "x"}}));
await attempt("elsewhere", () => text("http://images.example:PORT/data"));
await attempt("localhost", () => text("http://localhost:INSIDE/data"));
await attempt("loopback", () => text("http://127.0.0.1:INSIDE/data"));
await attempt("inside", () => text("http://127.0.0.2:INSIDE/data"));
await attempt("name", () => text("http://internal.example:INSIDE/data"));
await attempt("decimal", () => text("http://2130706434:INSIDE/data"));
await attempt("redirected", () => text("/inside"));
await attempt("socket", () => socket("ws://localhost:8080/ws"));
await attempt("socketInside", () => socket("ws://internal.example:INSIDE/ws"));
await attempt("media", () => text("http://127.0.0.2:MEDIA/"));
await attempt("mediaByTls", () => text("https://127.0.0.2:MEDIA/"));
await attempt("mediaSocket", () => socket("ws://127.0.0.2:MEDIA/"));
await attempt("mediaSocketByTls", () => socket("wss://127.0.0.2:MEDIA/"));
await attempt("mediaRelay", () => relay("turn:127.0.0.2:MEDIA?transport=tcp"));
await fetch("/said?" + encodeURIComponent(JSON.stringify(said)));
</script>"""


@asynccontextmanager
async def browser(opened: EgressProxy, profile: Path, url: str) -> AsyncIterator[ChildProcess]:
    flags = [
        *FLAGS,
        f"--user-data-dir={profile}",
        f"--proxy-server=http://127.0.0.1:{opened.port}",
        "--proxy-bypass-list=<-loopback>",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]
    environment = {**os.environ, "HOME": str(profile), "XDG_CONFIG_HOME": str(profile)}

    async def gone() -> bool:
        return not any(str(profile) in part for process in psutil.process_iter() for part in arguments(process))

    async with ChildProcess([BINARY, *flags, url], name="chromium", env=environment) as child:
        yield child
    await wait_until(gone, timeout_s=PATIENCE_S)


async def test_a_page_reaches_the_internet_and_its_routes_and_nothing_else(tmp_path: Path) -> None:
    refusals: list[Refusal] = []
    said: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    heard = b""

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.read(1)

    async with (
        host_on(OPEN) as host,
        host_on(CLOSED) as inside,
        tcp_host(listen, CLOSED) as media,
        serve(echo, OPEN, 0) as sockets,
    ):
        socket_port = next(iter(sockets.sockets)).getsockname()[1]
        page = PAGE.replace("PORT", str(host.port)).replace("INSIDE", str(inside.port)).replace("MEDIA", str(media))
        inside.answer("200 OK", b"inside", Access_Control_Allow_Origin="*")

        async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
            path, _, query = request.split(b" ")[1].decode().partition("?")
            status, content = "200 OK", b""
            match path:
                case "/":
                    content = page.encode()
                case "/data":
                    content = b"outside"
                case "/inside":
                    status = f"302 Found\r\nLocation: http://internal.example:{inside.port}/data"
                case "/said":
                    said.set_result(json.loads(unquote(query)))
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\n"
            writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
            await writer.drain()

        host.answer_with(respond)
        routes = [
            ProxyRoute("localhost", range(8080, 8081), (OPEN, socket_port)),
            ProxyRoute(CLOSED, range(media, media + 1), None, media=True),
        ]
        async with (
            proxy(routes, closed_ports={inside.port}, on_refused=refusals.append) as opened,
            browser(opened, tmp_path, f"http://images.example:{host.port}/"),
        ):
            found = await said
        assert inside.requests == []

    assert {name: what for name, what in found.items() if not str(what).startswith("failed")} == {
        "own": "outside",
        "elsewhere": "outside",
        "socket": "hello",
    }
    assert {refusal.host for refusal in refusals} == {"localhost", OPEN, CLOSED, "internal.example"}
    assert {refusal.port for refusal in refusals} == {inside.port, media}
    assert heard == b""
