from http import HTTPStatus

import pytest

from reelkit.egress.errors import RequestInvalid
from reelkit.egress.proxy_request import ProxyRequest


def parsed(request_line: str, *fields: str) -> ProxyRequest:
    return ProxyRequest.parse("\r\n".join((request_line, *fields, "", "")).encode("latin-1"))


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("images.example:443", "images.example", 443),
        ("IMAGES.Example.:65535", "images.example.", 65_535),
        ("a_b-c.xn--bcher-kva.example:1", "a_b-c.xn--bcher-kva.example", 1),
        ("127.1:80", "127.1", 80),
        ("0x7f000001:80", "0x7f000001", 80),
        ("[2606:4700::1111]:443", "2606:4700::1111", 443),
        ("[::FFFF:127.0.0.1]:80", "::ffff:7f00:1", 80),
    ],
)
def test_tunnels(target: str, host: str, port: int) -> None:
    request = parsed(f"CONNECT {target} HTTP/1.1", "Host: something.else", "Content-Length: 5")
    assert (request.host, request.port, request.tunnel) == (host, port, True)
    assert (request.head, request.body_bytes) == (b"", 0)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("http://images.example/a%20b?c=d", "images.example", 80, "/a%20b?c=d", "images.example"),
        ("HTTP://Images.Example:8080/", "images.example", 8080, "/", "Images.Example:8080"),
        ("http://images.example", "images.example", 80, "/", "images.example"),
        ("http://images.example?c=@d", "images.example", 80, "/?c=@d", "images.example"),
        ("http://images.example./http://b/", "images.example.", 80, "/http://b/", "images.example."),
        ("http://2130706433/", "2130706433", 80, "/", "2130706433"),
        ("http://[::1]:81/", "::1", 81, "/", "[::1]:81"),
    ],
)
def test_pages(url: str, host: str, port: int, path: str, authority: str) -> None:
    request = parsed(f"GET {url} HTTP/1.1", "host: something.else", "HOST: again")
    assert (request.host, request.port, request.tunnel, request.body_bytes) == (host, port, False, 0)
    assert request.head == f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode()


def test_what_is_meant_for_the_proxy_goes_no_further() -> None:
    request = parsed(
        "GET http://images.example/ HTTP/1.1",
        "Accept: */*",
        "Proxy-Connection: keep-alive",
        "proxy-authorization: Basic c2VjcmV0",
        "Connection: Keep-Alive, X-Mine,content-length",
        "connection: x-also",
        "Keep-Alive: 300",
        "X-Mine: 1",
        "X-Also: 1",
        "TE: trailers",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
        "Cookie: a=b",
        "Content-Length: 0",
        "X-Umlaut: \xe4",
    )
    assert request.head.decode("latin-1").split("\r\n") == [
        "GET / HTTP/1.1",
        "Host: images.example",
        "Accept: */*",
        "Cookie: a=b",
        "X-Umlaut: \xe4",
        "Content-Length: 0",
        "Connection: close",
        "",
        "",
    ]


