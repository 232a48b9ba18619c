"""``reelkit tokens``: API tokens of an account."""

from typing import Annotated

import typer

from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import AccountConnection
from reelkit.commands.formats import local_time
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.moments import moment
from reelkit.commands.output import Column, JsonOption, print_json, remark

app = typer.Typer(name="tokens", help="API tokens of an account. An extension of Reelkit.", no_args_is_help=True)

_PATH = "/reelkit/tokens"
_COLUMNS = (
    Column("id", "id"),
    Column("last used", "last_used_at", local_time),
    Column("expires", "expires_at", local_time, spare=True),
    Column("revoked", "revoked_at", local_time, spare=True),
    Column("app", "app_id", spare=True),
    Column("email", "email", folds=True, spare=True),
    Column("name", "name", folds=True),
)


@command(app)
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    connection: AccountConnection,
    app_id: Annotated[
        str | None, typer.Option("--app", help="Opens only this app; the whole account when left out.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="Lets clients that send X-Auth-Email and X-Auth-Key use it as the key.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="30d, or 2027-01-31; never when left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Makes an API token and prints it. It is told once, and kept only as a hash."""
    fields = {"app_id": app_id, "email": email, "expires_on": moment("--expires", expires, ahead=True)}
    body = {"name": name, **{field: value for field, value in fields.items() if value is not None}}
    with connection.open() as server:
        made = server.account.post(_PATH, body)
    if as_json:
        print_json(made)
        return
    remark(f"token {made['id']}; it is not shown again:")
    typer.echo(made["token"])


@command(app, "list")
def list_tokens(connection: AccountConnection, options: ListOptions) -> None:
    """Lists API tokens, never what they are."""
    with connection.open() as server:
        print_list(server.account, _PATH, _COLUMNS, options)


@command(app)
def revoke(
    token_id: Annotated[str, typer.Argument(help="The token's id.", metavar="TOKEN")],
    connection: AccountConnection,
    as_json: JsonOption = False,
) -> None:
    """Makes a token void at once."""
    with connection.open() as server:
        revoked = server.account.delete(f"{_PATH}/{segment(token_id)}")
    if as_json:
        print_json(revoked)
    else:
        remark(f"revoked {token_id}")
