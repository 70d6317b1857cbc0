"""pgTAP: finding it, loading it into a schema of its own, running a file, reading its answer."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import IO

import psycopg

SCHEMA = "tap"
NPM_PACKAGE = "@electric-sql/pglite-pgtap@0.0.15"  # carries pgTAP 1.3.5
DEBIAN_FILES = "usr/share/postgresql/*/extension/pgtap--*.sql"
PSQL_OPTIONS = (
    "--no-psqlrc", "--no-align", "--quiet", "--pset", "pager=off", "--pset", "tuples_only=true",
    "--set", "ON_ERROR_STOP=1",
)  # fmt: skip


def load(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Loads pgTAP into schema `tap`: the server's own extension, or else its plain SQL.

    Raises LookupError, saying what to install, when there is none to be had.
    """
    available = connection.execute(
        "select from pg_catalog.pg_available_extensions as e where e.name = 'pgtap'"
    ).fetchone()
    if available is None:
        load_script(connection, plain_script())
        return
    make_schema(connection)
    connection.execute(f"create extension pgtap with schema {SCHEMA}")


def make_schema(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Makes schema `tap`, which every role may use."""
    connection.execute(f"create schema {SCHEMA}")
    connection.execute(f"grant usage on schema {SCHEMA} to public")


def load_script(connection: psycopg.Connection[tuple[object, ...]], script: Path) -> None:
    """Loads pgTAP's plain SQL into schema `tap`."""
    make_schema(connection)
    connection.execute(f"set search_path = {SCHEMA}")
    connection.execute(script.read_bytes())
    connection.execute("reset search_path")


def plain_script() -> Path:
    """The newest pgTAP script of Debian's packages, else that of the npm package, fetched once."""
    debian = newest(Path("/").glob(DEBIAN_FILES))
    if debian is not None:
        return debian
    folder = cache_folder() / "pglite-pgtap-0.0.15"
    cached = newest(folder.glob("**/pgtap--*.sql"))
    return cached if cached is not None else fetch(folder)


def newest(paths: Iterator[Path]) -> Path | None:
    """Of several `pgtap--VERSION.sql`, upgrade scripts apart, the one of the highest version."""
    found = {
        tuple(int(part) for part in match[1].split(".")): path
        for path in paths
        if (match := re.fullmatch(r"pgtap--(\d+(?:\.\d+)+)\.sql", path.name))
    }
    return found[max(found)] if found else None


def fetch(folder: Path) -> Path:
    """Fetches pgTAP with npm into a cache folder.

    Raises LookupError when npm is missing or fails.
    """
    npm = which("npm")
    if npm is None:
        raise LookupError("pgTAP not found: install postgresql-NN-pgtap, or npm to fetch it with")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        packed = subprocess.run(
            [npm, "pack", "--silent", f"--cache={scratch}/npm", NPM_PACKAGE],
            cwd=scratch, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if packed.returncode != 0:
            said = packed.stderr.strip() or f"exit code {packed.returncode}"
            raise LookupError(f"pgTAP not found, and npm can't fetch {NPM_PACKAGE}: {said}")
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as package:
            archive = package.extractfile("package/dist/pgtap.tar.gz")
            if archive is None:
                raise LookupError(f"{NPM_PACKAGE} has no dist/pgtap.tar.gz")
            name, text = script_in(archive)
        taken = Path(scratch, "taken")
        taken.mkdir()
        (taken / name).write_bytes(text)
        with contextlib.suppress(OSError):  # another run was faster
            taken.rename(folder)
    return folder / name


def script_in(archive: IO[bytes]) -> tuple[str, bytes]:
    """The name and text of the newest pgTAP script inside a tar archive."""
    with tarfile.open(fileobj=archive) as inner:
        members = {Path(member.name): member for member in inner.getmembers() if member.isfile()}
        path = newest(iter(members))
        content = inner.extractfile(members[path]) if path is not None else None
        if path is None or content is None:
            raise LookupError(f"no pgTAP script inside {NPM_PACKAGE}")
        return path.name, content.read()


def cache_folder() -> Path:
    """Where what was fetched or found stays between runs: $PGDOCKET_CACHE, else ~/.cache/pgdocket.

    For a user without a home of his own, a folder beside the temporary files.
    """
    named = os.environ.get("PGDOCKET_CACHE")
    folder = Path(named) if named else Path.home() / ".cache" / "pgdocket"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir(), f"pgdocket-cache-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pgTAP file said: `problems` is empty when all that it planned holds."""

    problems: tuple[str, ...]
    skipped: str | None
    output: str


def run_file(path: Path, environment: dict[str, str], psql: Path) -> Outcome:
    """Runs one file in a connection of its own, as pg_prove does, and reads the answer."""
    options = f"-c search_path={SCHEMA}"
    process = subprocess.run(
        [str(psql), *PSQL_OPTIONS, "--file", str(path)],
        env=environment | {"PGOPTIONS": options},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    outcome = read_tap(process.stdout)
    problems = list(outcome.problems)
    if process.returncode != 0:
        problems.insert(0, f"psql ended with {process.returncode}:\n{process.stderr.strip()}")
    return Outcome(tuple(problems), outcome.skipped, process.stdout + process.stderr)


def read_tap(text: str) -> Outcome:
    """Judges TAP: plan, results, bail-out; a result marked TODO may fail.

    A failed result is reported with the diagnostics that follow it.
    """
    planned: int | None = None
    skipped: str | None = None
    ran = 0
    problems: list[str] = []
    failing = False
    for line in text.splitlines():
        if match := re.match(r"1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?", line, re.IGNORECASE):
            planned = int(match[1])
            skipped = (match[2] or "no reason given") if planned == 0 else None
        elif match := re.match(r"(not )?ok\b(.*)", line):
            ran += 1
            failing = bool(match[1]) and not re.search(r"#\s*todo\b", line, re.IGNORECASE)
            if failing:
                problems.append(line)
        elif line.startswith("Bail out!"):
            problems.append(line)
        elif failing and line.startswith("#"):
            problems[-1] += f"\n{line}"
    if planned is None:
        problems.append("no plan: the file does not say how many results it promises")
    elif planned != ran:
        problems.append(f"planned {planned} results but gave {ran}")
    return Outcome(tuple(problems), skipped, text)
