"""One request without a tunnel, and its answer."""

import asyncio
import re
from collections.abc import AsyncIterator

from reelkit.egress.errors import RequestInvalid
from reelkit.egress.proxy_answer import pass_head_on
from reelkit.egress.proxy_request import ProxyRequest
from reelkit.egress.wire import READ_AHEAD_BYTES, Wire

_END_OF_LINE = re.compile(rb"\n")
"""Found also where it is not whole, so that such a body is refused rather than waited for."""
_MAX_LINE_BYTES = 1 << 13
"""Of a chunk's size with its extensions, and of a field after the last chunk."""
_MAX_TRAILER_LINES = 100
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00\r\n]*)?\r\n")
_END_OF_CHUNK = b"\r\n"


async def exchange(browser: Wire, host: Wire, request: ProxyRequest) -> None:
    """Passes the request's body and the answer on, at the same time: a host may answer before it has heard everything.

    Both connections are of no use afterwards. Raises RequestInvalid for a body that is none, FetchFailed for an answer
    that is none.
    """
    host.write(request.head)
    asking = asyncio.create_task(_ask(browser, host, request), name="proxy-body")
    answering = asyncio.create_task(_answer(browser, host), name="proxy-answer")
    try:
        done, _ = await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if asking not in done:
            # The browser closes the connection when it has read the answer.
            await asking
    except RequestInvalid:
        if browser.written:
            # The answer must not look complete when the host's connection is given up.
            browser.abort()
        raise
    finally:
        asking.cancel()
        answering.cancel()
        await asyncio.gather(asking, answering, return_exceptions=True)


async def _ask(browser: Wire, host: Wire, request: ProxyRequest) -> None:
    """Ends with the browser's connection. What comes behind the body is nobody's: the connection ends with the answer.

    A host that does not want to hear more may have closed already, and its answer be on the way.
    """
    async for piece in _body(browser, request.body_bytes):
        host.write(piece)
        await host.drain()
    await browser.discard()


async def _answer(browser: Wire, host: Wire) -> None:
    ends_by_itself = await pass_head_on(host, browser)
    host.flow_to(browser, cut_through=not ends_by_itself)
    await asyncio.wait({host.ended})


async def _body(browser: Wire, length_bytes: int | None) -> AsyncIterator[bytes]:
    """As it comes, up to its end."""
    if length_bytes is not None:
        async for piece in _counted(browser, length_bytes):
            yield piece
        return
    while True:
        line = await _line(browser)
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise RequestInvalid("the body's chunks are malformed")
        yield line
        size_bytes = int(size[1], 16)
        if not size_bytes:
            break
        async for piece in _counted(browser, size_bytes):
            yield piece
        if await _line(browser) != _END_OF_CHUNK:
            raise RequestInvalid("the body's chunks are malformed")
        yield _END_OF_CHUNK
    for _ in range(_MAX_TRAILER_LINES):
        line = await _line(browser)
        yield line
        if line == _END_OF_CHUNK:
            return
    raise RequestInvalid("there is too much behind the body")


async def _counted(browser: Wire, left_bytes: int) -> AsyncIterator[bytes]:
    while left_bytes:
        piece = await browser.some(min(left_bytes, READ_AHEAD_BYTES))
        if not piece:
            raise RequestInvalid("the body breaks off")
        left_bytes -= len(piece)
        yield piece


async def _line(browser: Wire) -> bytes:
    try:
        return await browser.through(_END_OF_LINE, _MAX_LINE_BYTES)
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError):
        raise RequestInvalid("the body's chunks are malformed") from None
