"""webhook: what hosts of repositories and Linear sent."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.exchange import read_file
from pgdocket.cli.session import as_row, given, opened, the_project
from pgdocket.cli.validation import json_of
from pgdocket.errors import Forbidden
from pgdocket.webhooks import is_from_github, is_from_linear

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
    """Take in what GitHub and Linear send, see what became of it, and replay it.

    \b
    Example:
      pgdocket webhook ingest payload.json --event pull_request --delivery 72d3162e
      pgdocket webhook list --status failed
    """


@webhook.command()
@common_options
@click.argument("file", metavar="FILE")
@click.option(
    "--source",
    type=click.Choice(["github", "linear"]),
    default="github",
    show_default=True,
    help="Who sent it.",
)
@click.option("--event", help="The header X-GitHub-Event; Linear's is in the payload.")
@click.option("--delivery", "delivery_id", help="The header X-GitHub-Delivery or Linear-Delivery.")
@click.option("--signature", metavar="TEXT", help="X-Hub-Signature-256 or Linear-Signature.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    help="Where the webhook's secret is: an unsigned delivery is refused.",
)
@click.pass_obj
def ingest(
    options: Options,
    file: str,
    source: str,
    event: str | None,
    delivery_id: str | None,
    signature: str | None,
    secret_file: Path | None,
) -> None:
    """Take in one delivery of GitHub's or Linear's from FILE (- is stdin).

    The same delivery again is only counted, and the order in which they come does not matter.

    \b
    Example:
      pgdocket webhook ingest payload.json --event pull_request --delivery 72d3162e
      pgdocket webhook ingest payload.json --source linear
    """
    if source == "github" and (event is None or delivery_id is None):
        raise click.UsageError("what GitHub sends has --event and --delivery")
    body = sys.stdin.buffer.read() if file == "-" else read_file(Path(file))
    if secret_file is not None:
        _verify(source, read_file(secret_file).strip(), body, signature)
    payload = json_of(body, file, "JSON")
    told: dict[str, Any] = {"payload": payload, "body": body} | given({"delivery_id": delivery_id})
    with opened(options) as docket:
        told["project_id"] = the_project(docket, options).project_id
        if source == "linear":
            delivery = docket.ingest_linear(**told)
        else:
            delivery = docket.ingest_github(event=event or "", **told)
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


def _verify(source: str, secret: bytes, body: bytes, signature: str | None) -> None:
    if source == "github":
        is_genuine = is_from_github(secret, body, signature)
    else:
        # The time is read only once the body is known to be Linear's.
        is_genuine = is_from_linear(secret, body, signature) and is_from_linear(
            secret,
            body,
            signature,
            sent_ms=json_of(body, "the body", "JSON").get("webhookTimestamp"),
            now_ms=int(time.time() * 1000),
        )
    if not is_genuine:
        raise Forbidden("the signature is not that of the body, or too old")


def _show(delivery: Any, options: Options) -> None:
    if options.json:
        row = {name: value for name, value in as_row(delivery).items() if name != "body"}
        output.print_json(row)
    else:
        reason = f": {delivery.error}" if delivery.error else ""
        output.plain(f"{delivery.event} {delivery.delivery_status}{reason}")
