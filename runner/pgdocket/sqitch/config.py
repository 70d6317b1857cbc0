"""sqitch.conf: three files read over each other, and the targets they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgdocket.sqitch.uri import DatabaseUri


@dataclass(frozen=True)
class Configuration:
    """The merged settings. `directory` is the project's folder: relative paths start there."""

    values: Mapping[str, tuple[str, ...]]
    directory: Path
    environ: Mapping[str, str]

    def get(self, key: str, default: str | None = None) -> str | None:
        """The last value of a key such as `core.engine` or `target.dev.uri`."""
        raise NotImplementedError

    def get_all(self, key: str) -> tuple[str, ...]:
        """Every value of a key, in file order."""
        raise NotImplementedError

    def get_bool(self, key: str, default: bool = False) -> bool:
        """The key as a boolean, in git's spellings."""
        raise NotImplementedError

    def section(self, name: str) -> dict[str, str]:
        """The keys directly below a section (`deploy.variables`), their case kept."""
        raise NotImplementedError

    def variables(
        self, command: str, target: Target, overrides: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """psql variables for `deploy`, `revert`, `verify` or `check` on a target, sorted."""
        raise NotImplementedError

    def user(self) -> tuple[str, str]:
        """Name and email of who is at work; SqitchError when one holds a forbidden character."""
        raise NotImplementedError


@dataclass(frozen=True)
class Target:
    """A database and the files that belong to it, every default filled in.

    `display` is how messages name it. Paths are relative to the working directory unless the
    configuration was loaded from another folder.
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
    extension: str = "sql"
    variables: Mapping[str, str] = field(default_factory=dict)

    def conninfo(self) -> str:
        """What to hand to libpq; PG* variables fill in what it does not say."""
        raise NotImplementedError


def load_configuration(
    directory: Path = Path(),
    environ: Mapping[str, str] | None = None,
    etc_path: Path | None = None,
) -> Configuration:
    """System, user and local file read in this order, later values winning."""
    raise NotImplementedError


def resolve_target(
    configuration: Configuration,
    name: str | None = None,
    *,
    overrides: Mapping[str, str] | None = None,
) -> Target:
    """The target of that name, database URI or engine, or the default one.

    `overrides` holds the command line's options by name: registry, client, plan_file, top_dir,
    db_name, db_user, db_host, db_port. SqitchError when there is no such target.
    """
    raise NotImplementedError
