"""Runs scripts through psql, with the command line that Sqitch gives it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.reporter import Reporter

_PATIENCE_S = 5


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
    code, stdout, stderr = _run(command, environ)
    if stdout and not is_muted:
        reporter.out(stdout.decode("utf-8", "replace"))
    message = stderr.decode("utf-8", "replace")
    if code == 0:
        reporter.err(message)
        return
    text = f'{message}"psql" unexpectedly returned exit value {code}\n'
    last = message.strip().rpartition("\n")[2] or f"psql returned {code}"
    raise ScriptError(text, script, last)


def _run(command: list[str], environ: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    """Runs the command. When this process is interrupted, psql cancels its statement first."""
    with subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            stdout, stderr = process.communicate()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_PATIENCE_S)
            process.kill()
            raise
        return process.returncode, stdout, stderr
