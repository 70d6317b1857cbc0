"""webhook: what hosts of repositories sent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import read_file
from pgdocket.cli.session import as_row, opened, the_project
from pgdocket.cli.validation import json_of
from pgdocket.errors import Forbidden
from pgdocket.webhooks import is_from_github

_COLUMNS = {
    "webhook_delivery_id": "delivery",
    "source": "from",
    "event": "event",
    "action": "action",
    "delivery_status": "status",
    "times_received": "received",
    "created_at": "when",
    "error": "error",
}
_STATUSES = ["processed", "ignored", "failed"]


@click.group()
@common_options
def webhook() -> None:
    """Take in what GitHub sends, see what became of it, and replay it.

    \b
    Example:
      pgdocket webhook ingest payload.json --event pull_request --delivery 72d3162e
      pgdocket webhook list --status failed
    """


@webhook.command()
@common_options
@click.argument("file", metavar="FILE")
@click.option("--event", required=True, help="The header X-GitHub-Event.")
@click.option("--delivery", "delivery_id", required=True, help="The header X-GitHub-Delivery.")
@click.option("--signature", metavar="TEXT", help="The header X-Hub-Signature-256.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    help="Where the webhook's secret is: an unsigned delivery is refused.",
)
@click.pass_obj
def ingest(
    options: Options,
    file: str,
    event: str,
    delivery_id: str,
    signature: str | None,
    secret_file: Path | None,
) -> None:
    """Take in one delivery of GitHub's from FILE (- is stdin).

    The same delivery again is only counted, and the order in which they come does not matter.

    \b
    Example:
      pgdocket webhook ingest payload.json --event pull_request --delivery 72d3162e
    """
    body = sys.stdin.buffer.read() if file == "-" else read_file(Path(file))
    if secret_file is not None and not is_from_github(
        read_file(secret_file).strip(), body, signature
    ):
        raise Forbidden("the signature is not that of the body")
    payload = json_of(body, file, "JSON")
    with opened(options) as docket:
        delivery = docket.ingest_github(
            project_id=the_project(docket, options).project_id,
            event=event,
            delivery_id=delivery_id,
            payload=payload,
            body=body,
        )
    _show(delivery, options)


@webhook.command("list")
@common_options
@click.option("--source", help="Only from this sender.")
@click.option("--event", help="Only this event.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only with this status.")
@click.option("--after", metavar="ID", help="Go on after this delivery.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, **conditions: Any) -> None:
    """List what was sent, the first first.

    \b
    Example:
      pgdocket webhook list --status failed
    """
    with opened(options) as docket:
        found = docket.list_webhook_deliveries(
            project_id=the_project(docket, options).project_id, **conditions
        )
    rows = [as_row(each) for each in found]
    output.table(rows, _COLUMNS, as_json=options.json, empty="nothing was sent")


@webhook.command()
@common_options
@click.argument("webhook_delivery_id", metavar="DELIVERY")
@click.pass_obj
def replay(options: Options, webhook_delivery_id: str) -> None:
    """Take in once more what was sent as DELIVERY (an id that webhook list shows).

    \b
    Example:
      pgdocket webhook replay 01890a5d-ac96-7b53-8f3a-000000000001
    """
    with opened(options) as docket:
        delivery = docket.replay_webhook(webhook_delivery_id=webhook_delivery_id)
    _show(delivery, options)


def _show(delivery: Any, options: Options) -> None:
    if options.json:
        row = {name: value for name, value in as_row(delivery).items() if name != "body"}
        output.print_json(row)
    else:
        reason = f": {delivery.error}" if delivery.error else ""
        output.plain(f"{delivery.event} {delivery.delivery_status}{reason}")
