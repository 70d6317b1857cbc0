"""`pgdocket agent`: any program as an agent that works through the queue."""

from __future__ import annotations

from contextlib import closing

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import agent_option, the_project


@click.command()
@common_options
@agent_option
@click.option("--exec", "command", metavar="COMMAND", required=True, help="What to run for a task.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=1, show_default=True,
              help="Tasks at a time.")  # fmt: skip
@click.option("--batch", "batch_size", metavar="N", type=click.IntRange(1, 1000), default=1,
              show_default=True, help="Tasks to claim, and to complete, in one call.")  # fmt: skip
@click.option("--prefetch", metavar="N", type=click.IntRange(min=0),
              help="Tasks that may be claimed ahead and wait (default: batch - 1).")  # fmt: skip
@click.option("--lease", "lease_seconds", metavar="SECONDS", type=click.IntRange(min=3), default=60,
              show_default=True, help="Renewed in the background.")  # fmt: skip
@click.option("--timeout", "timeout_seconds", metavar="SECONDS", type=float,
              help="Terminate a program that takes longer.")  # fmt: skip
@click.option("--class", "failure_class", metavar="CLASS", default="bug", show_default=True,
              help="The failure class of other exit codes.")  # fmt: skip
@click.option("--tag", "tags_all", multiple=True, help="Only with this tag; repeatable (all).")
@click.option("--capability", "capabilities", multiple=True,
              help="What the program can do, for tasks that require it; repeatable.")  # fmt: skip
@click.option("--all-projects", is_flag=True, help="Work in every project, in turn.")
@click.option("--until-idle", is_flag=True, help="Stop when nothing is ready.")
@click.pass_obj
def agent(
    options: Options,
    agent: str,
    command: str,
    concurrency: int,
    batch_size: int,
    prefetch: int | None,
    lease_seconds: int,
    timeout_seconds: float | None,
    failure_class: str,
    tags_all: tuple[str, ...],
    capabilities: tuple[str, ...],
    all_projects: bool,
    until_idle: bool,
) -> None:
    """Claim tasks and run a program for each.

    The task is on the program's standard input, as JSON; {task_id}, {task_key}, {attempt_id},
    {project_id} and {title} in COMMAND are filled in. Exit code 0 completes the task, 75 fails it
    for its surroundings (it is tried again later), any other fails it; what the program printed is
    kept. No shell reads COMMAND: name one where you need it.

    Programs that take no time go faster with --batch; tasks that wait keep their leases, and are
    given back when no program could be run for them within the length of one.

    SIGTERM and Ctrl-C finish what is held and claim nothing more; the second gives it back.

    \b
    Example:
      pgdocket agent --agent builder --exec 'make -C work {task_key}' --concurrency 4
      pgdocket agent --until-idle --exec 'sh -c "jq -r .title | tee done.txt"'
    """
    from pgdocket import config
    from pgdocket.client import Agent, ConnectionSettings, Docket, Task
    from pgdocket.client.program import Program

    program = Program(command, timeout_seconds, failure_class)

    def tell(event: str, task: Task) -> None:
        if options.json:
            fact = {"event": event, "task_id": task.task_id, "task_key": task.task_key}
            click.echo(output.to_json(fact, indent=None))
        else:
            output.plain(f"{event} {task.task_key}: {task.title}")

    target = config.resolve(options.db, notify=output.say)
    settings = ConnectionSettings(min_size=1, max_size=concurrency + 3)
    with closing(program), Docket(target, settings=settings) as docket:
        report = Agent(
            docket,
            project_id=None if all_projects else the_project(docket, options).project_id,
            name=agent,
            handler=program,
            concurrency=concurrency,
            batch_size=batch_size,
            prefetch=prefetch,
            lease_seconds=lease_seconds,
            tags_all=tags_all or None,
            capabilities=capabilities or None,
            until_idle=until_idle,
            on_event=tell,
        ).run()
    counts = {name: getattr(report, name) for name in report.__slots__}
    if options.json:
        click.echo(output.to_json(counts, indent=None))
    else:
        output.plain(", ".join(f"{count} {name}" for name, count in counts.items()))