def test_how_long_the_body_is() -> None:
    counted = parsed("POST http://a.example/ HTTP/1.1", "Content-Length: 12 ", "Connection: content-length")
    assert counted.body_bytes == 12
    assert b"\r\nContent-Length: 12\r\n" in counted.head
    chunked = parsed("POST http://a.example/ HTTP/1.1", "Transfer-Encoding: Chunked", "Trailer: Expires")
    assert chunked.body_bytes is None
    assert b"\r\nTransfer-Encoding: chunked\r\n" in chunked.head
    assert b"\r\nTrailer: Expires\r\n" in chunked.head


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 1", "Content-Length: 1"],
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Content-Length: +1"],
        ["Content-Length: -1"],
        ["Content-Length: 0x10"],
        ["Content-Length: 1, 1"],
        ["Content-Length:"],
        ["Content-Length: \xb2"],
        ["Content-Length: " + "9" * 30],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: \x0bchunked"],
        ["Content-Length : 1"],
        [" Content-Length: 1"],
        ["X: a", "\tb"],
        ["X: a\nContent-Length: 1"],
        ["X: a\rContent-Length: 1"],
        ["X: \x00"],
        ["X"],
        [": x"],
        ["", "X: a"],
    ],
)
def test_fields_that_could_be_read_in_two_ways(fields: list[str]) -> None:
    with pytest.raises(RequestInvalid) as raised:
        parsed("POST http://a.example/ HTTP/1.1", *fields)
    assert raised.value.status is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "request_line",
    [
        "",
        "GET",
        "GET / HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET images.example/ HTTP/1.1",
        "GET https://images.example/ HTTP/1.1",
        "GET ftp://images.example/ HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET ws://images.example/ HTTP/1.1",
        "GET http:/images.example/ HTTP/1.1",
        "GET http:images.example HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://a:b@images.example/ HTTP/1.1",
        "GET http://images.example@internal.example/ HTTP/1.1",
        "GET http://@images.example/ HTTP/1.1",
        "GET http://images.example\\@internal.example/ HTTP/1.1",
        "GET http://images.example:0/ HTTP/1.1",
        "GET http://images.example:/ HTTP/1.1",
        "GET http://images.example:65536/ HTTP/1.1",
        "GET http://images.example:80:80/ HTTP/1.1",
        "GET http://images.example/#a HTTP/1.1",
        "GET http://images.example#a HTTP/1.1",
        "GET http://images..example/ HTTP/1.1",
        "GET http://.images.example/ HTTP/1.1",
        "GET http://images.example../ HTTP/1.1",
        "GET http://images%2eexample/ HTTP/1.1",
        "GET http://b\xfccher.example/ HTTP/1.1",
        "GET http://images.example/\xfc HTTP/1.1",
        "GET http://::1/ HTTP/1.1",
        "GET http://[::1/ HTTP/1.1",
        "GET http://[]/ HTTP/1.1",
        "GET http://[::1]x/ HTTP/1.1",
        "GET http://[127.0.0.1]/ HTTP/1.1",
        "GET http://[images.example]/ HTTP/1.1",
        "GET http://[fe80::1%25lo]/ HTTP/1.1",
        "GET http://[fe80::1%lo]/ HTTP/1.1",
        "GET  http://images.example/ HTTP/1.1",
        "GET http://images.example/ b HTTP/1.1",
        "GET http://images.example/",
        "GET http://images.example/ http/1.1",
        "G(T http://images.example/ HTTP/1.1",
        "CONNECT images.example HTTP/1.1",
        "CONNECT images.example: HTTP/1.1",
        "CONNECT images.example:0 HTTP/1.1",
        "CONNECT images.example:-1 HTTP/1.1",
        "CONNECT images.example:65536 HTTP/1.1",
        "CONNECT images.example:https HTTP/1.1",
        "CONNECT images.example:\xb2 HTTP/1.1",
        "CONNECT a:b@images.example:443 HTTP/1.1",
        "CONNECT images.example:443/ HTTP/1.1",
        "CONNECT http://images.example:443 HTTP/1.1",
        "CONNECT :443 HTTP/1.1",
        "CONNECT .:443 HTTP/1.1",
        "CONNECT ::1:443 HTTP/1.1",
        "CONNECT [fe80::1%eth0]:443 HTTP/1.1",
        f"CONNECT {'a.' * 130}example:443 HTTP/1.1",
    ],
)
def test_what_is_no_request_for_a_proxy(request_line: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        parsed(request_line, "Host: images.example")
    assert raised.value.status is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0"])
def test_other_versions(version: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        parsed(f"GET http://images.example/ HTTP/{version}")
    assert raised.value.status is HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


@pytest.mark.parametrize("end", [b"\n\n", b"\n\r\n"])
def test_line_ends_are_whole(end: bytes) -> None:
    with pytest.raises(RequestInvalid):
        ProxyRequest.parse(b"GET http://images.example/ HTTP/1.1\r\nX: y" + end)
