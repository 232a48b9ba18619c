"""``reelkit webhooks``: webhooks of an app, and what was sent to them."""

from typing import Annotated, Any

import typer

from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.errors import WrongUsage
from reelkit.commands.formats import lines, local_time, text
from reelkit.commands.output import Column, JsonOption, print_json, print_table, remark

app = typer.Typer(
    name="webhooks", help="Webhooks of an app, and what was sent to them by a running server.", no_args_is_help=True
)

WebhookArgument = Annotated[str, typer.Argument(help="The webhook's id.")]

_COLUMNS = (
    Column("id", "id"),
    Column("enabled", "enabled", spare=True),
    Column("name", "name", folds=True, spare=True),
    Column("url", "url", folds=True),
    Column("events", "events", lines, folds=True),
)
_DELIVERIES = (
    Column("id", "id"),
    Column("created", "created_at", local_time),
    Column("state", "state"),
    Column("attempts", "attempts", right=True, spare=True),
    Column("next attempt", "next_attempt_at", local_time, spare=True),
    Column("event", "event", folds=True),
    Column("subject", "subject", folds=True, spare=True),
)
_ATTEMPTS = (
    Column("attempt", "number", right=True),
    Column("started", "started_at", local_time),
    Column("took", "latency_ms", lambda value: f"{text(value)} ms", right=True),
    Column("status", "status"),
    Column("answer", "answer", folds=True),
)


@command(app, "list")
def list_webhooks(connection: Connection, as_json: JsonOption = False) -> None:
    """Lists the app's webhooks, oldest first."""
    with connection.open() as server:
        found = server.get("/webhooks")
    if as_json:
        print_json(found)
    else:
        print_table(found, _COLUMNS)


@command(app)
def create(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="http or https URL that events are sent to.")],
    event: Annotated[list[str], typer.Option("--event", help="An event's name; once for each.")],
    connection: Connection,
    name: Annotated[str, typer.Option(help="A name for people.")] = "webhook",
    disabled: Annotated[bool, typer.Option("--disabled", help="Send nothing until it is enabled.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Makes a webhook and prints its id: it is told what happens from now on."""
    body = {"name": name, "url": target, "events": event, "enabled": not disabled}
    with connection.open() as server:
        made = server.post("/webhooks", body)
    if as_json:
        print_json(made)
    else:
        typer.echo(made["id"])


@command(app)
def update(
    webhook_id: WebhookArgument,
    connection: Connection,
    target: Annotated[str | None, typer.Option(metavar="URL", help="Where events are sent to.")] = None,
    event: Annotated[list[str] | None, typer.Option("--event", help="Its events, instead; once for each.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether anything is sent.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Changes what the options name; all else stays as it is."""
    given = {"name": name, "url": target, "events": event or None, "enabled": enabled}
    body = {field: value for field, value in given.items() if value is not None}
    if not body:
        raise WrongUsage("nothing to change: give --target, --event, --name, --enable or --disable")
    with connection.open() as server:
        changed = server.patch(f"/webhooks/{segment(webhook_id)}", body)
    if as_json:
        print_json(changed)
    else:
        remark(f"changed {webhook_id}")


@command(app)
def delete(webhook_id: WebhookArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Deletes a webhook, what is queued for it and its log."""
    with connection.open() as server:
        deleted = server.delete(f"/webhooks/{segment(webhook_id)}")
    if as_json:
        print_json(deleted)
        return
    typer.echo(f"deleted {text(deleted['name'])} ({deleted['id']})")


@command(app)
def deliveries(
    webhook_id: WebhookArgument,
    connection: Connection,
    delivery_id: Annotated[
        str | None, typer.Argument(help="A delivery's id: show its payload and every attempt.")
    ] = None,
    state: Annotated[str | None, typer.Option(help="PENDING, DELIVERED or FAILED.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of the newest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Shows what was sent to a webhook and what is to be sent, newest first."""
    path = f"/webhooks/{segment(webhook_id)}/deliveries"
    with connection.open() as server:
        if delivery_id is not None:
            _show_one(server.get(f"{path}/{segment(delivery_id)}"), as_json=as_json)
            return
        found = server.get(path, per_page=limit, state=state)
    if as_json:
        print_json(found)
    else:
        print_table(found, _DELIVERIES)


@command(app)
def replay(
    webhook_id: WebhookArgument,
    delivery_id: Annotated[str, typer.Argument(help="The delivery's id.")],
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Sends an event once more, at once and under the same rtk-uuid."""
    path = f"/webhooks/{segment(webhook_id)}/deliveries/{segment(delivery_id)}/replay"
    with connection.open() as server:
        queued = server.post(path)
    if as_json:
        print_json(queued)
        return
    typer.echo(f"queued {queued['event']} of {text(queued['subject'])} again")


def _show_one(delivery: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(delivery)
        return
    typer.echo(f"{delivery['event']} of {text(delivery['subject'])}: {delivery['state']}")
    print_json(delivery["payload"])
    attempts = [{**each, "answer": each.get("error") or each.get("response")} for each in delivery["log"]]
    print_table(attempts, _ATTEMPTS)
