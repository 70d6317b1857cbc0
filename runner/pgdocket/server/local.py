"""A PostgreSQL server of one's own: made, started, stopped, and recovered after any crash."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pgdocket.errors import NoServer
from pgdocket.server import home as homes
from pgdocket.server import processes
from pgdocket.server.account import Account, clean_environment, server_account
from pgdocket.server.binaries import Binaries, find_binaries, usable_by
from pgdocket.sqitch.uri import quote_value

SUPERUSER = "postgres"
DATABASE = "pgdocket"
_START_TIMEOUT_S = 120
_SILENCE_TIMEOUT_S = 30
_ORPHAN_PATIENCE_S = 2
_LARGEST_LOG = 10 * 1024 * 1024

StopMode = Literal["smart", "fast", "immediate"]

# Into postgresql.conf, where ALTER SYSTEM can overrule them.
_CONFIGURATION = """
# --- pgdocket's local server ---
listen_addresses = ''
max_connections = 100
shared_buffers = '128MB'
cluster_name = 'pgdocket'
log_line_prefix = '%m [%p] %q%u@%d '
log_checkpoints = off
log_timezone = 'UTC'
timezone = 'UTC'
jit = off
"""

# Whoever can enter the socket's folder (mode 0700) is the owner of the data, or root.
_ACCESS = "local all all trust\nlocal replication all trust\n"


class LocalServer:
    """One local server: its folder `home`, the binaries to run, and its settings.

    `settings` are given on the server's command line at every start, over those of its
    postgresql.conf. `data` places the data directory outside the home. `notify` is called with
    a line of text for what takes long or goes to an unexpected place. Several objects, in
    several processes, may stand for the same folder: nothing is remembered here but names.
    """

    def __init__(
        self,
        home: Path,
        binaries: Binaries,
        settings: Mapping[str, str] | None = None,
        *,
        data: Path | None = None,
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self.home = home.absolute()
        self.binaries = binaries
        self.settings = dict(settings or {})
        self._data = data.absolute() if data else None
        self._notify = notify or (lambda _line: None)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._data or homes.places(self.home).data

    @property
    def log(self) -> Path:
        """The file that the server writes its log to."""
        return self.home / "log"

    @property
    def socket_folder(self) -> Path:
        """The folder of the server's socket: the `host` of a connection."""
        return homes.places(self.home).socket

    def conninfo(self, dbname: str = DATABASE) -> str:
        """A connection string for a database of this server, as its superuser."""
        parts = {
            "host": str(self.socket_folder),
            "port": str(homes.PORT),
            "user": SUPERUSER,
            "dbname": dbname,
        }
        return " ".join(f"{key}={quote_value(value)}" for key, value in parts.items())

    def is_up(self) -> bool:
        """Whether the server accepts connections now: pg_isready says so."""
        return self._answer() == 0

    def start(self) -> None:
        """Makes sure that the server runs, whatever state the last one left behind.

        Does nothing when it is up. The server outlives this process. Raises NoServer (PDSRV)
        with the last lines of its log when it can't be started.
        """
        if self.home.is_dir():
            homes.check_owner(self.home)
            if self.is_up():
                return
        account = server_account(self.data)
        try:
            self._start(account)
        except OSError as exc:
            raise NoServer(
                f"the local server in {self.home} can't be started: {exc}",
                hint="run pgdocket where it may write, as an ordinary user or as a root that may"
                " become one; or name a server with --db or DATABASE_URL",
            ) from exc

    def stop(self, mode: StopMode = "fast") -> bool:
        """Stops the server and waits for it; False when it was not running."""
        if not self.home.is_dir():
            return False
        homes.check_owner(self.home)
        with homes.locked(self.home):
            # The number in postmaster.pid alone would be no reason to signal a process.
            if self._answer() == 2 and processes.postmaster(self.data) is None:
                return False
            self._pg_ctl(server_account(self.data), "stop", "-m", mode, "-w", "-t", "60")
        return True

    def kill9(self) -> None:
        """Kills the postmaster as a crash would, and nothing else; for tests of recovery."""
        pid = processes.postmaster(self.data)
        if pid is None:
            raise NoServer(f"no server runs on {self.data}")
        os.kill(pid, signal.SIGKILL)
        processes.wait_until_gone([pid], 10)

    def _start(self, account: Account) -> None:
        homes.make_home(self.home, account)
        with homes.locked(self.home) as lock:
            if self.is_up():
                return
            place = homes.arrange(self.home, account, self._data)
            if not place.data.is_dir():
                self._initialize(place.data, account, lock)
            if not self._survivor_is_up(place.data, account):
                self._launch(place, account)

    def _answer(self) -> int:
        """The exit code of pg_isready: 0 accepts, 1 refuses for now, 2 no answer."""
        folder = self.socket_folder
        data = self.data
        if not (folder / homes.SOCKET).exists() or not data.is_dir():
            return 2
        if not homes.is_private(folder, data.stat().st_uid):
            return 2
        ask = ["-q", "-t", "5", "-h", str(folder), "-p", str(homes.PORT), "-U", SUPERUSER]
        program = str(self.binaries / "pg_isready")
        # With a database that exists: the server would log a complaint otherwise.
        done = subprocess.run(
            [program, *ask, "-d", DATABASE],
            check=False,
            capture_output=True,
            text=True,
            env=clean_environment(),
        )
        if done.returncode not in {0, 1, 2}:
            raise NoServer(f"{program} doesn't work", detail=_last_lines(done.stderr))
        return done.returncode

    def _usable(self, account: Account) -> Binaries:
        if not account.drops:
            return self.binaries
        with contextlib.suppress(PermissionError):
            if account.run([self.binaries / "postgres", "--version"]).returncode == 0:
                return self.binaries
        shelf = homes.shared_folder(account) / "binaries"
        usable = usable_by(self.binaries, account, shelf)
        self._notify(
            f"user {account.name} can't enter {self.binaries.directory};"
            f" using a copy in {usable.directory}"
        )
        return usable

    def _initialize(self, data: Path, account: Account, lock: int) -> None:
        """initdb into a temporary name, then rename: a data directory is whole or not there.

        The programs hold the lock too: those of a client that was killed go on for a while, and
        whoever comes next must not clean up under their hands.
        """
        self._notify(f"creating a PostgreSQL {self.binaries.major} server in {data}")
        for leftover in data.parent.glob(f"{data.name}.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix=f"{data.name}.new-", dir=data.parent))
        if account.drops:
            os.chown(new, account.uid, account.gid)
        binaries = self._usable(account)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        write = ["/bin/sh", "-c", 'cat >> "$1"', "sh"]
        steps: list[tuple[list[str | Path], str | None]] = [
            ([binaries / "initdb", "-D", new, "-U", SUPERUSER, *options], None),
            ([*write, new / "postgresql.conf"], _CONFIGURATION),
            (["/bin/sh", "-c", 'cat > "$1"', "sh", new / "pg_hba.conf"], _ACCESS),
            (
                [binaries / "postgres", "--single", "-D", new, SUPERUSER],
                f"create database {DATABASE};",
            ),
        ]
        for command, stdin in steps:
            done = account.run(command, stdin=stdin, keep=[lock])
            if done.returncode != 0:
                shutil.rmtree(new, ignore_errors=True)
                raise NoServer(
                    f"{Path(command[0]).name} could not make a database in {data}",
                    detail=_last_lines(done.stderr or done.stdout),
                    hint="mend what it says, then try again; nothing was left behind",
                )
        new.rename(data)

    def _survivor_is_up(self, data: Path, account: Account) -> bool:
        """Deals with processes of an earlier server; True when one of them is a good server."""
        postmaster = processes.postmaster(data)
        if postmaster is not None and self._wait_until_up(postmaster):
            return True
        if processes.postmaster(data) is not None:
            # It lives but can't be reached: its socket was removed.
            self._pg_ctl(account, "stop", "-m", "fast", "-w", "-t", "60")
        # Sessions that outlive a killed postmaster keep its shared memory: no new one may start.
        processes.end(processes.working_in(data), patience=_ORPHAN_PATIENCE_S)
        if processes.names_a_stranger(data / "postmaster.pid", data):
            (data / "postmaster.pid").unlink()
        lock = self.socket_folder / f"{homes.SOCKET}.lock"
        if processes.names_a_stranger(lock, data):
            lock.unlink()
        return False

    def _wait_until_up(self, postmaster: int) -> bool:
        """Waits for a postmaster that is starting, for as long as it says that it is."""
        silence = time.monotonic() + _SILENCE_TIMEOUT_S
        while processes.is_alive(postmaster):
            answer = self._answer()
            if answer == 0:
                return True
            if answer == 1:
                silence = time.monotonic() + _SILENCE_TIMEOUT_S
            if time.monotonic() > silence:
                return False
            time.sleep(0.02)
        return False

    def _launch(self, place: homes.Places, account: Account) -> None:
        words = ["-k", str(place.socket), "-p", str(homes.PORT), "-c", "listen_addresses="]
        for name, value in self.settings.items():
            words += ["-c", f"{name}={value}"]
        wait = ["-w", "-s", "-t", str(_START_TIMEOUT_S)]
        position = self._pg_ctl(account, *wait, "-o", shlex.join(words), "start")
        if self.is_up():
            return
        # Another pg_ctl, of a client that was killed, may have been a moment earlier.
        survivor = processes.postmaster(place.data)
        if survivor is not None and self._wait_until_up(survivor):
            return
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(position)
            detail = _last_lines(log.read())
        raise NoServer(
            f"the local server in {self.home} did not start",
            detail=detail,
            hint=f"the whole log is in {self.log}",
        )

    def _pg_ctl(self, account: Account, *arguments: str) -> int:
        """Runs pg_ctl in a session of its own; answers where its part of the log begins."""
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > _LARGEST_LOG:
                self.log.replace(self.log.with_name("log.1"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self.log, flags, 0o600)
        try:
            position = os.lseek(descriptor, 0, os.SEEK_END)
            subprocess.run(
                [self._usable(account) / "pg_ctl", *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd="/",
                # Not -D: pg_ctl would put the path between double quotes into a shell's line.
                env=clean_environment() | {"PGDATA": str(self.data)},
                umask=0o077,
                start_new_session=True,
                user=account.uid if account.drops else None,
                group=account.gid if account.drops else None,
                extra_groups=[] if account.drops else None,
            )
        finally:
            os.close(descriptor)
        return position


def local_server(
    home: Path | None = None,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    notify: Callable[[str], None] | None = None,
) -> LocalServer:
    """The local server for a working directory, with binaries that fit the data it has.

    Nothing is made or started. Raises NoServer (PDSRV) or ServerTooOld (PDOLD) when there are
    no such binaries, NoServer when the folder is someone else's.
    """
    found = home or homes.find_home(cwd, environ=environ)
    if found is None:
        return LocalServer(
            homes.new_home(cwd, environ=environ), find_binaries(environ=environ), notify=notify
        )
    homes.check_owner(found)
    try:
        major = int((homes.places(found).data / "PG_VERSION").read_text())
    except FileNotFoundError:
        major = None
    return LocalServer(found, find_binaries(major=major, environ=environ), notify=notify)


def _last_lines(text: str) -> str:
    """The lines that say why, else the last three, as one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return "; ".join((telling or lines)[-3:])
