"""How commands find the server: the options of all of them, declared once.

The address comes from ``--url``, or from ``listening.json`` in the data directory, which a running server keeps there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from reelkit.commands.client import ServerClient
from reelkit.commands.errors import NoServer, WrongUsage

_LISTENING_FILE = "listening.json"
_PANEL = "Server"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConnection:
    """A bundle of options: how to reach an account of a server."""

    data: Annotated[
        Path,
        typer.Option(
            "--data",
            envvar="REELKIT_DATA",
            help="Data directory of the running server.",
            file_okay=False,
            rich_help_panel=_PANEL,
        ),
    ] = Path("reelkit-data")
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            help="Address of the server, if it is not the one of the data directory.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="REELKIT_API_TOKEN",
            show_envvar=True,
            help="API token. Rather set it in the environment: other users can see how a command was called.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    account: Annotated[
        str | None,
        typer.Option("--account", help="Account id; the default account when left out.", rich_help_panel=_PANEL),
    ] = None

    def open(self) -> ServerClient:
        """A client of the server. Raises WrongUsage, NoServer."""
        return self._open(None)

    def _open(self, app_id: str | None) -> ServerClient:
        if not self.token:
            raise WrongUsage("no API token: set REELKIT_API_TOKEN or give --token")
        known: Mapping[str, Any] = {}
        if self.url is None or self.account is None or app_id is None:
            known = _listening(self.data / _LISTENING_FILE, required=self.url is None)
        account_id = self.account or known.get("account_id")
        if account_id is None:
            raise WrongUsage(
                f"give --account and --app: {self.data} holds no {_LISTENING_FILE} that tells the default ones"
            )
        url = (self.url or str(known["http"])).rstrip("/")
        # The default app is one of the default account.
        default_app_id = known.get("app_id") if account_id == known.get("account_id") else None
        return ServerClient(url, self.token, str(account_id), app_id or default_app_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(AccountConnection):
    """A bundle of options: how to reach an app of a server."""

    app: Annotated[
        str | None, typer.Option("--app", help="App id; the default app when left out.", rich_help_panel=_PANEL)
    ] = None

    def open(self) -> ServerClient:
        """A client of the server. Raises WrongUsage, NoServer."""
        return self._open(self.app)


def _listening(path: Path, *, required: bool) -> Mapping[str, Any]:
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError as error:
        if required:
            raise NoServer(
                f"no server is running on {path.parent}: start it with reelkit serve, or name it with --data or --url"
            ) from error
        return {}
    except (OSError, ValueError) as error:
        raise NoServer(f"{path} cannot be read: {error}") from error
    if not isinstance(facts, dict) or "http" not in facts:
        raise NoServer(f"{path} was not written by a server")
    return facts
