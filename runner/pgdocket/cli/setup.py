"""setup, seed, reset: a docket from nothing to its first rows, and back to nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgdocket import config, output
from pgdocket.cli import Options, common_options
from pgdocket.cli.deploy import own_errors, own_job
from pgdocket.cli.exchange import in_words, project_folder, slug_of
from pgdocket.errors import InvalidArgument

if TYPE_CHECKING:
    from pgdocket.seeds import Planted
    from pgdocket.sqitch.engine import Job
    from pgdocket.sqitch.results import RunResult


@click.command()
@common_options
@click.pass_obj
def setup(options: Options) -> None:
    """Deploy pgdocket's schema and its first rows.

    The local server is started, or made, where no other is named. Where you see no project yet,
    one is made: that of --project, else one named after this folder. Again it changes nothing.

    \b
    Example:
      pgdocket setup
      pgdocket task add "Write the first test"
    """
    from pgdocket.sqitch.deploy import DeployOptions, deploy_job

    with own_errors(options):
        job = own_job(options, "create")
        deployed = deploy_job(job, DeployOptions())
        planted = _plant(options, job.conninfo)
    _tell(options, deployed, planted)


@click.command()
@click.option("--samples", is_flag=True, help="Import the sample task files instead.")
@common_options
@click.pass_obj
def seed(options: Options, samples: bool) -> None:
    """Write the first rows, or samples.

    Where you see no project yet, one is made: that of --project, else one named after this folder.
    With --samples each file of sql/samples/ becomes a project of its name.

    \b
    Example:
      pgdocket seed --project shop
      pgdocket seed --samples
    """
    if samples:
        _import_samples(options)
        return
    target = config.resolve(options.db, notify=output.say)
    with own_errors(options):
        planted = _plant(options, target.conninfo)
    _tell(options, None, planted)


@click.command()
@click.option(
    "--yes", "answer", metavar="NAME", help="The database's name, instead of the question."
)
@common_options
@click.pass_obj
def reset(options: Options, answer: str | None) -> None:
    """Revert pgdocket's schema and deploy it anew. ALL ITS DATA ARE LOST.

    Asks for the database's name, and does nothing where nobody types it.

    \b
    Example:
      pgdocket reset
      pgdocket reset --db scratch --yes scratch
    """
    with own_errors(options):
        job = own_job(options, "start")
        _make_sure(job.conninfo, job.display, answer)
        done = _deploy_anew(job)
    if options.json:
        output.print_json(done.as_dict())


def _plant(options: Options, conninfo: str) -> Planted:
    from pgdocket.seeds import plant

    here = slug_of(project_folder(Path.cwd() / "tasks.json").name)
    return plant(conninfo, options.project, here)


def _tell(options: Options, deployed: RunResult | None, planted: Planted) -> None:
    if options.json:
        done: dict[str, Any] = {"projects": list(planted.projects)}
        output.print_json(done | ({"deploy": deployed.as_dict()} if deployed else {}))
    elif planted.projects:
        output.plain(f"made project {', '.join(planted.projects)}")
    else:
        name = f"project {options.project}" if options.project else "a project"
        output.plain(f"there is {name} already: nothing to do")


def _import_samples(options: Options) -> None:
    from pgdocket.cli.session import opened
    from pgdocket.seeds import sample_files

    with opened(options) as docket:
        reports = [
            docket.import_tasks_json(
                slug=options.project or slug_of(file.stem),
                source_name=file.name,
                content=file.read_bytes(),
            )
            for file in sample_files()
        ]
    if options.json:
        output.print_json({"imports": reports})
        return
    for report in reports:
        output.plain(in_words(report))


def _make_sure(conninfo: str, description: str, answer: str | None) -> None:
    """Raises InvalidArgument unless the name of the database has been given."""
    from pgdocket.sqitch.connection import connect_control

    with connect_control(conninfo) as connection:
        name = connection.info.dbname
    if answer is None:
        output.say(f"All data of pgdocket in {description} will be lost.")
        output.say(f"Type the name of the database ({name}) to go on:")
        line = sys.stdin.readline()
        if not line:
            raise InvalidArgument(
                "nothing is reset: nobody is there to answer", hint=f"in a script: --yes {name}"
            )
        answer = line.strip()
    if answer != name:
        raise InvalidArgument(
            f"nothing is reset: the database is called {name}, not {answer or 'nothing'}"
        )


def _deploy_anew(job: Job) -> RunResult:
    """Reverts what is deployed, and deploys everything, under one lock."""
    from dataclasses import replace

    from pgdocket.sqitch.deploy import DeployOptions, deploy_with
    from pgdocket.sqitch.engine import open_engine
    from pgdocket.sqitch.revert import RevertOptions, revert_with

    with open_engine(job) as engine:
        engine.lock()
        if engine.registry.version(engine.control) is None:
            return deploy_with(engine, DeployOptions())
        reverted = revert_with(engine, RevertOptions())
        deployed = deploy_with(engine, DeployOptions())
    return replace(deployed, changes=(*reverted.changes, *deployed.changes))
