"""Connections for other protocols than HTTP, to addresses that the guard has just permitted."""

import asyncio
import ssl
from functools import cache

import httpx

from reelkit.egress.errors import FetchFailed
from reelkit.egress.guard import EgressGuard


async def connect(
    guard: EgressGuard, host: str, port: int, *, tls: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connects to ``host``, a name or a numeric address; with ``tls`` its certificate must be for that name.

    Certificates are checked against the authorities of reelkit.egress.fetch. The caller sets the time limit. Raises
    EgressRefused, FetchFailed.
    """
    failure: OSError | None = None
    for address in await guard.addresses(host, port):
        try:
            return await asyncio.open_connection(
                str(address), port, ssl=_authorities() if tls else None, server_hostname=host if tls else None
            )
        except ssl.SSLError as error:
            reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
            raise FetchFailed(f"the server's TLS cannot be trusted: {reason}", host=host) from error
        except OSError as error:
            failure = error
    reason = failure.strerror if failure is not None and failure.strerror else "no connection"
    raise FetchFailed(f"the server cannot be reached: {reason}", host=host) from failure


@cache
def _authorities() -> ssl.SSLContext:
    # Reading them takes tens of milliseconds.
    return httpx.create_ssl_context()
