"""lint and snapshot: pgdocket's own plan, checked and written down as SQL."""

from __future__ import annotations

from typing import Any

import click

from pgdocket.cli import Options, common_options
from pgdocket.cli.sqitch.lint import choose, lint_options, show_rules, tell


@click.command()
@lint_options
@common_options
@click.pass_context
def lint(ctx: click.Context, /, **options: Any) -> None:
    """Check pgdocket's plan and scripts without a database.

    The rules are those of "pgdocket sqitch lint". Exits with 1 when there is an error; with
    --strict, when there is a warning.

    \b
    Example:
      pgdocket lint --strict
    """
    from pgdocket.files import project_files
    from pgdocket.sqitch.config import load_configuration, resolve_target
    from pgdocket.sqitch.lint import lint as lint_plan

    common: Options = ctx.obj
    if options["show_rules"]:
        show_rules(as_json=common.json)
        return
    configuration = load_configuration(project_files())
    target = resolve_target(configuration)
    report = lint_plan(target, choose(configuration, options, {}))
    strict = options["strict"] or configuration.get_bool("lint.strict")
    ctx.exit(tell(report, as_json=common.json, as_sarif=options["sarif"], strict=strict))


@click.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 when a file is not current."
)
@common_options
@click.pass_context
def snapshot(ctx: click.Context, /, check: bool) -> None:
    """Write sql/schema.sql, sql/install.sql and the matrix of docs/security.md anew from the plan.

    The plan is deployed into a scratch database of the embedded PostgreSQL, which is needed.

    \b
    Example:
      pgdocket snapshot --check
    """
    from pgdocket.cli.sqitch.snapshot import tell as tell_difference
    from pgdocket.files import project_files
    from pgdocket.snapshot import differences, generate

    common: Options = ctx.obj
    root = project_files()
    files = generate(root)
    found = differences(root, files)
    if not check:
        for name, text in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    code = tell_difference(found, list(files), check=check, as_json=common.json)
    if code and not common.json:
        click.echo("pgdocket: the generated SQL is not current", err=True)
        click.echo("    hint: run: pgdocket snapshot", err=True)
    ctx.exit(code)
