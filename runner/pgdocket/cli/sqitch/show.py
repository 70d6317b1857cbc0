"""`pgdocket sqitch show`: shows what an id stands for, or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgdocket.cli.sqitch.call import HELP, global_options, settings
from pgdocket.cli.sqitch.call import configuration as read_configuration
from pgdocket.cli.sqitch.editing import conclude
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Target
    from pgdocket.sqitch.plan import Plan


@click.command("show", context_settings=HELP)
@click.argument("kind", metavar="change|tag|deploy|revert|verify")
@click.argument("key", metavar="CHANGE|TAG|ID")
@click.option("-t", "--target", metavar="TARGET", help="The target whose plan to read.")
@click.option(
    "-e", "--exists/--no-exists", default=None, help="Only tell by the exit code whether it is."
)
@click.option("-f", "--plan-file", metavar="FILE", help="The plan.")
@global_options
@click.pass_context
def command(ctx: click.Context, /, kind: str, key: str, **options: Any) -> None:
    """Show the text whose hash is a change's or a tag's id, or one of a change's scripts.

    With --exists nothing is printed; the exit code is 0 when there is such a thing, else 2.

    \b
    Example:
      pgdocket sqitch show change flips
      pgdocket sqitch show deploy flips@v1.0
    """
    from pgdocket.sqitch.config import resolve_target
    from pgdocket.sqitch.plan import load_plan

    configuration = read_configuration(ctx)
    only = options["exists"]
    if only is None:
        only = configuration.get_bool("show.exists_only")
    get = configuration.get
    name = options["target"] or get("show.target")
    if not (name or get("core.engine") or get("core.target")):
        name = "db:pg:"  # a plan can be read without any configuration
    given = {"plan_file": options["plan_file"]} if options["plan_file"] else {}
    target = resolve_target(configuration, name, overrides=given)
    plan = load_plan(target.plan_file)
    if kind not in ("change", "tag", "deploy", "revert", "verify"):
        raise SqitchError(f'Unknown object type "{kind}"')
    try:
        found, data = _find(plan, target, kind, key)
    except SqitchError as error:
        if only and error.message.startswith(("Unknown change", "Unknown tag", "File ")):
            ctx.exit(2)
        raise
    if only:
        return
    if settings(ctx).json:
        conclude(ctx, found | {"text": data.decode(errors="replace")})
    else:
        click.echo(data)


def _find(plan: Plan, target: Target, kind: str, key: str) -> tuple[dict[str, object], bytes]:
    """What was found, as data, and its text, of which nothing is known where it is a script."""
    from pgdocket.sqitch import show

    if kind == "tag":
        tag = show.find_tag(plan, key)
        found = {"type": kind, "tag": tag.name, "tag_id": tag.id, "change_id": tag.change_id}
        return dict(found), show.tag_text(plan, tag).encode()
    change = show.find_change(plan, key)
    found = {"type": kind, "change": change.name, "change_id": change.id}
    if kind == "change":
        return dict(found), show.change_text(plan, change).encode()
    path = show.find_script(plan, target, kind, key)
    return {**found, "file": str(path)}, path.read_bytes()
