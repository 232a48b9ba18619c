"""What a browser asks of a proxy (RFC 9112, 3.2)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import Self

from reelkit.egress.errors import RequestInvalid
from reelkit.egress.url import DEFAULT_PORTS, MAX_PORT

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
"""Found also where line ends are wrong, so that such a head is refused rather than waited for."""
MAX_HEAD_BYTES = 1 << 16

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - of HTTP's grammar
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([\x21-\x7e]+) HTTP/([0-9]\.[0-9])")
_FIELD = re.compile(rf"({_TOKEN}):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)(.*)")
_AUTHORITY = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::([0-9]{1,5}))?")
# Numeric IPv4 addresses are among them, in all spellings that a resolver knows.
_NAME = re.compile(r"(?=.{1,254}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_VERSIONS = frozenset({"1.0", "1.1"})
# Fields that mean this connection (RFC 9110, 7.6.1), and those that are written anew.
_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "te", "upgrade", "http2-settings"})
_WRITTEN_ANEW = frozenset({"host", "content-length", "transfer-encoding"})
_MAX_LENGTH_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """A request for a tunnel or for a page."""

    host: str
    """In lower case, and without an address's brackets."""
    port: int
    tunnel: bool
    head: bytes
    """What the host is told; nothing for a tunnel."""
    body_bytes: int | None
    """None: it comes in chunks."""

    @classmethod
    def parse(cls, head: bytes) -> Self:
        """``head`` is everything before the body. Raises RequestInvalid."""
        lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        request_line = _REQUEST_LINE.fullmatch(lines[0])
        if request_line is None:
            raise RequestInvalid("this is not HTTP")
        method, target, version = request_line.groups()
        if version not in _VERSIONS:
            raise RequestInvalid("only HTTP/1.1 is spoken here", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        fields = [_field(line) for line in lines[1:]]
        if method == "CONNECT":
            host, port = _host_and_port(target, None)
            return cls(host, port, tunnel=True, head=b"", body_bytes=0)
        url = _URL.fullmatch(target)
        if url is None or url[1].lower() != "http" or "#" in target:
            raise RequestInvalid("this is a proxy: it takes CONNECT and http:// URLs")
        host, port = _host_and_port(url[2], DEFAULT_PORTS["http"])
        body_bytes = _body_bytes(fields)
        path = url[3] if url[3].startswith("/") else f"/{url[3]}"
        told = [f"{method} {path} HTTP/{version}", f"Host: {url[2]}"]
        passed_on = without_hops(fields)
        told += [f"{name}: {value}" for name, value in passed_on if name.lower() not in _WRITTEN_ANEW]
        if body_bytes is None:
            told.append("Transfer-Encoding: chunked")
        elif any(name.lower() == "content-length" for name, _ in fields):
            told.append(f"Content-Length: {body_bytes}")
        told += ["Connection: close", "", ""]
        return cls(host, port, tunnel=False, head="\r\n".join(told).encode("latin-1"), body_bytes=body_bytes)


def without_hops(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The header fields that are meant for the other end, and those that tell how long the body is."""
    listed = [(name.strip(), value) for name, value in fields]
    values = [value for name, value in listed if name.lower() == "connection"]
    dropped = _OF_THE_CONNECTION | {option.strip().lower() for value in values for option in value.split(",")}
    dropped -= _WRITTEN_ANEW
    return [
        (name, value) for name, value in listed if name.lower() not in dropped and not name.lower().startswith("proxy-")
    ]


def _field(line: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise RequestInvalid("a header field is malformed")
    return found[1], found[2].rstrip(" \t")


def _body_bytes(fields: Iterable[tuple[str, str]]) -> int | None:
    """The length of the body, None for chunks. What could be read in two ways is refused (RFC 9112, 6.3)."""
    values: Mapping[str, list[str]] = {"content-length": [], "transfer-encoding": []}
    for name, value in fields:
        if name.lower() in values:
            values[name.lower()].append(value)
    lengths, encodings = values["content-length"], values["transfer-encoding"]
    if encodings:
        if lengths or len(encodings) > 1 or encodings[0].lower() != "chunked":
            raise RequestInvalid("it is unclear where the body ends")
        return None
    if not lengths:
        return 0
    digits = lengths[0]
    if len(lengths) > 1 or not re.fullmatch(rf"[0-9]{{1,{_MAX_LENGTH_DIGITS}}}", digits):
        raise RequestInvalid("it is unclear where the body ends")
    return int(digits)


def _host_and_port(authority: str, default_port: int | None) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise RequestInvalid("the host is malformed")
    address, name, digits = found.groups()
    if digits is None and default_port is None:
        raise RequestInvalid("the port is missing")
    port = int(digits) if digits is not None else default_port
    if not port or port > MAX_PORT:
        raise RequestInvalid("the port does not exist")
    if address is not None:
        return _ipv6(address), port
    if not _NAME.fullmatch(name):
        raise RequestInvalid("the host is malformed")
    return name.lower(), port


def _ipv6(text: str) -> str:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise RequestInvalid("the host is malformed") from None
    if address.scope_id is not None:
        raise RequestInvalid("addresses with a zone are not for callers")
    return str(address)
