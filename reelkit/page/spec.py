"""What the process of a recording has to know to open a page, and how it is told without leaving a trace."""

from pydantic import BaseModel, ConfigDict, Field

from reelkit.handover import Handover
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


class PageSpec(Handover):
    """One page. Its URL holds the recorder's token and what the caller put into it."""

    settings: PageSettings
    egress: EgressSettings
    """Where the operator lets callers have connections made to."""
    routes: tuple[PageRoute, ...] = ()
    """How the page reaches our own meeting: the SDK's hosts and the media of the SFU."""
    closed_ports: tuple[int, ...] = ()
    """Ports of this machine that stay closed even where the operator opens private networks: our own listeners."""
    key_pins: tuple[str, ...] = ()
    """Base64 SHA-256 of public keys that are trusted whoever signed their certificates: the SDK hosts' own."""
