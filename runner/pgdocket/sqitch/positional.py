"""What a command's bare arguments mean: a change, a target, an engine or a plan file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgdocket.sqitch.config import Configuration
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import Plan, load_plan
from pgdocket.sqitch.targets import Target, resolve_target
from pgdocket.sqitch.uri import parse_database_uri


@dataclass(frozen=True, slots=True)
class Positional:
    """The target to work on, the changes that were named, and targets named beside the first."""

    target: Target
    changes: tuple[str, ...] = ()
    surplus_targets: tuple[str, ...] = ()


def resolve_positional(
    configuration: Configuration,
    arguments: Sequence[str],
    *,
    target: str | None = None,
    overrides: Mapping[str, str] | None = None,
    allow_changes: bool = True,
) -> Positional:
    """Takes each argument for the first that it can be: change, target or database URI, engine,
    plan file of a known target.

    `target` is that of the option, and wins. SqitchError names an argument that is nothing.
    """
    base = resolve_target(configuration, target, overrides=overrides)
    plan = load_plan(base.plan_file) if allow_changes and base.plan_file.is_file() else None
    changes: list[str] = []
    names = [target] if target else []
    for argument in arguments:
        if plan is not None and _is_change(plan, argument):
            changes.append(argument)
            continue
        named = _target_name(configuration, argument, overrides)
        if named is None:
            raise SqitchError(f'Unknown argument "{argument}"')
        names.append(named)
    if names:
        base = resolve_target(configuration, names[0], overrides=overrides)
    return Positional(base, tuple(changes), tuple(names[1:]))


def require_project(configuration: Configuration) -> None:
    """Raises SqitchError unless the project has a configuration file."""
    name = configuration.environ.get("SQITCH_CONFIG")
    if not Path(name or configuration.directory / "sqitch.conf").is_file():
        raise SqitchError(
            'No project configuration found. Run the "init" command to initialize a project'
        )


def _is_change(plan: Plan, argument: str) -> bool:
    if any(change.name == argument for change in plan.changes):
        return True
    try:
        return plan.find(argument) is not None
    except SqitchError:
        return False


def _target_name(
    configuration: Configuration, argument: str, overrides: Mapping[str, str] | None
) -> str | None:
    if ":" in argument:
        try:
            parse_database_uri(argument)
        except SqitchError:
            return None
        return argument
    if configuration.get(f"target.{argument}.uri"):
        return argument
    engine_target = configuration.get("engine.pg.target") or "db:pg:"
    if argument == "pg":
        return engine_target
    if not (argument and (configuration.directory / argument).is_file()):
        return None
    for name in (None, engine_target, *_configured_targets(configuration)):
        found = resolve_target(configuration, name, overrides=overrides)
        if found.plan_file == configuration.directory / argument:
            return found.name if name is None else name
    return None


def _configured_targets(configuration: Configuration) -> Iterator[str]:
    for entry in configuration.entries:
        section, _, name = entry.section.partition(".")
        if section == "target" and entry.name.lower() == "uri":
            yield name
