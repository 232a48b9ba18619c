"""Where a stream goes: ``rtmp://host[:port]/app/key``.

The last part of the path, with the query behind it, is the stream's name, which services call its key; what lies
before it is the application. Whoever knows the key can stream in its owner's name, so that it is shown nowhere.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from reelkit.publish.rtmp.errors import BadRtmpUrl

_DEFAULT_PORTS = {"rtmp": 1935, "rtmps": 443}
_MAX_PORT = 65_535
_HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class RtmpUrl:
    """A URL in parts."""

    tls: bool
    host: str
    """A name, or an address without brackets."""
    port: int
    app: str
    key: str
    """The stream's name. Secret."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises BadRtmpUrl."""
        if not url.isprintable() or " " in url:
            raise BadRtmpUrl("the URL holds blanks or control characters")
        try:
            parts = urlsplit(url, allow_fragments=False)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise BadRtmpUrl("this is not a URL") from None
        scheme = parts.scheme.lower()
        if scheme not in _DEFAULT_PORTS:
            raise BadRtmpUrl("must be a URL with scheme rtmp or rtmps")
        if parts.username is not None or parts.password is not None:
            raise BadRtmpUrl("a URL with a user name or a password cannot be streamed to")
        if not host:
            raise BadRtmpUrl("the URL names no host")
        if port is not None and not 0 < port <= _MAX_PORT:
            raise BadRtmpUrl("the URL's port does not exist")
        query = f"?{parts.query}" if parts.query else ""
        app, _, key = (parts.path.lstrip("/") + query).rpartition("/")
        if "?" in app:
            # A query may hold slashes: then it begins before the last of them.
            app, _, key = parts.path.lstrip("/").rpartition("/")
            key += query
        if not app.strip("/") or not key or key.startswith("?"):
            raise BadRtmpUrl("the URL must name an application and a stream key: rtmp://host/app/key")
        return cls(scheme == "rtmps", host, port or _DEFAULT_PORTS[scheme], app, key)

    @property
    def tc_url(self) -> str:
        """The URL of the application, which the connect command tells the server."""
        return f"{self._server}/{self.app}"

    @property
    def target(self) -> str:
        """What may be shown: the server and the first part of the application's name."""
        return f"{self._server}/{self.app.split('/')[0]}/{_HIDDEN}"

    @property
    def _server(self) -> str:
        scheme = "rtmps" if self.tls else "rtmp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[scheme] else f":{self.port}"
        return f"{scheme}://{host}{port}"

    def __repr__(self) -> str:
        """Without the key, wherever it may be printed."""
        return f"RtmpUrl({self.target})"
