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
    """Sqitch's global options, wherever on the command line they stood.

    `verbose` counts --verbose; `configured` is what core.verbosity says.
    """

    verbose: int = 0
    quiet: bool = False
    configured: int | None = None
    etc_path: str | None = None
    json: bool = False
    debug: bool = False
    plain: bool = False

    @property
    def verbosity(self) -> int:
        """How much to say: nothing (0), what is done (1), or more."""
        if self.quiet:
            return 0
        return self.verbose or (1 if self.configured is None else self.configured)


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
    settings(ctx).quiet = settings(ctx).quiet or value


def _set_verbose(ctx: click.Context, _: click.Parameter, value: int) -> None:
    settings(ctx).verbose += value


def _set_etc_path(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        settings(ctx).etc_path = value
    elif value is not None:
        from pgdocket.sqitch.config import ETC

        click.echo(ETC)
        ctx.exit()


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    settings(ctx).json = settings(ctx).json or value


def _set_plain(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    settings(ctx).plain = settings(ctx).plain or value


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    settings(ctx).debug = settings(ctx).debug or value


_HIDDEN: dict[str, Any] = {"expose_value": False}
_GLOBAL_OPTIONS = (
    click.option(
        "--debug",
        is_flag=True,
        callback=_set_debug,
        is_eager=True,
        help="Show the traceback of an error.",
        **_HIDDEN,
    ),
    click.option(
        "--json", is_flag=True, callback=_set_json, is_eager=True, help="Print JSON.", **_HIDDEN
    ),
    click.option(
        "--plain",
        is_flag=True,
        callback=_set_plain,
        help="Sqitch's lines on a terminal, too.",
        **_HIDDEN,
    ),
    click.option("--no-pager", is_flag=True, help="Accepted; nothing is paged.", **_HIDDEN),
    click.option(
        "-v", "-V", "--verbose", count=True, callback=_set_verbose, help="Say more.", **_HIDDEN
    ),
    click.option(
        "--quiet", is_flag=True, callback=_set_quiet, help="Leave headlines out.", **_HIDDEN
    ),
    click.option(
        "--etc-path",
        metavar="DIR",
        is_flag=False,
        flag_value="",
        callback=_set_etc_path,
        help="Folder of the system's sqitch.conf; without a folder, print it.",
        **_HIDDEN,
    ),
    click.option(
        "-C",
        "--chdir",
        "--cd",
        metavar="DIR",
        callback=_change_directory,
        is_eager=True,
        help="Work in this folder.",
        **_HIDDEN,
    ),
)


def global_options(command: F) -> F:
    """Adds the options that every command takes, before or after its name."""
    for option in _GLOBAL_OPTIONS:
        command = option(command)
    return command


def connection_options(command: F) -> F:
    """Adds the options that say which database, and which plan."""
    for option in (
        click.option("--top-dir", metavar="DIR", help="Folder of the plan and the scripts."),
        click.option("-f", "--plan-file", metavar="FILE", help="The plan."),
        click.option("-p", "--db-port", metavar="PORT", help="The server's port."),
        click.option("-h", "--db-host", metavar="HOST", help="The server's host."),
        click.option("-u", "--db-user", "--db-username", metavar="NAME", help="The user."),
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


def key_values(_: click.Context, __: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    """Click's callback for options such as `--set key=value`."""
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
        callback=key_values,
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
        """Sqitch's own lines, a live display on a terminal, or nothing where JSON is wanted."""
        from pgdocket.sqitch.reporter import JsonReporter, LiveReporter, PlainReporter

        found = self.settings
        if found.json:
            return JsonReporter()
        if found.verbosity and not found.plain and sys.stdout.isatty():
            return LiveReporter()
        return PlainReporter(quiet=found.verbosity == 0, times=found.verbose > 0)

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


def configuration(ctx: click.Context) -> Configuration:
    """What the files of settings say; core.verbosity holds from here on."""
    from pgdocket.sqitch.config import load_configuration

    found = settings(ctx)
    loaded = load_configuration(etc_path=Path(found.etc_path) if found.etc_path else None)
    verbosity = loaded.get("core.verbosity")
    if verbosity is not None:
        if not verbosity.strip().isdecimal():
            raise SqitchError(f'Invalid value "{verbosity}" for core.verbosity: expected a number')
        found.configured = int(verbosity)
    return loaded


def understand(
    ctx: click.Context, arguments: Sequence[str], options: Mapping[str, Any], verb: str = ""
) -> Call:
    """Finds the target among options and arguments; what else is named must be a change.

    `verb` says what is done with a change (`deploying to`); where it is empty no change may be
    named. SqitchError for an argument that is nothing known.
    """
    from pgdocket.sqitch.positional import resolve_positional

    found = configuration(ctx)
    overrides = {name: options.get(name) for name in (*_CONNECTION, "db_port")}
    if options.get("top_dir"):
        warn(
            f"  Option --top-dir is deprecated for {ctx.info_name} and other non-configuration"
            " commands.\n  Use --chdir instead."
        )
    chosen = resolve_positional(
        found,
        arguments,
        target=options.get("target_name"),
        overrides={name: str(value) for name, value in overrides.items() if value},
        allow_changes=bool(verb),
    )
    if chosen.surplus_targets:
        warn(f"Too many targets specified; connecting to {chosen.target.name}")
    return Call(found, chosen.target, chosen.changes, settings(ctx))


def warn(text: str) -> None:
    """Prints a warning as Sqitch does, each line marked, on standard error."""
    for line in text.split("\n"):
        click.echo(f"warning: {line}", err=True)


def pick_change(option: str | None, named: Sequence[str], verb: str) -> str | None:
    """The change to work up to: the option's, else the first one named."""
    changes = [*([option] if option else []), *named]
    if len(changes) > 1:
        warn(f'Too many changes specified; {verb} "{changes[0]}"')
    return changes[0] if changes else None


def pick_range(
    start: str | None, end: str | None, named: Sequence[str], verb: str
) -> tuple[str | None, str | None]:
    """The changes to work from and up to: the options', else the first ones named."""
    changes = list(named)
    start = start or (changes.pop(0) if changes else None)
    end = end or (changes.pop(0) if changes else None)
    if changes:
        warn(f'Too many changes specified; {verb} from "{start}" to "{end}"')
    return start, end


class SqitchGroup(click.Group):
    """Turns errors into Sqitch's messages and exit codes."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except SqitchError as problem:  # an option before the command, such as --chdir
            code = _tell(settings(parent) if parent else Globals(), problem)
            if code is None:
                raise
            raise click.exceptions.Exit(code) from problem

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as problem:
            code = _tell(settings(ctx), problem)
            if code is None:
                raise
            ctx.exit(code)


def _tell(found: Globals, problem: Exception) -> int | None:
    """Prints the error; the exit code, None for one to raise: not expected, or with --debug."""
    error = _understood(problem)
    if error is None or found.debug:
        return None
    code = error.exit_code if isinstance(error, SqitchError) else 2
    if found.json or found.verbosity or code != 1:
        show_error(error, code, as_json=found.json)
    return code


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
