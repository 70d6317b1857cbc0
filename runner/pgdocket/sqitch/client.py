"""Runs scripts through psql, with the command line that Sqitch gives it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.reporter import Reporter


def find_client(configured: str | None) -> str | None:
    """The psql to use: the one configured, else the one on PATH, else None."""
    if configured is None:
        return shutil.which("psql")
    if shutil.which(configured) is None:
        raise SqitchError(f"Client {configured} is not an executable program")
    return configured


def arguments(
    client: str, conninfo: str, registry: str, variables: Mapping[str, str], script: Path
) -> list[str]:
    """psql's command line. The password must not be in `conninfo`: others can read it here."""
    settings = [
        part for name in sorted(variables) for part in ("--set", f"{name}={variables[name]}")
    ]
    return [
        client,
        *(["--dbname", conninfo] if conninfo else []),
        *settings,
        "--quiet",
        "--no-psqlrc",
        "--no-align",
        "--tuples-only",
        "--set",
        "ON_ERROR_STOP=1",
        "--set",
        f"registry={registry}",
        "--file",
        str(script),
    ]


def run_client(
    command: list[str],
    script: Path,
    password: str | None,
    reporter: Reporter,
    *,
    is_muted: bool,
    lock_timeout: str | None = None,
) -> None:
    """Runs psql and passes on what it prints; ScriptError when it fails."""
    environ = {**os.environ, "PGCLIENTENCODING": "UTF8"}
    if lock_timeout:
        value = lock_timeout.replace("\\", "\\\\").replace(" ", "\\ ")
        environ["PGOPTIONS"] = f"{os.environ.get('PGOPTIONS', '')} -c lock_timeout={value}".strip()
    if password:
        environ["PGPASSWORD"] = password
    done = subprocess.run(
        command, env=environ, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.stdout and not is_muted:
        reporter.out(done.stdout.decode("utf-8", "replace"))
    message = done.stderr.decode("utf-8", "replace")
    if done.returncode == 0:
        reporter.err(message)
        return
    text = f'{message}"psql" unexpectedly returned exit value {done.returncode}\n'
    last = message.strip().rpartition("\n")[2] or f"psql returned {done.returncode}"
    raise ScriptError(text, script, last)
