"""The folder of a local server, and where its parts go when they can't be inside it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pgdocket.errors import NoServer
from pgdocket.server.account import Account, user_name

FOLDER = ".pgdocket"
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
# What the kernel takes as the path of a Unix socket, in bytes.
_LONGEST_SOCKET_PATH = 107
_LOCK_TIMEOUT_S = 180
# Root's own folders, for what an unprivileged server must be able to reach.
_SHARED_FOLDERS = ("/var/lib/pgdocket", "/var/tmp/pgdocket-root", "/tmp/pgdocket-root")  # noqa: S108


@dataclass(frozen=True, slots=True)
class Places:
    """Where the data and the socket of one local server are."""

    data: Path
    socket: Path


def find_home(cwd: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Path | None:
    """The folder of the local server: $PGDOCKET_HOME, or the nearest .pgdocket/ upwards.

    None when there is none yet.
    """
    env = os.environ if environ is None else environ
    if env.get("PGDOCKET_HOME"):
        home = Path(env["PGDOCKET_HOME"]).expanduser().absolute()
        return home if home.is_dir() else None
    start = (cwd or Path.cwd()).absolute()
    return next((p / FOLDER for p in (start, *start.parents) if (p / FOLDER).is_dir()), None)


def new_home(cwd: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Path:
    """Where a local server's folder goes when there is none yet."""
    env = os.environ if environ is None else environ
    if env.get("PGDOCKET_HOME"):
        return Path(env["PGDOCKET_HOME"]).expanduser().absolute()
    return (cwd or Path.cwd()).absolute() / FOLDER


def check_owner(home: Path) -> None:
    """Refuses a folder of someone else's, who could have put a server of his own into it."""
    owner = home.stat().st_uid
    if owner != os.geteuid():
        raise NoServer(
            f"{home} belongs to user {user_name(owner)}, not to {user_name(os.geteuid())}",
            hint=f"run pgdocket as {user_name(owner)}, set PGDOCKET_HOME to a folder of your own,"
            " or name a server with --db or DATABASE_URL",
        )


def make_home(home: Path, account: Account) -> None:
    """Makes the folder, closed to all others, unless it is there; several may try at once."""
    if home.is_dir():
        return
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
    except OSError as exc:
        raise NoServer(
            f"the folder {home} can't be made: {exc.strerror}",
            hint="set PGDOCKET_HOME to a folder that you may write to",
        ) from exc
    if account.drops:
        # The server's user may pass through to its data, and do nothing else here.
        os.chown(temporary, 0, account.gid)
        temporary.chmod(0o710)
    (temporary / ".gitignore").write_text("*\n")
    try:
        temporary.rename(home)
    except OSError:
        # Another process was first: a folder with something in it is never replaced.
        shutil.rmtree(temporary)
        if not home.is_dir():
            raise


@contextlib.contextmanager
def locked(home: Path) -> Iterator[int]:
    """Holds the lock of a local server's folder; the kernel frees it if this process dies.

    Gives the lock's descriptor: a program that inherits it holds the lock too, until it ends.
    """
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + _LOCK_TIMEOUT_S
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NoServer(
                        f"another process has held {home / 'lock'} for {_LOCK_TIMEOUT_S} seconds",
                        hint="end it, then try again",
                    ) from None
                time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


def places(home: Path) -> Places:
    """Where data and socket are, or will be unless `arrange` finds a reason against it."""
    record = _record(home)
    return Places(
        data=Path(record.get("data", home / "data")),
        socket=Path(record.get("socket", home / "socket")),
    )


def arrange(home: Path, account: Account, data: Path | None) -> Places:
    """Settles where the data and the socket go, makes the socket's folder, and records both.

    Call it with the lock held. `data` is a place that the caller wants; else it is inside the
    home where the account can enter that, else in a folder of root's that it can.
    """
    record = _record(home)
    known = Path(record.get("data", home / "data"))
    if data is not None:
        record["data"] = str(data)
    elif "data" in record and not known.is_dir():
        raise NoServer(
            f"the data of the local server in {home} are gone: there is no {known}",
            hint=f"to start anew, remove {home}",
        )
    elif not known.is_dir() and not account.can_enter(home):
        record["data"] = str(shared_folder(account) / _unique_name(home) / "data")
    where = Path(record.get("data", home / "data"))
    _make_folder(where.parent)
    socket = _socket_folder(home, where, Path(record.get("socket", home / "socket")), account)
    record["socket"] = str(socket)
    for key, inside in (("data", home / "data"), ("socket", home / "socket")):
        if record.get(key) == str(inside):
            del record[key]
    _write_record(home, record)
    return Places(where, socket)


def shared_folder(account: Account) -> Path:
    """A folder that root owns and the account can enter; raises NoServer where there is none."""
    for folder in map(Path, _SHARED_FOLDERS):
        with contextlib.suppress(OSError):
            _make_folder(folder)
            found = folder.lstat()
            ours = found.st_uid == os.geteuid() and not found.st_mode & 0o022
            if stat.S_ISDIR(found.st_mode) and ours and account.can_enter(folder):
                return folder
    raise NoServer(
        f"there is no folder that user {account.name} can enter to run PostgreSQL in",
        hint=f"make one of {', '.join(_SHARED_FOLDERS)}, or run pgdocket as an ordinary user",
    )


def is_private(folder: Path, uid: int) -> bool:
    """Whether it is a folder of this user that nobody else can enter; never follows a link."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def _socket_folder(home: Path, data: Path, known: Path, account: Account) -> Path:
    inside = (home if data.parent == home or not account.drops else data.parent) / "socket"
    for folder in dict.fromkeys((known, inside)):
        if len(os.fsencode(folder / SOCKET)) > _LONGEST_SOCKET_PATH:
            continue
        if not folder.exists() and folder == inside and account.can_enter(folder.parent):
            folder.mkdir(mode=0o700)
            _give(folder, account)
        if is_private(folder, account.uid) and account.can_enter(folder):
            return folder
    return _short_socket_folder(account)


def _short_socket_folder(account: Account) -> Path:
    """A new folder with a short, unguessable name: nobody can have put it there before us."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    use_runtime = (
        not account.drops
        and is_private(runtime, account.uid)
        and len(os.fsencode(runtime)) + 40 <= _LONGEST_SOCKET_PATH
    )
    base = runtime if use_runtime else Path("/tmp")  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="pgdocket-", dir=base))
    _give(folder, account)
    return folder


def _give(folder: Path, account: Account) -> None:
    if account.drops:
        os.chown(folder, account.uid, account.gid)


def _make_folder(folder: Path) -> None:
    """Makes it with the parents that are missing, open to pass through; leaves others alone."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o755)


def _unique_name(home: Path) -> str:
    # The project's name is for whoever lists the folder; the rest makes it one of a kind.
    project = re.sub(r"[^A-Za-z0-9_-]", "", home.parent.name)[:20] or "home"
    return f"{project}-{secrets.token_hex(4)}"


def _record(home: Path) -> dict[str, str]:
    try:
        record = json.loads((home / "server.json").read_text())
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise NoServer(f"{home / 'server.json'} can't be read: {exc}") from exc
    return {str(key): str(value) for key, value in record.items()}


def _write_record(home: Path, record: dict[str, str]) -> None:
    target = home / "server.json"
    if record == _record(home):
        return
    temporary = home / f"server.json.{os.getpid()}"
    temporary.write_text(json.dumps(record, indent=2) + "\n")
    temporary.rename(target)
