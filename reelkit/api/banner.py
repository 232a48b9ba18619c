"""What an operator reads on the terminal once the server is up."""

from dataclasses import dataclass
from pathlib import Path

import reelkit
from reelkit.control.apps import App

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Banner:
    """Where to reach the server; ``token`` only if it was made at this start."""

    http_url: str
    https_url: str
    sdk_base: str
    app: App
    data: Path
    authority: Path | None
    token: str | None

    def text(self) -> str:
        """Aligned lines."""
        lines = [
            ("API", f"{self.http_url}/client/v4"),
            ("docs", f"{self.http_url}/docs"),
            ("SDK baseURI", self.sdk_base),
            ("account", self.app.account_id),
            ("app", self.app.id),
            ("data", str(self.data)),
        ]
        if self.authority is not None:
            lines.append(("trust", f"{self.authority} (development authority)"))
        if self.token is not None:
            lines.append(("API token", f"{self.token} (shown only now: keep it)"))
        width = max(len(name) for name, _ in lines)
        return "\n".join(
            [f"Reelkit {reelkit.__version__} is ready", *(f"  {name:<{width}}  {value}" for name, value in lines)]
        )


def sdk_base(base_domain: str, tls_port: int) -> str:
    """The SDK's ``baseURI``: the base domain with the TLS port, unless it names a port itself."""
    host, slash, path = base_domain.partition("/")
    if ":" not in host and tls_port != _HTTPS_PORT:
        host = f"{host}:{tls_port}"
    return f"{host}{slash}{path}"
