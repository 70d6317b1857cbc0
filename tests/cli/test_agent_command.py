"""`pgdocket agent --exec`: any program works through the queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from uuid import UUID

import pytest

from pgdocket.client import Docket
from support.clients import Run, eventually, process_state
from support.databases import Database

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def client(docket: Database) -> Iterator[Docket]:
    """A client of the docket that has the shop."""
    with Docket(docket.conninfo) as opened:
        yield opened


def script(folder: Path, text: str) -> str:
    """A Python program as a command."""
    path = folder / "program.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


def task(client: Docket, key: str) -> UUID:
    return client.task_id(project_id=client.list_projects()[0].project_id, reference=key)


def test_every_task_is_told_and_done_in_order(run: Run, client: Docket, tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import json, os, sys\n"
        "task = json.load(sys.stdin)\n"
        "print(task['title'], sys.argv[1:], os.environ['PGDOCKET_TASK_KEY'])\n"
        "print('noise', file=sys.stderr)\n",
    )
    done = run("agent", "--agent", "ann", "--until-idle", "--exec",
               f"{command} {{task_key}} '{{title}} {{{{x}}}}'")  # fmt: skip
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[-1] == "3 completed, 0 failed, 0 released, 0 lost"
    assert [line for line in lines if line.startswith("completed")] == [
        "completed shop-1: Lay the table",
        "completed shop-2: Serve",
        "completed shop-3: Wash up",
    ]
    first = client.get_task(task_id=task(client, "shop-1"))
    assert first.assigned_to == "ann"
    assert first.results["exit_code"] == 0
    assert first.results["output"] == ("Lay the table ['shop-1', 'Lay the table {x}'] shop-1\n")
    assert first.results["error_output"] == "noise\n"


def test_a_title_is_never_read_by_a_shell(run: Run, client: Docket, tmp_path: Path) -> None:
    client.create_task(
        project_id=client.list_projects()[0].project_id,
        title=f"x; touch {tmp_path}/owned $(touch {tmp_path}/owned)",
        task_key="evil",
        priority=10,
        tags=["evil"],
    )
    done = run("agent", "--until-idle", "--tag", "evil", "--exec", "echo {title}")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "owned").exists()
    results = client.get_task(task_id=task(client, "evil")).results
    assert results["output"].startswith("x; touch")


@pytest.mark.parametrize(
    ("ending", "failure_class", "error"),
    [
        ("sys.exit('no disk')", "bug", "the program ended with exit code 1: no disk"),
        ("sys.exit(75)", "infrastructure", "the program ended with exit code 75"),
        ("os.kill(os.getpid(), 9)", "infrastructure", "the program was ended by signal 9"),
        ("time.sleep(60)", "bug", "the program took more than 0.5 seconds"),
    ],
)
def test_how_it_ends_decides_the_failure_class(
    run: Run, client: Docket, tmp_path: Path, ending: str, failure_class: str, error: str
) -> None:
    command = script(tmp_path, f"import os, sys, time\n{ending}\n")
    done = run("agent", "--until-idle", "--tag", "web", "--timeout", "0.5", "--exec", command)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "0 completed, 1 failed, 0 released, 0 lost"
    (attempt,) = client.list_attempts(task_id=task(client, "shop-1"))
    assert (attempt.failure_class, attempt.error) == (failure_class, error)
    assert set(attempt.details) == {"exit_code", "seconds", "output", "error_output"}


def test_a_program_that_is_not_there_fails_the_task_for_its_surroundings(
    run: Run, client: Docket
) -> None:
    done = run("agent", "--until-idle", "--tag", "web", "--exec", "no-such-program {task_id}")
    assert done.exit_code == 0, done.output
    (attempt,) = client.list_attempts(task_id=task(client, "shop-1"))
    assert attempt.failure_class == "infrastructure"
    assert "could not be started" in (attempt.error or "")


def test_much_output_is_kept_in_part(run: Run, client: Docket, tmp_path: Path) -> None:
    command = script(tmp_path, "print('x' * 10_000_000 + 'end')\n")
    done = run("agent", "--until-idle", "--tag", "web", "--exec", command)
    assert done.exit_code == 0, done.output
    kept = client.get_task(task_id=task(client, "shop-1")).results["output"]
    assert len(kept) < 70_000
    assert kept.startswith("... (")
    assert kept.endswith("xend\n")


def test_what_a_program_started_ends_with_it(run: Run, tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(tmp_path / 'child')!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n",
    )
    done = run("agent", "--until-idle", "--tag", "web", "--timeout", "1", "--exec", command)
    assert done.exit_code == 0, done.output
    child = int((tmp_path / "child").read_text())
    eventually(lambda: process_state(child) == "Z", "the child is gone")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "the command is empty"),
        ("echo 'open", "the command can't be read: No closing quotation"),
        ("echo {secret}", "the command has an unknown field {secret}"),
        ("echo {", "the command can't be read at {"),
    ],
)
def test_a_command_that_means_nothing_is_refused_before_anything_is_claimed(
    run: Run, client: Docket, command: str, message: str
) -> None:
    done = run("agent", "--exec", command)
    assert done.exit_code == 3, done.output
    assert done.stderr.startswith(f"pgdocket: {message}")
    assert client.get_task(task_id=task(client, "shop-1")).status == "pending"


def test_json_has_a_line_for_each_event(run: Run) -> None:
    done = run("agent", "--json", "--until-idle", "--tag", "web", "--exec", "true")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("event") for line in lines] == ["claimed", "completed", None]
    assert lines[-1] == {"completed": 1, "failed": 0, "released": 0, "lost": 0}


def test_a_batch_is_claimed_ahead_and_no_more_than_prefetch_wait(run: Run, client: Docket) -> None:
    for n in range(6):
        client.create_task(
            project_id=client.list_projects()[0].project_id, title="T", task_key=f"b{n}",
            tags=["batch"],
        )  # fmt: skip
    done = run("agent", "--until-idle", "--tag", "batch", "--batch", "3", "--prefetch", "2",
               "--exec", "true")  # fmt: skip
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["claimed"] * 3
    assert lines[-1] == "6 completed, 0 failed, 0 released, 0 lost"
    for event in ("claimed", "completed"):
        assert [each for each in lines if each.startswith(event)] == [
            f"{event} b{n}: T" for n in range(6)
        ]


def test_it_takes_what_it_can_do_from_every_project(run: Run, client: Docket) -> None:
    other = client.create_project(slug="other").project_id
    client.create_task(project_id=other, title="A", task_key="a", needed_capabilities=["oven"])
    client.create_task(project_id=other, title="B", task_key="b", needed_capabilities=["crane"])
    done = run("agent", "--until-idle", "--all-projects", "--capability", "oven",
               "--capability", "sink", "--exec", "true")  # fmt: skip
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[-1] == "4 completed, 0 failed, 0 released, 0 lost"
    assert "completed a: A" in lines
    assert client.get_task(task_id=client.task_id(project_id=other, reference="b")).status == (
        "pending"
    )


@contextmanager
def agent_process(docket: Database, command: str) -> Iterator[subprocess.Popen[str]]:
    """An agent in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "agent", "--agent", "bob", "--exec", command],
        env=os.environ | docket.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


