"""What a command's bare arguments mean: a change, a target, an engine or a plan file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.targets import (
    Target,
    all_targets,
    configured_target,
    engine_target,
    resolve_target,
)

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration
    from pgdocket.sqitch.plan import Plan

# The engines that sqitch knows, whose names it takes for their targets.
ENGINES = frozenset(
    {"pg", "sqlite", "mysql", "oracle", "firebird", "vertica", "exasol", "snowflake"}
)


@dataclass(frozen=True, slots=True)
class Positional:
    """The targets to work on, at least one; the changes that were named; the other names.

    Where a command works on one target, the others are too many.
    """

    targets: tuple[Target, ...]
    changes: tuple[str, ...] = ()
    names: tuple[str | None, ...] = ()

    @property
    def target(self) -> Target:
        """The target to work on."""
        return self.targets[0]

    @property
    def surplus_targets(self) -> tuple[str, ...]:
        """The names of targets beside the first."""
        return tuple(target.name for target in self.targets[1:])


def resolve_positional(
    configuration: Configuration,
    arguments: Sequence[str],
    *,
    target: str | None = None,
    overrides: Mapping[str, str] | None = None,
    allow_changes: bool = True,
    names: Sequence[str | None] = (),
    every: bool = False,
    every_by_default: bool = False,
) -> Positional:
    """Takes each argument for the first that it can be: a change in the plan of the target named
    last, a target or database URI, an engine, the plan file of a known target.

    `target` is that of the option. `names` are further values, of options; what is missing (None)
    is taken from arguments that are nothing else, such as the name of a new change. With `every`
    the result has all targets, with `every_by_default` it has them where none is named.
    SqitchError names an argument that is nothing.
    """
    reader = _Reader(configuration, overrides or {}, allow_changes)
    reader.begin(target)
    for argument in arguments:
        reader.read(argument)
    unknown = iter(reader.unknown)
    found = tuple(name or next(unknown, None) for name in names)
    _refuse(tuple(unknown))
    if every and reader.targets:
        # The spelling is sqitch's.
        raise SqitchError("Cannot specify both --all and engine, target, or plan arugments")
    if every or (every_by_default and not reader.targets):
        targets = all_targets(configuration, overrides)
    else:
        targets = tuple(reader.targets.values()) or (reader.default(),)
    return Positional(targets, tuple(reader.changes), found)


@dataclass(slots=True)
class _Reader:
    configuration: Configuration
    overrides: Mapping[str, str]
    allow_changes: bool
    targets: dict[str, Target] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _current: Target | None = None
    _problem: SqitchError | None = None

    def begin(self, name: str | None) -> None:
        """The target of the option, else the default one, which nobody may need."""
        if name:
            self._add(name)
            return
        try:
            self._current = self._resolve(None)
        except SqitchError as problem:
            self._problem = problem

    def read(self, argument: str) -> None:
        if self.allow_changes and self._current and _has_change(self._current, argument):
            self.changes.append(argument)
            return
        name = target_name(self.configuration, argument, self.overrides)
        if name is None:
            self.unknown.append(argument)
        else:
            self._add(name)

    def default(self) -> Target:
        if self._current is None:
            raise self._problem or SqitchError("There is no target")
        return self._current

    def _resolve(self, name: str | None) -> Target:
        return resolve_target(self.configuration, name, overrides=self.overrides)

    def _add(self, name: str) -> None:
        self._current = self._resolve(name)
        self.targets.setdefault(self._current.name, self._current)


def target_name(
    configuration: Configuration, argument: str, overrides: Mapping[str, str] | None
) -> str | None:
    """The target that the argument means by name, URI, engine or plan file; None for none."""
    if configured_target(configuration, argument) or argument.lower().startswith("db:"):
        return argument
    if argument in ENGINES:
        return engine_target(configuration, argument)
    if not (argument and (configuration.directory / argument).is_file()):
        return None
    known = all_targets(configuration, overrides, skip_broken=True)
    path = configuration.directory / argument
    return next((target.name for target in known if target.plan_file == path), None)


def is_change(plan: Plan, argument: str) -> bool:
    """Whether the argument names a change of the plan; SqitchError for an unknown tag."""
    return bool(plan.named(argument)) or plan.find(argument) is not None


def _has_change(target: Target, argument: str) -> bool:
    from pgdocket.sqitch.plan import load_plan

    # No name of a change has a colon: a URI needs no plan.
    if ":" in argument or not target.plan_file.is_file():
        return False
    return is_change(load_plan(target.plan_file), argument)


def _refuse(unknown: Iterable[str]) -> None:
    given = tuple(unknown)
    if len(given) == 1:
        raise SqitchError(f'Unknown argument "{given[0]}"')
    if given:
        raise SqitchError(f"Unknown arguments: {', '.join(given)}")
