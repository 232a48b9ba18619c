"""What a browser is answered: by the proxy itself, and by hosts."""

import asyncio
import re
from http import HTTPStatus

from reelkit.egress.errors import FetchFailed
from reelkit.egress.proxy_request import END_OF_HEAD, without_hops
from reelkit.egress.wire import READ_AHEAD_BYTES, Wire

_MAX_HEAD_BYTES = READ_AHEAD_BYTES
"""As browsers have it."""
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\x00\r\n]*)?")
_LENGTHS = frozenset({"content-length", "transfer-encoding"})
_LINE_END = re.compile(r"\r?\n(?![ \t])")
"""A line that begins with a blank continues the one before, as servers of old have it."""


def own_answer(status: HTTPStatus, text: str) -> bytes:
    """An answer of the proxy itself, after which it closes the connection."""
    body = f"{text}\n".encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


async def pass_head_on(host: Wire, browser: Wire) -> bool:
    """Sends on everything before the body of the host's answer; whether it says where the body ends.

    Raises FetchFailed if it is no answer to a browser.
    """
    while True:
        try:
            head = await host.through(END_OF_HEAD, _MAX_HEAD_BYTES)
        except asyncio.IncompleteReadError:
            raise FetchFailed("the host closed the connection without an answer") from None
        except asyncio.LimitOverrunError:
            raise FetchFailed("the host's answer has no end of its header") from None
        status_line, *lines = _LINE_END.split(END_OF_HEAD.sub(b"", head).decode("latin-1"))
        found = _STATUS_LINE.fullmatch(status_line)
        if found is None:
            raise FetchFailed("the host's answer is not HTTP")
        status = int(found[1])
        if status in {HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
            # Nobody asked for the first, and a host that speaks as if it were the proxy could ask for its password.
            raise FetchFailed(f"the host answered {status}, which is not its to say")
        interim = status < HTTPStatus.OK
        fields = without_hops((name, value) for name, _, value in (line.partition(":") for line in lines))
        told = [status_line, *(f"{name}:{value}" for name, value in fields)]
        if not interim:
            told.append("Connection: close")
        browser.write("\r\n".join((*told, "", "")).encode("latin-1"))
        await browser.drain()
        if not interim:
            return any(name.lower() in _LENGTHS for name, _ in fields)
