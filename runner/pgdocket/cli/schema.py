"""lint, snapshot and codegen: pgdocket's own plan, checked and written down as SQL and Python."""

from __future__ import annotations

from pathlib import Path
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
    """Write what is generated from the plan anew: SQL, the Python client, the matrix of roles.

    The plan is deployed into a scratch database of the embedded PostgreSQL, which is needed.

    \b
    Example:
      pgdocket snapshot --check
    """
    from pgdocket.files import project_files
    from pgdocket.snapshot import generate

    root = project_files()
    ctx.exit(_keep(root, generate(root), ctx.obj, check=check, again="pgdocket snapshot"))


@click.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 when a file is not current."
)
@common_options
@click.pass_context
def codegen(ctx: click.Context, /, check: bool) -> None:
    """Write the modules of the Python client anew from the catalog of a database.

    That is what "pgdocket snapshot" does from the plan; this takes a database as it is. It
    works in a checkout only.

    \b
    Example:
      pgdocket codegen --db postgresql:///docket
    """
    import psycopg

    from pgdocket import config
    from pgdocket.codegen import generated_code
    from pgdocket.errors import InvalidArgument
    from pgdocket.files import project_files

    options: Options = ctx.obj
    root = project_files()
    if not (root / "runner").is_dir():
        raise InvalidArgument(
            "the client of an installed pgdocket is not written anew", hint="work in a checkout"
        )
    with psycopg.connect(config.resolve(options.db).conninfo) as connection:
        files = generated_code(root, connection)
    ctx.exit(_keep(root, files, options, check=check, again="pgdocket codegen"))


def _keep(root: Path, files: dict[Path, str], options: Options, *, check: bool, again: str) -> int:
    """Writes generated files, or compares them; says what has changed and returns an exit code."""
    from pgdocket.cli.sqitch.snapshot import tell as tell_difference
    from pgdocket.snapshot import differences

    found = differences(root, files)
    if not check:
        for name, text in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    code = tell_difference(found, list(files), check=check, as_json=options.json)
    if code and not options.json:
        click.echo("pgdocket: what is generated is not current", err=True)
        click.echo(f"    hint: run: {again}", err=True)
    return code
