"""Sqitch's registry: what is deployed, who did it, and everything that ever happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change, Tag
from pgdocket.sqitch.queries import named_queries, package_text, written_out

if TYPE_CHECKING:
    from psycopg import Connection

    from pgdocket.sqitch.reader import Readable

VERSION = "1.1"
_UPGRADES = (("0", "1.0", "upgrade_1_0.sql"), ("1.0", "1.1", "upgrade_1_1.sql"))
_UNIQUE_SCRIPT = "changes_project_script_hash_key"

AnyConnection: TypeAlias = "Connection[Any]"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at work."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class DeployedTag:
    """A tag as the registry has it."""

    id: str
    change_id: str
    name: str
    note: str
    committed_at: datetime
    committer: Person
    planned_at: datetime
    planner: Person


@dataclass(frozen=True, slots=True)
class DeployedChange:
    """A change as the registry has it, with its tags in the order they were applied."""

    id: str
    name: str
    script_hash: str | None
    note: str
    committed_at: datetime
    committer: Person
    planned_at: datetime
    planner: Person
    tags: tuple[DeployedTag, ...] = ()

    @property
    def label(self) -> str:
        """`flips @v1 @v1b`."""
        return " ".join((self.name, *sorted(tag.name for tag in self.tags)))


@dataclass(frozen=True, slots=True)
class Dependent:
    """A deployed change, of any project, that requires the change with `required_id`."""

    required_id: str
    project: str
    change: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is written about a change, beside what its plan line says."""

    change: Change
    project: str
    script_hash: str | None
    dependency_ids: Mapping[str, str]


