"""Writing files whole: no plan is ever half written, no writer loses another's work."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pgdocket.sqitch.edit import Edit
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan import Plan, load_plan


@contextlib.contextmanager
def locked(plan_files: Iterable[Path]) -> Iterator[None]:
    """Keeps other writers away from these plans, which are best read again inside."""
    with contextlib.ExitStack() as stack:
        for folder in sorted({file.resolve().parent for file in plan_files}):
            stack.enter_context(_locked(folder))
        yield


@contextlib.contextmanager
def unchanged(plans: Sequence[Plan]) -> Iterator[None]:
    """Keeps other writers away while these plans are changed.

    SqitchError when one is no longer what it was when it was read: somebody else has changed it,
    while a note was being written, perhaps.
    """
    with locked(plan.path for plan in plans):
        for plan in plans:
            if load_plan(plan.path).lines != plan.lines:
                raise SqitchError(
                    f"{plan.path} has been changed by somebody else meanwhile; nothing was written",
                    hint="run the command again",
                )
        yield


def write_edit(edit: Edit) -> None:
    """Replaces the plan's file with the changed plan."""
    replace_file(edit.after.path, edit.text.encode())


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file in one step: whoever reads it, also after a crash, finds the old or the new.

    Mode and owner of an existing file are kept, and a symbolic link stays one.
    """
    real = path.resolve()
    temporary = real.with_name(f".{real.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(handle, "wb") as file:
                _keep_owner(real, handle)
                file.write(data)
                file.flush()
                os.fsync(handle)
            temporary.replace(real)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SqitchError(f"Cannot open {path}: {error.strerror}") from error


def make_folder(folder: Path) -> bool:
    """Makes a folder and those above it; whether there was anything to make."""
    if folder.is_dir():
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SqitchError(f"Error creating {folder}: {error.strerror}") from error
    return True


def _keep_owner(path: Path, handle: int) -> None:
    """Gives the open file the mode and, where that is allowed, the owner of the one at `path`."""
    try:
        old = path.stat()
    except FileNotFoundError:
        return
    with contextlib.suppress(PermissionError):
        os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, old.st_mode & 0o7777)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
