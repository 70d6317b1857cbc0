"""settings: what holds for the whole docket."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened
from pgdocket.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from pgdocket.client import Docket

_ALL = {"setting_key": "setting", "value": "value"}
_ONE = _ALL | {"description": "what it does"}


@click.command()
@common_options
@click.argument("key", metavar="[SETTING]", required=False)
@click.argument("value", metavar="[VALUE]", required=False)
@click.option("--from-env", is_flag=True, help="Take over what the environment says of contexts.")
@click.pass_obj
def settings(options: Options, key: str | None, value: str | None, from_env: bool) -> None:
    """Show the settings of the docket, or what one does, or set it to VALUE (JSON, or a text).

    To change one takes a member of docket_admin, and counts for everybody. With --from-env
    MAX_CONTEXT_SIZE_MB becomes the setting max_context_bytes, and ENABLE_CONTEXT_COMPRESSION
    (true: lz4 where the server has it, else pglz; false: none) says how contexts are stored from
    now on.

    \b
    Example:
      pgdocket settings lease_seconds
      pgdocket settings lease_seconds 600
      MAX_CONTEXT_SIZE_MB=20 pgdocket settings --from-env
    """
    if from_env and key is not None:
        raise InvalidArgument("--from-env takes no setting")
    with opened(options) as docket:
        if from_env:
            rows = _taken_over(docket)
        elif key is None or value is None:
            rows = _shown(docket, key)
        else:
            rows = [as_row(docket.update_setting(setting_key=key, value=_parsed(value)))]
    if options.json:
        output.print_json(rows)
        return
    shown = [row | {"value": json.dumps(row["value"], ensure_ascii=False)} for row in rows]
    output.table(
        shown, _ONE if key or from_env else _ALL, empty="the environment says nothing of contexts"
    )


def _shown(docket: Docket, key: str | None) -> list[dict[str, Any]]:
    rows = docket.query("settings").order_by("setting_key").rows()
    if key is not None:
        rows = [row for row in rows if row["setting_key"] == key]
        if not rows:
            raise NotFound(f'there is no setting "{key}"', hint="see: pgdocket settings")
    return rows


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _taken_over(docket: Docket) -> list[dict[str, Any]]:
    """What was set, by the variables that are there."""
    from pgdocket.context_limits import max_context_bytes
    from pgdocket.settings import boolean

    rows = []
    most = max_context_bytes(os.environ)
    compresses = boolean(os.environ, "ENABLE_CONTEXT_COMPRESSION", default=True)
    if most is not None:
        rows.append(as_row(docket.update_setting(setting_key="max_context_bytes", value=most)))
    if os.environ.get("ENABLE_CONTEXT_COMPRESSION", "").strip():
        method = _compress(docket) if compresses else docket.set_context_compression(method="none")
        told = "How contexts are compressed from now on."
        rows.append({"setting_key": "context_compression", "value": method, "description": told})
    return rows


def _compress(docket: Docket) -> str | None:
    try:
        return docket.set_context_compression(method="lz4")
    except InvalidArgument:  # this server was built without it
        return docket.set_context_compression(method="pglz")