class Registry:
    """The registry in one schema. Every method takes the connection to work on.

    The connection is in autocommit; methods that write several statements expect the caller's
    transaction.
    """

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self._queries = named_queries("registry_queries.sql", schema)

    def query(self, name: str) -> bytes:
        """A named statement of registry_queries.sql, for this schema."""
        return self._queries[name]

    def version(self, connection: Readable) -> str | None:
        """The newest release that was installed: '0' before there were releases.

        None where there is no registry. A registry whose maker died before it could write its
        first release is a new one.
        """
        found = self._rows(connection, "has_registry", schema=self.schema)
        has_changes, has_releases = found[0]
        if not has_changes:
            return None
        if not has_releases:
            return "0"
        (version,) = self._rows(connection, "version")[0]
        return str(version) if version is not None else VERSION

    def ensure_release(self, connection: AnyConnection, person: Person) -> None:
        """Writes the release where a registry has none, for which sqitch would stumble over it."""
        if self._rows(connection, "has_registry", schema=self.schema)[0][1]:
            self._execute(
                connection,
                "ensure_release",
                version=VERSION,
                name=person.name,
                email=person.email,
            )

    def create(self, connection: AnyConnection, person: Person) -> None:
        """Makes the tables, in one transaction."""
        with connection.transaction():
            self._run_file(connection, "registry.sql")
            self._release(connection, VERSION, person)

    def upgrade(
        self, connection: AnyConnection, version: str, person: Person
    ) -> Iterable[tuple[str, str]]:
        """Brings the registry up to date step by step; yields what each step leads from and to."""
        for old, new, file in _UPGRADES:
            if float(version) > float(old):
                continue
            yield version, new
            version = new
            with connection.transaction():
                self._run_file(connection, file)
                self._release(connection, new, person)

    def lock(self, connection: AnyConnection) -> None:
        """Keeps other writers out of the registry until the transaction ends; readers may read."""
        connection.execute(self._queries["lock_changes"])

    def projects(self, connection: Readable) -> dict[str, str | None]:
        """The URIs of all projects, by name."""
        return dict(self._rows(connection, "projects"))

    def check_project(self, connection: AnyConnection, project: str, uri: str | None) -> bool:
        """Whether the project is known already; SqitchError when it can't go by this URI."""
        known = self.projects(connection)
        if project in known:
            _check_uri(project, uri, known[project])
            return True
        owner = next((name for name, other in known.items() if uri and other == uri), None)
        if owner is not None:
            raise SqitchError(
                f'Cannot register "{project}" with URI {uri}: '
                f'project "{owner}" already using that URI'
            )
        return False

    def insert_project(
        self, connection: AnyConnection, project: str, uri: str | None, person: Person
    ) -> None:
        """Makes the project known by this URI, for which `check_project` found nothing."""
        self._execute(
            connection,
            "insert_project",
            project=project,
            uri=uri,
            name=person.name,
            email=person.email,
        )

    def deployed(self, connection: Readable, project: str) -> tuple[DeployedChange, ...]:
        """The project's deployed changes, the first deployed first."""
        tags: dict[str, list[DeployedTag]] = {}
        for row in self._rows(connection, "deployed_tags", project=project):
            tag = _deployed_tag(row)
            tags.setdefault(tag.change_id, []).append(tag)
        rows = self._rows(connection, "deployed_changes", project=project)
        return tuple(_deployed_change(row, tuple(tags.get(row[0], ()))) for row in rows)

    def known_ids(self, connection: AnyConnection, ids: Sequence[str]) -> dict[str, str]:
        """Of these change ids, those that are deployed (in any project), with the names."""
        return dict(self._rows(connection, "known_ids", ids=list(ids)))

    def dependents(self, connection: AnyConnection, ids: Sequence[str]) -> list[Dependent]:
        """Deployed changes outside these that require one of these."""
        return [Dependent(*row) for row in self._rows(connection, "dependents", ids=list(ids))]

    def deploy_queries(self, recorded: Recorded, person: Person) -> list[bytes]:
        """The statements that write a deploy: the change, its dependencies, tags and the event."""
        change = recorded.change
        dependencies = (*change.requires, *change.conflicts)
        parameters = {
            **_event("deploy", recorded, person),
            **_tags(change.tags),
            "script_hash": recorded.script_hash,
            "types": ["conflict" if entry.conflict else "require" for entry in dependencies],
            "dependencies": [entry.as_string for entry in dependencies],
            "dependency_ids": [
                None if entry.conflict else recorded.dependency_ids[entry.as_string]
                for entry in dependencies
            ],
        }
        names = ["insert_change"]
        names += ["insert_dependencies"] if dependencies else []
        names += ["insert_tags"] if change.tags else []
        names += ["insert_event"]
        return [written_out(self._queries[name], parameters) for name in names]

    def revert_query(self, change_id: str, person: Person) -> bytes:
        """The statement that removes the change's rows and writes the event."""
        parameters = {"change_id": change_id, "name": person.name, "email": person.email}
        return written_out(self._queries["record_revert"], parameters)

    def record_fail(self, connection: AnyConnection, recorded: Recorded, person: Person) -> None:
        """Writes the event of a failed deploy."""
        parameters = {**_event("fail", recorded, person), **_tags(recorded.change.tags)}
        self._execute(connection, "insert_event", **parameters)

    def insert_tags(
        self, connection: AnyConnection, project: str, tags: Sequence[Tag], person: Person
    ) -> None:
        """Writes tags that were added to a change after its deploy; all of one change."""
        self._execute(
            connection,
            "insert_tags",
            **_tags(tags),
            project=project,
            change_id=tags[0].change_id,
            name=person.name,
            email=person.email,
        )

    def repair_script_hash(
        self, connection: AnyConnection, change_id: str, script_hash: str | None
    ) -> None:
        """Puts the hash in the place of the change's id, which old registries hold there."""
        self._execute(
            connection, "repair_script_hash", change_id=change_id, script_hash=script_hash
        )

    def has_deferred(self, connection: AnyConnection) -> bool:
        """Whether the database has constraints that are declared deferred."""
        return bool(self._rows(connection, "has_deferred")[0][0])

    def has_events(self, connection: AnyConnection) -> bool:
        """Whether anything ever happened."""
        return bool(self._rows(connection, "has_events")[0][0])

    def events(self, connection: AnyConnection, **filters: object) -> list[tuple[Any, ...]]:
        """The events that match; the filters are the parameters of the query `events`."""
        return self._rows(connection, "events", **filters)

    def _release(self, connection: AnyConnection, version: str, person: Person) -> None:
        self._execute(
            connection, "insert_release", version=version, name=person.name, email=person.email
        )

    def _run_file(self, connection: AnyConnection, name: str) -> None:
        # Not needed to read a registry, which has to be quick.
        from pgdocket.sqitch.lexer import ScriptReader, Statement
        from pgdocket.sqitch.variables import Variables

        variables = Variables({"registry": self.schema})
        items = ScriptReader(package_text(name), Path(name), variables).items()
        texts = [item.text for item in items if isinstance(item, Statement)]
        connection.execute("\n".join(texts).encode())

    def _rows(
        self, connection: Readable, statement: str, /, **parameters: object
    ) -> list[tuple[Any, ...]]:
        return connection.execute(self._queries[statement], parameters).fetchall()

    def _execute(self, connection: AnyConnection, statement: str, /, **parameters: object) -> None:
        connection.execute(self._queries[statement], parameters)


