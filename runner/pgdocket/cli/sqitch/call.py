"""What the commands of the change engine share: options, targets, reporters, errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgdocket.cli import Options
from pgdocket.errors import Error, from_psycopg
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration, Target
    from pgdocket.sqitch.engine import Job
    from pgdocket.sqitch.plan import Plan
    from pgdocket.sqitch.reporter import Reporter

F = TypeVar("F", bound=Callable[..., Any])

# -h is the host.
HELP = {"help_option_names": ["--help"]}
_META = "pgdocket.sqitch"
_CONNECTION = ("registry", "client", "plan_file", "top_dir", "db_name", "db_user", "db_host")


@dataclass(slots=True)
class Globals:
    """Sqitch's global options, wherever on the command line they stood."""

    verbosity: int = 1
    etc_path: str | None = None
    json: bool = False
    debug: bool = False


def settings(ctx: click.Context) -> Globals:
    """The global options of this call."""
    found = ctx.meta.get(_META)
    if not isinstance(found, Globals):
        found = Globals()
        if isinstance(ctx.obj, Options):
            found.json, found.debug = ctx.obj.json, ctx.obj.debug
        ctx.meta[_META] = found
    return found


def _change_directory(_: click.Context, __: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    try:
        os.chdir(value)
    except OSError as error:
        raise SqitchError(
            f"Cannot change to directory {value}: {error.strerror}", exit_code=255
        ) from None


def _set_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        settings(ctx).verbosity = 0


def _set_verbose(ctx: click.Context, _: click.Parameter, value: int) -> None:
    settings(ctx).verbosity += value


def _set_etc_path(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        settings(ctx).etc_path = value


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    settings(ctx).json = settings(ctx).json or value


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    settings(ctx).debug = settings(ctx).debug or value


def global_options(command: F) -> F:
    """Adds the options that every command takes, before or after its name."""
    hidden: dict[str, Any] = {"expose_value": False}
    for option in (
        click.option(
            "--debug",
            is_flag=True,
            callback=_set_debug,
            help="Show the traceback of an error.",
            **hidden,
        ),
        click.option("--json", is_flag=True, callback=_set_json, help="Print JSON.", **hidden),
        click.option("--no-pager", is_flag=True, help="Accepted; nothing is paged.", **hidden),
        click.option(
            "-v", "-V", "--verbose", count=True, callback=_set_verbose, help="Say more.", **hidden
        ),
        click.option(
            "--quiet", is_flag=True, callback=_set_quiet, help="Leave headlines out.", **hidden
        ),
        click.option(
            "--etc-path",
            metavar="DIR",
            callback=_set_etc_path,
            help="Folder of the system's sqitch.conf.",
            **hidden,
        ),
        click.option(
            "-C",
            "--chdir",
            "--cd",
            metavar="DIR",
            callback=_change_directory,
            is_eager=True,
            help="Work in this folder.",
            **hidden,
        ),
    ):
        command = option(command)
    return command


def connection_options(command: F) -> F:
    """Adds the options that say which database, and which plan."""
    for option in (
        click.option("--top-dir", metavar="DIR", help="Folder of the plan and the scripts."),
        click.option("-f", "--plan-file", metavar="FILE", help="The plan."),
        click.option("-p", "--db-port", metavar="PORT", help="The server's port."),
        click.option("-h", "--db-host", metavar="HOST", help="The server's host."),
        click.option("-u", "--db-user", metavar="NAME", help="The database user."),
        click.option("-d", "--db-name", metavar="NAME", help="The database."),
        click.option(
            "--client",
            "--db-client",
            "client",
            metavar="PATH",
            help="The psql to run scripts with.",
        ),
        click.option("--registry", metavar="SCHEMA", help="The registry's schema."),
        click.option(
            "-t", "--target", "target_name", metavar="TARGET", help="A target's name, or a URI."
        ),
    ):
        command = option(command)
    return command


def _pairs(_: click.Context, __: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in value:
        key, equals, text = pair.partition("=")
        if not equals:
            raise click.BadParameter(f'key "{key}", requires a value')
        found[key] = text
    return found


def set_option(command: F) -> F:
    """Adds `--set key=value`."""
    return click.option(
        "-s",
        "--set",
        "variables",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_pairs,
        help="A psql variable for the scripts.",
    )(command)


@dataclass(frozen=True, slots=True)
class Call:
    """A command line that has been understood: configuration, target, and changes named."""

    configuration: Configuration
    target: Target
    changes: tuple[str, ...]
    settings: Globals

    def plan(self) -> Plan:
        """The target's plan; SqitchError when there is none."""
        from pgdocket.sqitch.plan import load_plan

        return load_plan(self.target.plan_file)

    def reporter(self) -> Reporter:
        """Sqitch's own lines, or nothing where JSON is wanted."""
        from pgdocket.sqitch.reporter import JsonReporter, PlainReporter

        if self.settings.json:
            return JsonReporter()
        return PlainReporter(quiet=self.settings.verbosity == 0)

    def job(self, variables: Mapping[str, str], lock_timeout: int | None = None) -> Job:
        """The job for the engine. `variables` are those of the command line."""
        from pgdocket.sqitch.engine import make_job
        from pgdocket.sqitch.registry import Person

        commands = ("deploy", "revert", "verify")
        return make_job(
            self.plan(),
            self.target,
            person=Person(*self.configuration.user()),
            reporter=self.reporter(),
            command_variables={
                name: self.configuration.variables(name, self.target, variables)
                for name in commands
            },
            lock_timeout=60 if lock_timeout is None else lock_timeout,
        )


def understand(
    ctx: click.Context, arguments: Sequence[str], options: Mapping[str, Any], verb: str = ""
) -> Call:
    """Finds the target among options and arguments; what else is named must be a change.

    `verb` says in a warning what is done with a change (`deploying to`); where it is empty no
    change may be named. SqitchError for an argument that is nothing known.
    """
    from pgdocket.sqitch.config import load_configuration, resolve_target

    found = settings(ctx)
    configuration = load_configuration(
        environ=dict(os.environ), etc_path=Path(found.etc_path) if found.etc_path else None
    )
    overrides = {name: options.get(name) for name in (*_CONNECTION, "db_port")}
    given = {name: str(value) for name, value in overrides.items() if value}
    targets: list[str] = [name] if (name := options.get("target_name")) else []
    rest: list[str] = []
    for argument in arguments:
        if _is_target(configuration, argument):
            targets.append(argument)
        elif argument in ("pg", configuration.get("core.plan_file", "sqitch.plan")):
            continue
        else:
            rest.append(argument)
    if len(set(targets)) > 1:
        click.echo(f"warning: Too many targets specified; connecting to {targets[0]}", err=True)
    target = resolve_target(configuration, targets[0] if targets else None, overrides=given)
    _check_changes(target, rest, named=bool(verb))
    return Call(configuration, target, tuple(rest), found)


def _is_target(configuration: Configuration, argument: str) -> bool:
    is_uri = argument.startswith("db:") or "://" in argument
    return is_uri or configuration.get(f"target.{argument}.uri") is not None


def _check_changes(target: Target, names: Sequence[str], *, named: bool) -> None:
    from pgdocket.sqitch.plan import load_plan
    from pgdocket.sqitch.references import parse_reference

    if not names:
        return
    plan = load_plan(target.plan_file) if named and target.plan_file.is_file() else None
    known = {change.name for change in plan.changes} if plan else set()
    known |= {"HEAD", "ROOT"} if plan else set()
    for name in names:
        wanted = parse_reference(name)
        is_known = wanted.name in known or (plan and (_is_tag(plan, name) or _is_id(plan, name)))
        if not is_known:
            raise SqitchError(f'Unknown argument "{name}"')


def _is_tag(plan: Plan, name: str) -> bool:
    return name.startswith("@") and plan.find(name) is not None


def _is_id(plan: Plan, name: str) -> bool:
    return plan.change_by_id(name) is not None


def pick_change(option: str | None, named: Sequence[str], verb: str) -> str | None:
    """The change to work up to: the option's, else the first one named."""
    changes = [*([option] if option else []), *named]
    if len(changes) > 1:
        click.echo(f'warning: Too many changes specified; {verb} "{changes[0]}"', err=True)
    return changes[0] if changes else None


class SqitchGroup(click.Group):
    """Turns errors into Sqitch's messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as problem:
            found = settings(ctx)
            error = _understood(problem)
            if error is None or found.debug:
                raise
            code = error.exit_code if isinstance(error, SqitchError) else 2
            if found.json or found.verbosity or code != 1:
                show_error(error, code, as_json=found.json)
            ctx.exit(code)


def _understood(problem: Exception) -> Error | None:
    if isinstance(problem, Error):
        return problem
    psycopg = sys.modules.get("psycopg")
    if psycopg is None or not isinstance(problem, psycopg.Error):
        return None
    return from_psycopg(problem)


def show_error(error: Error, code: int, *, as_json: bool) -> None:
    """Prints an error as Sqitch does: soft ones on standard output."""
    from pgdocket import output
    from pgdocket.sqitch.failure import ScriptError
    from pgdocket.sqitch.results import RunFailed

    if as_json:
        if isinstance(error, RunFailed):
            output.print_json({"changes": [change.as_dict() for change in error.changes]})
        output.print_error(error, as_json=True)
        return
    text = error.text if isinstance(error, ScriptError) else error.message
    click.echo(text.rstrip("\n"), err=code != 1)
    if error.hint and not isinstance(error, ScriptError | RunFailed):
        click.echo(f"    hint: {error.hint}", err=code != 1)


def finish(call: Call, result: Mapping[str, object]) -> None:
    """Prints a command's result where JSON is wanted; its lines have been printed before."""
    if call.settings.json:
        from pgdocket import output

        output.print_json(result)
