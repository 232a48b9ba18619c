"""What ``url`` asks for: a page whose picture and sound are recorded instead of a film of our own making."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus

from pydantic import SecretStr

from reelkit.control.errors import Invalid
from reelkit.control.own_hosts import OwnHosts
from reelkit.control.recording_params import RecordingParams
from reelkit.egress.errors import EgressRefused
from reelkit.egress.url import parsed_url, port_of
from reelkit.page.spec import PageSpec
from reelkit.settings import Settings

PAGE_FIELD = "url"
_TOKEN = "authToken"  # noqa: S105 - its name
_CONFIG = "config"


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The page of one recording."""

    url: SecretStr
    """As the caller wrote it: what stands in its query may be secret."""
    shown_url: str
    """What of it may be stored and shown: no query, no fragment."""
    host: str
    port: int
    """Where a browser connects to first."""
    config: Mapping[str, Any]
    """What the page is told of its recording, in the API's words."""

    def spec(self, token: str, settings: Settings, own: OwnHosts) -> PageSpec:
        """What the recording's worker is told; ``token`` opens the meeting. Raises OSError."""
        return PageSpec(
            url=SecretStr(opened_url(self.url.get_secret_value(), token, self.config)),
            settings=settings.page,
            egress=settings.egress,
            routes=tuple(own.routes(settings.sfu)),
            closed_ports=own.closed_ports,
            key_pins=own.key_pins,
        )


def plan_page(params: RecordingParams, config: Mapping[str, Any]) -> PagePlan | None:
    """The page that is asked for; None for none. ``config`` is all of the configuration that is no secret.

    Raises Invalid for a URL that no browser is sent to, and for what there cannot be of a page.
    """
    if params.url is None:
        return None
    extensions = params.reelkit
    if extensions is not None and extensions.layout is not None:
        raise _not_of_a_page("reelkit.layout", "a page is recorded as it is, and arranges everybody itself")
    if extensions is not None and extensions.keep_capture:
        raise _not_of_a_page("reelkit.keep_capture", "nothing is captured that another film could be made from")
    try:
        url = parsed_url(params.url)
    except EgressRefused as error:
        raise Invalid(f"{PAGE_FIELD}: {error.message}", field=PAGE_FIELD) from None
    path = url.raw_path.partition(b"?")[0]
    return PagePlan(
        url=SecretStr(params.url),
        shown_url=f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}",
        host=url.raw_host.decode("ascii"),
        port=port_of(url),
        config={name: value for name, value in config.items() if name != PAGE_FIELD},
    )


def opened_url(url: str, token: str, config: Mapping[str, Any]) -> str:
    """``url`` with the recorder's token and the configuration in its query, which all else of it stays as it is.

    They stand before the fragment, also where that has a query of its own, as routers of single-page applications make
    them: a page looks for them in its ``location.search``.
    """
    before, mark, fragment = url.partition("#")
    address, _, query = before.partition("?")
    kept = [each for each in query.split("&") if query and _name(each) not in {_TOKEN, _CONFIG}]
    text = json.dumps(config, separators=(",", ":"), ensure_ascii=False)
    added = [f"{name}={quote(value, safe='')}" for name, value in ((_TOKEN, token), (_CONFIG, text))]
    return f"{address}?{'&'.join((*kept, *added))}{mark}{fragment}"


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])


def _not_of_a_page(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}, so it cannot be given together with {PAGE_FIELD}", field=field)
