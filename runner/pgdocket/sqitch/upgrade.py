"""Brings an old registry up to date."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pgdocket.sqitch.config import Target
from pgdocket.sqitch.connection import connect_control, destination
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lock import take_lock
from pgdocket.sqitch.registry import VERSION, Person, Registry, refuse_newer
from pgdocket.sqitch.reporter import Reporter, SilentReporter


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """From which version the registry was brought to which; the same where it was up to date."""

    target: str
    before: str
    after: str

    def as_dict(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        return asdict(self)


def upgrade(
    target: Target | str, person: Person, reporter: Reporter | None = None, *, timeout: int = 60
) -> UpgradeResult:
    """Upgrades the registry of the database, each step in a transaction of its own.

    Waits `timeout` seconds for a deployment that is at work. SqitchError where there is no
    registry, or one of a later version.
    """
    reporter = reporter or SilentReporter()
    conninfo, display, schema = destination(target)
    registry = Registry(schema)
    with connect_control(conninfo) as connection:
        take_lock(connection, registry, display, reporter, timeout=timeout)
        before = registry.version(connection)
        if before is None:
            raise SqitchError(f"No registry found in {display}. Have you ever deployed?")
        refuse_newer(before)
        registry.ensure_release(connection, person)
        if float(before) == float(VERSION):
            reporter.info(f"Registry {display} is up-to-date at version {VERSION}")
            return UpgradeResult(display, VERSION, VERSION)
        reporter.info(f"Upgrading registry {display} to version {VERSION}")
        reporter.info(f"Upgrading the Sqitch registry from {before} to {VERSION}")
        for old, new in registry.upgrade(connection, before, person):
            reporter.info(f"  * From {old} to {new}")
    return UpgradeResult(display, before, VERSION)
