"""The operating-system user that the server runs as: never root, which PostgreSQL refuses."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pgdocket.errors import NoServer

# In this order; none of them is ever created.
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user id and group id, and whether this process has to change to them."""

    uid: int
    gid: int
    name: str
    drops: bool

    def run(
        self, command: Sequence[str | Path], *, stdin: str | None = None, keep: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program as this user, in a clean environment, and captures what it prints.

        The program inherits the descriptors in `keep`, and no others. Raises PermissionError
        when the user may not execute it.
        """
        return subprocess.run(
            [str(word) for word in command],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=clean_environment(),
            umask=0o077,
            pass_fds=keep,
            user=self.uid if self.drops else None,
            group=self.gid if self.drops else None,
            extra_groups=[] if self.drops else None,
        )

    def can_enter(self, directory: Path) -> bool:
        """Whether this user reaches the directory, tried rather than computed: ACLs count."""
        if not self.drops:
            return True
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", directory]).returncode == 0


def clean_environment() -> dict[str, str]:
    """What PostgreSQL's programs get to see: no PG* of the caller, no locale, no HOME."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}


def server_account(data: Path) -> Account:
    """The user for the server whose data are (or will be) in `data`.

    It is whoever runs this; root becomes the owner of existing data, else `postgres`, else
    `nobody`. Raises NoServer where PostgreSQL could not run.
    """
    uid = os.geteuid()
    if uid != 0:
        return _own_account(uid)
    if data.is_dir():
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, user_name(owner.st_uid), drops=True)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name, drops=True)
    raise NoServer(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as",
        hint="run pgdocket as an ordinary user, or name a server with --db or DATABASE_URL",
    )


def _own_account(uid: int) -> Account:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        raise NoServer(
            f"user id {uid} has no entry in /etc/passwd, and PostgreSQL can't run without one",
            hint="run as a user that has an entry (in a container: as root, or add a line for"
            f" {uid} to /etc/passwd), or name a server with --db or DATABASE_URL",
        ) from None
    return Account(uid, os.getegid(), name, drops=False)


def user_name(uid: int) -> str:
    """The name of a user id, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
