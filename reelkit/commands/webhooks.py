"""``reelkit webhooks``: webhooks of an app, and what was sent to them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from reelkit.commands.client import DEFAULT_DATA as DATA
from reelkit.commands.client import AccountOption, AppOption, DataOption, TokenOption, UrlOption, connected, segment

app = typer.Typer(
    name="webhooks", help="Webhooks of an app, and what was sent to them by a running server.", no_args_is_help=True
)

WebhookArgument = Annotated[str, typer.Argument(help="The webhook's id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead of a table.")]
_WIDTH = 200


@app.command("list")
def list_webhooks(
    as_json: JsonOption = False,
    data: DataOption = DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Lists the app's webhooks, oldest first."""
    with connected(data, url, token, account, app_id) as client:
        found = client.get("/webhooks")
    rows = [(row["id"], row["name"], row["url"], _yes(row["enabled"]), "\n".join(row["events"])) for row in found]
    _show(found, ("id", "name", "url", "enabled", "events"), rows, as_json=as_json)


@app.command()
def create(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="http or https URL that events are sent to.")],
    event: Annotated[list[str], typer.Option("--event", help="An event's name; once for each.")],
    name: Annotated[str, typer.Option(help="A name for people.")] = "webhook",
    disabled: Annotated[bool, typer.Option("--disabled", help="Send nothing until it is enabled.")] = False,
    data: DataOption = DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Makes a webhook and prints its id: it is told what happens from now on."""
    body = {"name": name, "url": target, "events": event, "enabled": not disabled}
    with connected(data, url, token, account, app_id) as client:
        typer.echo(client.post("/webhooks", body)["id"])


@app.command()
def delete(
    webhook_id: WebhookArgument,
    data: DataOption = DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Deletes a webhook, what is queued for it and its log."""
    with connected(data, url, token, account, app_id) as client:
        deleted = client.delete(f"/webhooks/{segment(webhook_id)}")
    typer.echo(f"deleted {deleted['name']} ({deleted['id']})")


@app.command()
def deliveries(
    webhook_id: WebhookArgument,
    delivery_id: Annotated[
        str | None, typer.Argument(help="A delivery's id: show its payload and every attempt.")
    ] = None,
    state: Annotated[str | None, typer.Option(help="PENDING, DELIVERED or FAILED.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of the newest.")] = 20,
    as_json: JsonOption = False,
    data: DataOption = DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Shows what was sent to a webhook and what is to be sent, newest first."""
    path = f"/webhooks/{segment(webhook_id)}/deliveries"
    with connected(data, url, token, account, app_id) as client:
        if delivery_id is not None:
            _show_one(client.get(f"{path}/{segment(delivery_id)}"), as_json=as_json)
            return
        found = client.get(path, per_page=limit, state=state)
    columns = ("id", "created", "event", "subject", "state", "attempts", "next attempt")
    rows = [
        (
            row["id"],
            row["created_at"],
            row["event"],
            row["subject"],
            row["state"],
            str(row["attempts"]),
            row.get("next_attempt_at", ""),
        )
        for row in found
    ]
    _show(found, columns, rows, as_json=as_json)


@app.command()
def replay(
    webhook_id: WebhookArgument,
    delivery_id: Annotated[str, typer.Argument(help="The delivery's id.")],
    data: DataOption = DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Sends an event once more, at once and under the same rtk-uuid."""
    path = f"/webhooks/{segment(webhook_id)}/deliveries/{segment(delivery_id)}/replay"
    with connected(data, url, token, account, app_id) as client:
        queued = client.post(path)
    typer.echo(f"queued {queued['event']} of {queued['subject']} again")


def _show(
    found: list[dict[str, Any]], columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, as_json: bool
) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _show_one(delivery: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(delivery, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{delivery['event']} of {delivery['subject']}: {delivery['state']}")
    typer.echo(json.dumps(delivery["payload"], indent=2, ensure_ascii=False))
    rows = [
        (
            str(attempt["number"]),
            attempt["started_at"],
            f"{attempt['latency_ms']} ms",
            str(attempt.get("status", "-")),
            attempt.get("error") or attempt.get("response", ""),
        )
        for attempt in delivery["log"]
    ]
    _show([], ("attempt", "started", "took", "status", "answer"), rows, as_json=False)


def _console() -> Console:
    # What comes from receivers is no markup, and a pipe must not fold ids.
    console = Console(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=_WIDTH)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
