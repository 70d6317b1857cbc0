"""demo: a task file worked through by four agents, one of which is killed, and the proof."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from pgdocket import config, output
from pgdocket.cli import Options, common_options
from pgdocket.errors import Conflict, Error

if TYPE_CHECKING:
    import psycopg

    from pgdocket.cli.demo_display import Display
    from pgdocket.client import Docket, Project
    from pgdocket.client.rows import CriticalPathRow
    from pgdocket.demo.crew import Killed
    from pgdocket.demo.proof import Claim

_SAMPLE = Path("sql", "samples", "payments.json")
_LEASE_SECONDS = 3
_WORK_MS = (10, 60)
_MOST_PROJECTS = 1000


class DemoFailed(Error):
    """What the demo set out to show did not hold."""


@click.command()
@common_options
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--agents", type=click.IntRange(1, 16), default=4, show_default=True, help="How many agents."
)
@click.option("--keep", is_flag=True, help="Leave the server running that the demo started.")
@click.pass_obj
def demo(options: Options, file: Path | None, agents: int, keep: bool) -> None:
    """Import a task file and let four agents work through it.

    Starts the local server where none is named, deploys the schema, imports FILE (task-master's
    tasks.json; a plan of pgdocket's own when none is given) into a new project, shows the plan,
    and starts the agents, in processes of their own, whose work is to sleep for some
    milliseconds. Half-way one of them is killed: its task comes back when its lease is over.
    Ends with what was done, the graph as an SVG, and the proof that nothing was done twice or
    too early; the exit status says whether it holds.

    \b
    Example:
      pgdocket demo
      pgdocket demo .taskmaster/tasks/tasks.json --agents 8
    """
    from pgdocket.cli.demo_display import Display
    from pgdocket.cli.exchange import read_file
    from pgdocket.files import project_files

    file = file or project_files() / _SAMPLE
    content = read_file(file)
    display = Display(quiet=options.json)
    with _server(options, keep=keep) as target:
        with config.connect(target) as session:
            display.server(target.description, session)
        _deploy(target, display)
        result = _run(target, display, agents=agents, name=file.name, content=content)
    if options.json:
        output.print_json(result.as_dict())
    result.require()


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of the demo."""

    project: str
    report: dict[str, Any]
    completed: int
    seconds: float
    agents: list[dict[str, Any]]
    retried: list[dict[str, Any]]
    killed: Killed | None
    killed_end: dict[str, Any] | None
    longest_chain: list[CriticalPathRow]
    picture: Path | None
    claims: Sequence[Claim]

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        found = {name: getattr(self, name) for name in self.__slots__}
        found["claims"] = [asdict(claim) | {"holds": claim.holds} for claim in self.claims]
        return found

    def require(self) -> None:
        """Raises DemoFailed unless everything holds."""
        broken = [claim.title for claim in self.claims if not claim.holds]
        if broken:
            raise DemoFailed(f"the proof fails: {'; '.join(broken)}")
        if self.killed is not None and (
            self.killed_end is None
            or self.killed_end["outcome"] != "lease_expired"
            or self.killed_end["completed_by"] in (None, self.killed.agent)
        ):
            raise DemoFailed(f"task {self.killed.task_key} of the killed agent was not done again")


@contextmanager
def _server(options: Options, *, keep: bool) -> Iterator[config.Config]:
    """The database to use. A local server that had to be started is stopped afterwards."""
    from pgdocket import server

    was_up = True
    if not config.is_explicit(options.db):
        home = server.find_home()
        was_up = home is not None and server.local_server(home).is_up()
    target = config.resolve(options.db, local="create", notify=output.say)
    try:
        yield target
    finally:
        home = server.find_home()
        if not was_up and not keep and home is not None:
            server.local_server(home).stop()


def _deploy(target: config.Config, display: Display) -> None:
    from pgdocket.files import project_files
    from pgdocket.sqitch.deploy import deploy
    from pgdocket.sqitch.plan import load_plan

    plan = load_plan(project_files() / "sqitch.plan")
    with display.deploying(len(plan.changes)) as reporter:
        deploy(plan, target.conninfo, mode="change", reporter=reporter)


def _run(
    target: config.Config, display: Display, *, agents: int, name: str, content: bytes
) -> Result:
    """From the import to the proof, each step printed when it is done."""
    from pgdocket.client import ConnectionSettings, Docket

    settings = ConnectionSettings(slow_ms=None)
    with ExitStack() as stack:
        docket = stack.enter_context(Docket(target.conninfo, settings=settings))
        session = stack.enter_context(config.connect(target, autocommit=True))
        with docket.transaction():
            project = _new_project(docket)
            report = docket.import_tasks_json(slug=project.slug, source_name=name, content=content)
        display.imported(report)
        display.plan(docket.waves(project_id=project.project_id))
        run = _Run(target, docket, session, project)
        started = monotonic()
        killed = run.work(agents, display)
        result = run.gather(report, killed, round(monotonic() - started, 1))
        display.result(result, docket.queue_overview(project_id=project.project_id))
        return result


@dataclass(frozen=True, slots=True)
class _Run:
    """One project of the demo, and the connections to it."""

    target: config.Config
    docket: Docket
    session: psycopg.Connection[Any]
    project: Project

    def work(self, agents: int, display: Display) -> Killed | None:
        """Lets agents do what can be done; says which of them was killed."""
        from pgdocket.demo.crew import crew

        doable = self._ask("doable")[0]["tasks"]
        if not doable:
            display.nothing_to_do()
            return None
        with (
            crew(
                self.docket,
                self.session,
                conninfo=self.target.conninfo,
                project_id=self.project.project_id,
                agents=agents,
                lease_seconds=_LEASE_SECONDS,
                work_ms=_WORK_MS,
            ) as members,
            display.working(doable) as show,
        ):
            return members.work(doable, show)

    def gather(self, report: dict[str, Any], killed: Killed | None, seconds: float) -> Result:
        """Asks the database what came out of it, and for the proof."""
        from pgdocket.demo.proof import prove

        done_by = self._ask("who_did_what")
        ends = self._ask("ends_of_attempt", attempt_id=killed.attempt_id) if killed else [None]
        return Result(
            project=self.project.slug,
            report=report,
            completed=sum(row["completed"] for row in done_by),
            seconds=seconds,
            agents=done_by,
            retried=self._ask("retried"),
            killed=killed,
            killed_end=ends[0],
            longest_chain=self.docket.critical_path(
                project_id=self.project.project_id, include_completed=True
            ),
            picture=self._draw(),
            claims=prove(self.session, self.project.project_id),
        )

    def _draw(self) -> Path:
        from pgdocket import graph_picture, server

        home = server.find_home() if self.target.is_local else None
        folder = home or Path(tempfile.mkdtemp(prefix="pgdocket-"))
        file = folder / f"{self.project.slug}.svg"
        graph = self.docket.graph(project_id=self.project.project_id)
        file.write_text(graph_picture.svg(graph_picture.picture_of(graph)), encoding="utf-8")
        return file

    def _ask(self, name: str, **values: object) -> list[dict[str, Any]]:
        from pgdocket.demo.crew import ask

        project_id = self.project.project_id
        return ask(self.session, "demo.sql", name, project_id=project_id, **values)


def _new_project(docket: Docket) -> Project:
    """A project that is not there yet: demo, demo-2, ..."""
    for number in range(1, _MOST_PROJECTS):
        slug = "demo" if number == 1 else f"demo-{number}"
        with suppress(Conflict), docket.transaction():
            return docket.create_project(slug=slug)
    raise Conflict(
        f"there are {_MOST_PROJECTS} demo projects already",
        hint="start anew with an empty database",
    )
