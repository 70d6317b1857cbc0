"""Deployment scripts, from the shell and for real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.clients import Run, RunJson
from support.databases import Database

Add = Callable[..., None]

MOST_MEMORY_KB = 200_000


@pytest.fixture
def docket(docket18: Database) -> Database:
    """One version is enough: what the scripts and the command do has little to do with it."""
    return docket18


@pytest.fixture
def add(run: Run, run_json: RunJson, tmp_path: Path) -> Add:
    """Puts a script: add("name", "text", "--attempts", "2"); bash unless it has a suffix."""
    run_json("project", "add", "shop")

    def put(name: str, text: str, *options: str, suffix: str = ".sh") -> None:
        file = tmp_path / f"{name}{suffix}"
        file.write_text(text)
        result = run("script", "add", name, str(file), *options)
        assert result.exit_code == 0, result.output

    return put


def run_apart(docket: Database, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Runs the command in a process of its own."""
    command = [sys.executable, "-m", "pgdocket", "script", "run", *arguments]
    return subprocess.Popen(
        command, env=docket.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def wait_for(holds: Callable[[], object]) -> None:
    """Waits until something holds."""
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; nobody may have waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_scripts_are_kept_in_versions_and_shown(add: Add, run: Run, run_json: RunJson) -> None:
    add("migrate", "select 1;\n", "--env", "staging", suffix=".sql")
    add("migrate", "select 2;\n", suffix=".sql")
    add("roll-out", "echo out\n", "--depends-on", "migrate", "--require", "TOKEN")
    listed = run_json("script", "list")
    assert [(each["script_name"], each["language"], each["version_no"]) for each in listed] == [
        ("migrate", "sql", 2), ("roll-out", "bash", 1),
    ]  # fmt: skip
    assert run("script", "show", "migrate", "--content").stdout == "select 2;\n"
    assert run("script", "show", "migrate", "--content", "--version", "1").stdout == "select 1;\n"
    assert [row["version_no"] for row in run_json("script", "show", "migrate", "--versions")] == [
        2, 1,
    ]  # fmt: skip
    assert run_json("script", "show", "roll-out")["depends_on"] == ["migrate"]
    assert "required_variables  TOKEN" in run("script", "show", "roll-out").stdout
    cycle = run("script", "add", "migrate", "--depends-on", "roll-out")
    assert cycle.exit_code == 6
    assert "migrate -> roll-out -> migrate" in cycle.stderr
    assert run("script", "add", "x", "--require", "TOKEN=hunter2").exit_code == 3
    assert run("script", "retire", "migrate").exit_code == 5
    plan = run_json("script", "plan", "--env", "staging")
    assert [(each["wave"], each["script_name"], each["unmet"]) for each in plan] == [
        (1, "migrate", []), (2, "roll-out", ["migrate"]),
    ]  # fmt: skip
    assert [each["script_name"] for each in run_json("script", "plan", "--env", "production")] == [
        "roll-out"
    ]
    assert run("script", "add", "roll-out", "--no-dependencies").exit_code == 0
    assert run("script", "retire", "migrate").exit_code == 0
    assert "roll-out" not in run("script", "plan", "--env", "development", "roll-out").stderr
    assert run("script", "plan", "--env", "moon").exit_code == 2


def test_scripts_of_all_languages_run_after_what_they_wait_for(
    add: Add, run: Run, run_json: RunJson, docket: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("schema", "create table goods ();\nselect 'made';\n", suffix=".sql")
    add("seed", "import os\nprint('seeded', os.environ['API_TOKEN'])\n", "--require", "API_TOKEN",
        "--depends-on", "schema", suffix=".py")  # fmt: skip
    add("up", "echo \"$PGDOCKET_SCRIPT $PGDOCKET_ENVIRONMENT\"; printf 'no end' >&2",
        "--depends-on", "seed")  # fmt: skip
    to_staging = ("script", "run", "up", "--env", "staging")
    early = run(*to_staging)
    assert (early.exit_code, "schema, seed" in early.stderr) == (5, True)
    unset = run(*to_staging, "--with-dependencies")
    assert unset.exit_code == 3
    assert "DEPLOY_DATABASE_URL" in unset.stderr
    monkeypatch.setenv("DEPLOY_DATABASE_URL", docket.conninfo)
    assert "API_TOKEN" in run(*to_staging, "--with-dependencies").stderr
    monkeypatch.setenv("API_TOKEN", "hunter22")
    dry = run_json(*to_staging, "--with-dependencies", "--dry-run")
    assert [each["script_name"] for each in dry] == ["schema", "seed", "up"]
    assert run_json("script", "history") == []
    done = run(*to_staging, "--with-dependencies")
    assert done.exit_code == 0, done.output
    assert done.stdout == "made\nseeded ********\nup staging\n"
    assert "no end" in done.stderr
    history = run_json("script", "history", "--env", "staging")
    assert [(each["script_name"], each["status"], each["exit_code"]) for each in history] == [
        (name, "completed", 0) for name in ("up", "seed", "schema")
    ]
    shown = run("script", "output", history[1]["deployment_id"])
    assert shown.stdout == "seeded ********\n"
    log = run_json("execution", "log", history[0]["execution_id"])
    assert [(line["message"], line["level"]) for line in log] == [
        ("up staging", "info"), ("no end", "warning"),
    ]  # fmt: skip
    again = run_json(*to_staging, "--with-dependencies")
    assert [each["script_name"] for each in again] == ["up"]
    unconfirmed = run("script", "run", "schema", "--env", "production", "--dry-run")
    assert unconfirmed.exit_code == 0
    unconfirmed = run("script", "run", "schema", "--env", "production")
    assert (unconfirmed.exit_code, "--yes" in unconfirmed.stderr) == (3, True)
    failed = run("script", "run", "schema", "--env", "production", "--yes")
    assert (failed.exit_code, "already exists" in failed.stderr) == (1, True)


def test_what_fails_is_tried_again_as_often_as_it_says(
    add: Add, run: Run, run_json: RunJson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("flaky", f"echo x >> {tmp_path}/tries; test $PGDOCKET_ATTEMPT = 3 || exit 7",
        "--attempts", "3", "--backoff", "0")  # fmt: skip
    assert run("script", "run", "flaky", "--env", "staging").exit_code == 0
    history = run_json("script", "history", "flaky")
    assert [(each["attempt_no"], each["status"], each["exit_code"]) for each in history] == [
        (3, "completed", 0), (2, "failed", 7), (1, "failed", 7),
    ]  # fmt: skip
    chain = run_json("execution", "chain", history[0]["execution_id"])
    assert [each["retry_count"] for each in chain] == [0, 1, 2]
    assert (tmp_path / "tries").read_text() == "x\n" * 3
    add("flaky", "kill -9 $$", "--attempts", "1")
    ended = run("script", "run", "flaky", "--env", "staging")
    assert (ended.exit_code, "signal 9" in ended.stderr) == (1, True)
    add("page", "console.log(process.env.PGDOCKET_SCRIPT)", suffix=".js")
    if shutil.which("node"):
        assert run("script", "run", "page", "--env", "development").stdout == "page\n"
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = run("script", "run", "page", "--env", "staging")
    assert (missing.exit_code, "there is no node here" in missing.stderr) == (4, True)
    assert run_json("script", "history", "page", "--env", "staging") == []


def test_what_hangs_is_ended_with_all_that_it_has_started(
    add: Add, run: Run, run_json: RunJson, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    add("hang", f"echo $$ >> {pids}; sleep 600 & echo $! >> {pids}; echo hanging; wait")
    ended = run("script", "run", "hang", "--env", "staging", "--timeout", "0.5")
    assert (ended.exit_code, ended.stdout) == (1, "hanging\n")
    (row,) = run_json("script", "history", "hang")
    assert (row["status"], row["exit_code"]) == ("timed_out", -signal.SIGTERM)
    wait_for(lambda: all(is_gone(int(pid)) for pid in pids.read_text().split()))
    add("leave", f"sleep 600 & echo $! > {pids}; echo left")
    assert run("script", "run", "leave", "--env", "staging").exit_code == 0
    wait_for(lambda: is_gone(int(pids.read_text())))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_is_recorded(
    add: Add, run_json: RunJson, docket: Database, number: int
) -> None:
    add("long", "trap 'echo bye; exit 9' TERM; echo $$; sleep 600 & wait", "--attempts", "5")
    with run_apart(docket, "long", "--env", "staging") as process:
        pid = int(process.stdout.readline()) if process.stdout else 0
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (128 + number, b"bye\n")
    assert is_gone(pid)
    (row,) = run_json("script", "history", "long")
    assert (row["status"], row["exit_code"]) == ("cancelled", 9)
    assert row["error_message"] == f"stopped by {signal.Signals(number).name}"


def test_what_nobody_runs_any_more_is_ended_by_maintenance(
    add: Add, run: Run, run_json: RunJson, docket: Database
) -> None:
    add("long", "echo $$; while :; do echo on; sleep 0.1; done")
    with run_apart(docket, "long", "--env", "staging") as process:
        pid = int(process.stdout.readline()) if process.stdout else 0
        process.kill()
    # It can tell nobody any more what it does, which ends it.
    wait_for(lambda: is_gone(pid))
    assert run("script", "run", "long", "--env", "staging").exit_code == 5
    with psycopg.connect(docket.conninfo, autocommit=True) as session:
        session.execute("select set_config('docket.fake_now', (now() + '2 min')::text, false)")
        session.execute("select docket.maintain('{executions}')")
    (row,) = run_json("script", "history", "long")
    assert (row["status"], row["exit_code"]) == ("timed_out", None)
    assert row["error_message"].startswith("no sign of life for 60 seconds")


def test_what_somebody_cancels_is_ended(
    add: Add, run: Run, run_json: RunJson, docket: Database
) -> None:
    add("long", "echo $$; for i in {1..6000}; do echo $i; sleep 0.1; done")
    with run_apart(docket, "long", "--env", "staging") as process:
        pid = int(process.stdout.readline()) if process.stdout else 0
        (row,) = run_json("script", "history", "--status", "running")
        second = run("script", "run", "long", "--env", "staging")
        assert (second.exit_code, "already" in second.stderr) == (5, True)
        assert run("script", "cancel", row["deployment_id"]).exit_code == 0
        process.communicate(timeout=30)
    assert process.returncode == 1
    assert is_gone(pid)
    assert [each["status"] for each in run_json("script", "history")] == ["cancelled"]


def test_sql_that_is_ended_does_not_go_on_in_the_server(
    add: Add, run: Run, docket: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERE", docket.conninfo)
    add("slow", "select pg_sleep(600);", suffix=".sql")
    run_slow = ("script", "run", "slow", "--env", "staging", "--timeout", "3", "--target", "THERE")
    assert run(*run_slow).exit_code == 1
    with psycopg.connect(docket.conninfo) as session:
        query = """select count(*) = 0 from pg_stat_activity
                    where query ~ '^select pg_sleep' and state = 'active'"""
        wait_for(lambda: (session.execute(query).fetchone() or [False])[0])


def test_a_hundred_megabytes_are_shown_and_take_no_memory(
    add: Add, run_json: RunJson, docket: Database
) -> None:
    add("big", "yes 0123456789012345678901234567890123456789 | head -c 104857600; echo; echo end")
    process = run_apart(docket, "big", "--env", "staging")
    shown = 0
    while process.stdout and (data := os.read(process.stdout.fileno(), 1 << 20)):
        shown += len(data)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.communicate()
    assert (process.returncode, shown) == (0, 104857605)
    assert usage.ru_maxrss < MOST_MEMORY_KB
    (row,) = run_json("script", "history", "big")
    execution = run_json("script", "output", row["deployment_id"])
    assert execution["performance_metrics"] == {"stdout_bytes": 104857605, "stderr_bytes": 0}
    assert execution["stdout_preview"].startswith("0123456789")
    assert execution["stdout_preview"].endswith("end\n")
    assert len(execution["stdout_preview"]) <= 65536
    assert execution["log_lines"] == 10000
