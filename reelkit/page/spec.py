"""What the process of a recording has to know to open a page, and how it is told without leaving a trace."""

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from reelkit.settings import EgressSettings, PageSettings


class PageRoute(BaseModel):
    """A place of this server that pages may reach although the guard would refuse its address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    """A name, ``*.`` and a domain for all names below it, or a numeric address."""
    first_port: int = Field(ge=1, le=65_535)
    last_port: int = Field(ge=1, le=65_535)
    to_host: str | None = None
    """A numeric address to connect to instead; None for ``host`` itself."""
    to_port: int | None = None
    """The port there; None for the one that was asked for."""
    media: bool = False
    """The SFU's: nothing but WebRTC may be sent there."""


class PageSpec(BaseModel):
    """One page. Its URL holds the recorder's token and what the caller put into it: it is shown nowhere and written
    nowhere but to the worker's input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr
    settings: PageSettings
    egress: EgressSettings
    """Where the operator lets callers have connections made to."""
    routes: tuple[PageRoute, ...] = ()
    """How the page reaches our own meeting: the SDK's hosts and the media of the SFU."""
    closed_ports: tuple[int, ...] = ()
    """Ports of this machine that stay closed even where the operator opens private networks: our own listeners."""
    key_pins: tuple[str, ...] = ()
    """Base64 SHA-256 of public keys that are trusted whoever signed their certificates: the SDK hosts' own."""

    def handover(self) -> bytes:
        """One line for the standard input of the worker."""
        fields = {**self.model_dump(mode="json", exclude={"url"}), "url": self.url.get_secret_value()}
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def received(cls, line: bytes) -> Self | None:
        """What :meth:`handover` gave; None for an empty line. Raises ValueError, which does not repeat it."""
        if not line.strip():
            return None
        try:
            return cls.model_validate_json(line)
        except ValueError:
            raise ValueError("the page that was handed over cannot be read") from None