@contextmanager
def unique_script(change: Change) -> Iterator[None]:
    """Gives the refusal of a deploy script that another change has, too, its message."""
    from psycopg.errors import UniqueViolation

    try:
        yield
    except UniqueViolation as error:
        if error.diag.constraint_name != _UNIQUE_SCRIPT:
            raise
        raise SqitchError(
            f'Cannot log change "{change.name}": The deploy script is not unique'
        ) from error


def check_version(version: str | None, destination: str) -> None:
    """Raises SqitchError unless the registry is one that revert and verify can work with."""
    if version is None:
        raise SqitchError(f"No registry found in {destination}. Have you ever deployed?")
    refuse_newer(version)
    if float(version) < float(VERSION):
        raise SqitchError(
            f"Registry is at version {version} but latest is {VERSION}. "
            'Please run the "upgrade" command'
        )


def refuse_newer(version: str) -> None:
    """Raises SqitchError for a registry of a later version than is known here."""
    if float(version) > float(VERSION):
        raise SqitchError(
            f"Registry version is {version} but {VERSION} is the latest known. "
            "Please upgrade Sqitch"
        )


def _check_uri(project: str, uri: str | None, known: str | None) -> None:
    if uri == known:
        return
    if uri is None:
        problem = f"without URI: already exists with URI {known}"
    elif known is None:
        problem = f"with URI {uri}: already exists with NULL URI"
    else:
        problem = f"with URI {uri}: already exists with URI {known}"
    raise SqitchError(f'Cannot register "{project}" {problem}')


def _deployed_tag(row: tuple[Any, ...]) -> DeployedTag:
    change_id, tag_id, name, note, committed_at, committer, email, planned_at, *planner = row
    who = Person(committer, email)
    return DeployedTag(
        tag_id, change_id, name, note, committed_at, who, planned_at, Person(*planner)
    )


def _deployed_change(row: tuple[Any, ...], tags: tuple[DeployedTag, ...]) -> DeployedChange:
    change_id, name, script_hash, note, committed_at, committer, email, planned_at, *planner = row
    return DeployedChange(
        change_id,
        name,
        script_hash,
        note,
        committed_at,
        Person(committer, email),
        planned_at,
        Person(*planner),
        tags,
    )


def _event(event: str, recorded: Recorded, person: Person) -> dict[str, object]:
    change = recorded.change
    return {
        "event": event,
        "change_id": change.id,
        "change": change.name,
        "project": recorded.project,
        "note": change.note,
        "requires": [entry.as_string for entry in change.requires],
        "conflicts": [entry.as_string for entry in change.conflicts],
        "name": person.name,
        "email": person.email,
        "planned_at": change.planned_at,
        "planner_name": change.planner_name,
        "planner_email": change.planner_email,
    }


def _tags(tags: Sequence[Tag]) -> dict[str, object]:
    return {
        "tag_ids": [tag.id for tag in tags],
        "tags": [tag.name for tag in tags],
        "tag_notes": [tag.note for tag in tags],
        "tag_planned": [tag.planned_at for tag in tags],
        "tag_planners": [tag.planner_name for tag in tags],
        "tag_emails": [tag.planner_email for tag in tags],
    }