WAITING = """
import os, pathlib, time
folder = pathlib.Path({folder!r})
(folder / "begun").write_text(str(os.getpid()))
while not (folder / "go").exists():
    time.sleep(0.05)
"""


def test_a_signal_lets_the_program_finish_and_claims_nothing_more(
    docket: Database, tmp_path: Path
) -> None:
    with agent_process(docket, script(tmp_path, WAITING.format(folder=str(tmp_path)))) as agent:
        eventually((tmp_path / "begun").exists, "the program has begun")
        agent.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()
        out, _ = agent.communicate(timeout=30)
    assert out.splitlines()[-1] == "1 completed, 0 failed, 0 released, 0 lost"
    assert agent.returncode == 0


def test_a_second_signal_ends_the_program_and_gives_the_task_back(
    docket: Database, client: Docket, tmp_path: Path
) -> None:
    with agent_process(docket, script(tmp_path, WAITING.format(folder=str(tmp_path)))) as agent:
        eventually(
            lambda: (tmp_path / "begun").exists() and (tmp_path / "begun").read_text(),
            "the program has begun",
        )
        for _ in range(2):
            agent.send_signal(signal.SIGTERM)
            sleep(0.5)  # two signals at once are one
        out, _ = agent.communicate(timeout=30)
    assert out.splitlines()[-1] == "0 completed, 0 failed, 1 released, 0 lost"
    assert process_state(int((tmp_path / "begun").read_text())) == "Z"
    assert client.get_task(task_id=task(client, "shop-1")).status == "pending"
