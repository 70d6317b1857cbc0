"""Where the scripts of a change lie, reworked ones included."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pgdocket.sqitch.model import Change
from pgdocket.sqitch.targets import Target


def deploy_file(change: Change, target: Target) -> Path:
    """The deploy script of the change; the file may be missing."""
    folder = target.reworked_deploy_dir if change.is_reworked else target.deploy_dir
    return folder / script_name(change, target)


def revert_file(change: Change, target: Target) -> Path:
    """The revert script of the change; the file may be missing."""
    folder = target.reworked_revert_dir if change.is_reworked else target.revert_dir
    return folder / script_name(change, target)


def verify_file(change: Change, target: Target) -> Path:
    """The verify script of the change; the file may be missing."""
    folder = target.reworked_verify_dir if change.is_reworked else target.verify_dir
    return folder / script_name(change, target)


def script_name(change: Change, target: Target) -> str:
    """`name.sql`, or `name@tag.sql` for a change that was reworked later.

    The first tag for which the deploy script exists decides for all three scripts; without
    any, the first tag does.
    """
    names = [f"{change.name}{tag}.{target.extension}" for tag in change.rework_tags]
    if not names:
        return f"{change.name}.{target.extension}"
    existing = (name for name in names if (target.reworked_deploy_dir / name).exists())
    return next(existing, names[0])


def script_hash(change: Change, target: Target) -> str | None:
    """SHA-1 of the deploy script's bytes in hex, None when the file is missing."""
    try:
        data = deploy_file(change, target).read_bytes()
    except FileNotFoundError:
        return None
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
