"""Targets: a database, and the files that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.uri import DatabaseUri, parse_database_uri

if TYPE_CHECKING:
    from pgdocket.sqitch.config import Configuration

NO_PROJECT = 'No project configuration found. Run the "init" command to initialize a project'
OVERRIDES = frozenset(
    {"registry", "client", "plan_file", "top_dir", "db_name", "db_user", "db_host", "db_port"}
)


@dataclass(frozen=True)
class Target:
    """A database and the files that belong to it, every default filled in.

    `display` is how messages name it. `client` is the psql that was configured, if any.
    Paths are relative to the working directory unless the configuration was loaded from
    another folder. `variables` are those of the engine and of the target.
    """

    name: str
    uri: DatabaseUri
    display: str
    registry: str
    client: str | None
    plan_file: Path
    top_dir: Path
    deploy_dir: Path
    revert_dir: Path
    verify_dir: Path
    reworked_deploy_dir: Path
    reworked_revert_dir: Path
    reworked_verify_dir: Path
    reworked_dir: Path = Path()
    extension: str = "sql"
    variables: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def conninfo(self) -> str:
        """What to hand to libpq; PG* variables fill in what it does not say."""
        uri = replace(self.uri, user=self.user) if self.user else self.uri
        return uri.conninfo(self.password)


def resolve_target(
    configuration: Configuration,
    name: str | None = None,
    *,
    overrides: Mapping[str, str] | None = None,
) -> Target:
    """The target of that name or database URI, or the default one.

    `overrides` holds the command line's options by name: registry, client, plan_file, top_dir,
    db_name, db_user, db_host, db_port. SqitchError when there is no such target, or no default.
    """
    given = {key: value for key, value in (overrides or {}).items() if value}
    unknown = given.keys() - OVERRIDES
    if unknown:
        raise TypeError(f"unknown override: {', '.join(sorted(unknown))}")
    name = name or configuration.environ.get("SQITCH_TARGET") or _default_name(configuration)
    uri = _override_server(_target_uri(configuration, name), given)
    if ":" in name:
        name = uri.without_password()
    return _build(configuration, name, uri, _Attributes(configuration, name, given))


def all_targets(
    configuration: Configuration,
    overrides: Mapping[str, str] | None = None,
    *,
    skip_broken: bool = False,
) -> tuple[Target, ...]:
    """The default target, then those that are configured by name, then those of engines.

    `skip_broken` leaves out those that are not PostgreSQL, which else are a SqitchError.
    """
    get = configuration.get
    engines = dict.fromkeys(_names_in(configuration, "engine"))
    wanted = [
        get("core.target") or (engine_target(configuration, e) if (e := _engine(get)) else None),
        *configured_targets(configuration),
        *(engine_target(configuration, engine) for engine in engines),
    ]
    found: dict[str, Target] = {}
    for name in dict.fromkeys(filter(None, wanted)):
        try:
            target = resolve_target(configuration, name, overrides=overrides)
        except SqitchError:
            if skip_broken:
                continue
            raise
        found.setdefault(target.name, target)
    return tuple(found.values())


def configured_target(configuration: Configuration, name: str) -> str | None:
    """The URI that is configured for a target of that name, or None."""
    return configuration.get(f"target.{name}.uri") if name else None


def configured_targets(configuration: Configuration) -> tuple[str, ...]:
    """The names of all targets that have a URI, in the order of the configuration."""
    names = dict.fromkeys(_names_in(configuration, "target"))
    return tuple(name for name in names if configured_target(configuration, name))


def engine_target(configuration: Configuration, engine: str) -> str:
    """The target of an engine: the one that is configured, else its plain URI."""
    return configuration.get(f"engine.{engine}.target") or f"db:{engine}:"


def _names_in(configuration: Configuration, section: str) -> Iterator[str]:
    for entry in configuration.entries:
        head, _, name = entry.section.partition(".")
        if head == section and name and not name.endswith(".variables"):
            yield name


def _engine(get: Callable[[str], str | None]) -> str | None:
    engine = get("core.engine")
    return engine.rstrip() if engine else None


def _default_name(configuration: Configuration) -> str:
    target = configuration.get("core.target")
    if target:
        return target
    engine = _engine(configuration.get)
    if engine:
        return engine_target(configuration, engine)
    if configuration.is_initialized:
        raise SqitchError("No engine specified; specify via target or core.engine")
    raise SqitchError(NO_PROJECT)


def _target_uri(configuration: Configuration, name: str) -> DatabaseUri:
    if ":" in name:
        return parse_database_uri(name)
    uri = configured_target(configuration, name)
    if uri:
        return parse_database_uri(uri)
    if configuration.section(f"target.{name}"):
        raise SqitchError(f'No URI associated with target "{name}"')
    raise SqitchError(f'Cannot find target "{name}"')


def _override_server(uri: DatabaseUri, given: Mapping[str, str]) -> DatabaseUri:
    if not given.keys() & {"db_name", "db_user", "db_host", "db_port"}:
        return uri
    port = given.get("db_port", uri.port)
    if port is not None and not str(port).isdecimal():
        raise SqitchError(f'Invalid port "{port}"')
    return replace(
        uri,
        dbname=given.get("db_name", uri.dbname),
        user=given.get("db_user", uri.user),
        host=given.get("db_host", uri.host),
        port=int(port) if port else None,
        text="",
    )


@dataclass(frozen=True)
class _Attributes:
    """Looks a setting up: command line, target, engine, core."""

    configuration: Configuration
    name: str
    given: Mapping[str, str]

    def get(self, attribute: str) -> str | None:
        places = (f"target.{self.name}", "engine.pg", "core")
        found = (self.configuration.get(f"{place}.{attribute}") for place in places)
        return self.given.get(attribute) or next((value for value in found if value), None)

    def path(self, attribute: str, default: Path | str) -> Path:
        value = self.get(attribute)
        if value:
            return self.configuration.directory / value
        return default if isinstance(default, Path) else self.configuration.directory / default

    def variables(self) -> dict[str, str]:
        engine = self.configuration.section("engine.pg.variables")
        return engine | self.configuration.section(f"target.{self.name}.variables")


def _build(
    configuration: Configuration, name: str, uri: DatabaseUri, attributes: _Attributes
) -> Target:
    environ = configuration.environ
    top = attributes.path("top_dir", ".")
    kinds = ("deploy", "revert", "verify")
    plain = {kind: attributes.path(f"{kind}_dir", top / kind) for kind in kinds}
    # Not the configured deploy_dir: Sqitch looks below reworked_dir, which is top_dir by default.
    below = attributes.path("reworked_dir", top)
    reworked = {kind: attributes.path(f"reworked_{kind}_dir", below / kind) for kind in kinds}
    shown = uri.with_default_database(environ, configuration.login())
    return Target(
        name=name,
        uri=uri,
        display=shown.without_password() if ":" in name else name,
        registry=attributes.get("registry") or "sqitch",
        client=attributes.get("client"),
        plan_file=attributes.path("plan_file", top / "sqitch.plan"),
        top_dir=top,
        deploy_dir=plain["deploy"],
        revert_dir=plain["revert"],
        verify_dir=plain["verify"],
        reworked_dir=below,
        reworked_deploy_dir=reworked["deploy"],
        reworked_revert_dir=reworked["revert"],
        reworked_verify_dir=reworked["verify"],
        extension=attributes.get("extension") or "sql",
        variables=attributes.variables(),
        user=environ.get("SQITCH_USERNAME") or None,
        password=environ.get("SQITCH_PASSWORD") or None,
    )
