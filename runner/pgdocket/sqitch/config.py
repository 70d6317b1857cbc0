"""sqitch.conf: three files read over each other, who is at work, and psql's variables."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.gitconfig import Entry, normalize_key, read_file
from pgdocket.sqitch.targets import Target, resolve_target

__all__ = ["Configuration", "Target", "load_configuration", "resolve_target"]

ETC = Path("/etc/sqitch")
_NAME = "sqitch.conf"
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0", ""})


@dataclass(frozen=True)
class Configuration:
    """The settings of the system's, the user's and the project's file, in this order.

    `directory` is the project's folder: relative paths start there. `is_initialized` says that
    the project has a file.
    """

    entries: tuple[Entry, ...] = ()
    directory: Path = Path()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_initialized: bool = True
    _found: dict[str, list[Entry]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            known = found.setdefault(entry.key, [])
            if known and known[-1].origin != entry.origin:
                known.clear()
            known.append(entry)
        object.__setattr__(self, "_found", found)

    def get(self, key: str, default: str | None = None) -> str | None:
        """The last value of a key such as `core.engine` or `target.dev.uri`."""
        found = self._found.get(normalize_key(key))
        return found[-1].value if found else default

    def get_all(self, key: str) -> tuple[str, ...]:
        """Every value that the last file with the key gives it, in its order."""
        return tuple(entry.value for entry in self._found.get(normalize_key(key), ()))

    @property
    def found(self) -> Mapping[str, Sequence[Entry]]:
        """The settings that hold, by their keys."""
        return self._found

    def get_bool(self, key: str, default: bool = False) -> bool:
        """The key as a boolean, in git's spellings; SqitchError when it is none."""
        value = self.get(key)
        if value is None:
            return default
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise SqitchError(f'Invalid value "{value}" for {key}: expected true or false')

    def section(self, name: str) -> dict[str, str]:
        """The settings directly in a section (`deploy.variables`), the case of names kept."""
        head, dot, rest = name.partition(".")
        wanted = f"{head.lower()}{dot}{rest}"
        found: dict[str, tuple[str, str]] = {}
        for entry in self.entries:
            if entry.section == wanted:
                found[entry.name.lower()] = (entry.name, entry.value)
        return dict(found.values())

    def variables(
        self, command: str, target: Target, overrides: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """psql's variables for `deploy`, `revert`, `verify` or `check` on a target, sorted.

        Revert and verify inherit deploy's; the target's win over them, `overrides` over all.
        """
        merged = self.section("core.variables") | self.section("deploy.variables")
        if command != "deploy":
            merged |= self.section(f"{command}.variables")
        merged |= dict(target.variables) | dict(overrides or {})
        return dict(sorted(merged.items()))

    def user(self) -> tuple[str, str]:
        """Name and email of who is at work; SqitchError when one holds a forbidden character."""
        get = self.environ.get
        name = (
            get("SQITCH_FULLNAME")
            or self.get("user.name")
            or get("SQITCH_ORIG_FULLNAME")
            or _full_name()
            or self.login()
        )
        email = (
            get("SQITCH_EMAIL")
            or self.get("user.email")
            or get("SQITCH_ORIG_EMAIL")
            or f"{self.login()}@{os.uname().nodename}"
        )
        for text, what in ((name, "name"), (email, "email")):
            if not _is_unicode(text):
                raise SqitchError(f"User {what} is not valid UTF-8")
        if "<" in name or name.startswith("["):
            raise SqitchError('User name may not contain "<" or start with "["')
        if ">" in email:
            raise SqitchError('User email may not contain ">"')
        return name, email

    def login(self) -> str:
        """What the operating system calls the user."""
        original = self.environ.get("SQITCH_ORIG_SYSUSER")
        if original:
            return original
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return self.environ.get("LOGNAME") or self.environ.get("USER") or str(os.getuid())


def load_configuration(
    directory: Path = Path(),
    environ: Mapping[str, str] | None = None,
    etc_path: Path | None = None,
) -> Configuration:
    """System, user and local file read in this order, later values winning.

    `environ` is the process's own when it is not given; `etc_path` is where the system's file is.
    """
    environ = dict(os.environ) if environ is None else environ
    files = configuration_files(directory, environ, etc_path)
    local = find_local(files["local"], directory)
    paths = [files["system"], files["user"], *([local] if local else [])]
    entries = tuple(entry for path in paths for entry in read_file(path))
    return Configuration(entries, directory, dict(environ), is_initialized=local is not None)


def configuration_files(
    directory: Path, environ: Mapping[str, str], etc_path: Path | None = None
) -> dict[str, Path]:
    """Where the files of `system`, `user` and `local` settings are, or would be."""
    home = Path(environ.get("HOME") or "~").expanduser()
    return {
        "system": Path(environ.get("SQITCH_SYSTEM_CONFIG") or (etc_path or ETC) / _NAME),
        "user": Path(environ.get("SQITCH_USER_CONFIG") or home / ".sqitch" / _NAME),
        "local": Path(environ.get("SQITCH_CONFIG") or directory / _NAME),
    }


def find_local(file: Path, directory: Path) -> Path | None:
    """The project's file, here or in the nearest folder above that has one."""
    if file.is_file():
        return file
    if file.is_absolute():
        name = file.relative_to(directory) if file.is_relative_to(directory) else None
    else:
        name = file
    above = directory.absolute().parents if name else ()
    return next((found for folder in above if (found := folder / (name or "")).is_file()), None)


def _is_unicode(text: str) -> bool:
    """Whether the bytes that the text was made of could be decoded."""
    return not any("\udc80" <= character <= "\udcff" for character in text)


def _full_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0]
    except KeyError:
        return ""
