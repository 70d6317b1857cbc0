"""`rework`: a change planned anew, its former scripts kept under the name of a tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgdocket.sqitch.add import edit_as_dict, planned, warn_of_conflicts
from pgdocket.sqitch.config import Configuration, Target
from pgdocket.sqitch.edit import (
    ChangeRequest,
    Edit,
    given_note,
    rework_change,
    rework_tag,
    stamp_now,
)
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import Stamp
from pgdocket.sqitch.notes import change_prompt, open_editor, request_note
from pgdocket.sqitch.plan import Plan, load_plan
from pgdocket.sqitch.plan_file import locked, make_folder, replace_file, write_edit
from pgdocket.sqitch.skeleton import script_path
from pgdocket.sqitch.talk import Talk

_KINDS = ("deploy", "revert", "verify")


@dataclass(frozen=True, slots=True)
class Reworked:
    """What has become of the plan files; `files` are the scripts to revise now."""

    change: str
    edits: tuple[Edit, ...]
    files: tuple[Path, ...]
    copies: tuple[tuple[Path, Path], ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as data."""
        return {
            "change": self.change,
            "plans": [edit_as_dict(edit) for edit in self.edits],
            "files": [str(path) for path in self.files],
            "copies": [{"from": str(old), "to": str(new)} for old, new in self.copies],
        }


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done for one plan.

    `copies` keep the former scripts; `overwrites` then put the former deploy script where the
    revert script was.
    """

    plan: Plan
    copies: dict[Path, Path] = field(default_factory=dict)
    overwrites: dict[Path, Path] = field(default_factory=dict)


def rework(
    configuration: Configuration,
    targets: Sequence[Target],
    request: ChangeRequest,
    notes: Sequence[str],
    talk: Talk,
    *,
    edit_files: bool = False,
) -> Reworked:
    """Plans a change anew in the plan of each target, and keeps its scripts as `name@tag`.

    The revert script becomes a copy of the former deploy script, which is what a revert must now
    lead back to. Without a note the editor asks for one. SqitchError, before anything is
    written, when a plan can't take it or a script to keep is in the way.
    """
    stamp = stamp_now(*configuration.user())
    note = given_note(notes)
    edits, work = _prepare(targets, request, stamp, note)
    files = _files(work)
    if not note.strip():
        note = request_note(configuration, change_prompt("rework", planned(edits[0]), files))
    copies: list[tuple[Path, Path]] = []
    with locked(each.plan.path for each in work):
        # Read again: what others have planned meanwhile stays.
        edits, work = _prepare(targets, request, stamp, note)
        files = _files(work)
        for each in work:
            _refuse_losses(each)
        for each, edit in zip(work, edits, strict=True):
            copies += _write(each, edit, talk)
            talk.info(f'Added "{planned(edit)}" to {each.plan.path}.')
            warn_of_conflicts(edit, talk)
    this = "this file" if len(files) == 1 else "these files"
    talk.info(f"Modify {this} as appropriate:")
    for path in files:
        talk.info(f"  * {path}")
    if edit_files:
        open_editor(configuration, files)
    return Reworked(request.name, tuple(edits), tuple(files), tuple(copies))


def _prepare(
    targets: Sequence[Target], request: ChangeRequest, stamp: Stamp, note: str
) -> tuple[list[Edit], list[_Work]]:
    plans = {file: load_plan(file) for file in dict.fromkeys(each.plan_file for each in targets)}
    edits = [rework_change(plan, request, stamp, note) for plan in plans.values()]
    return edits, _find_scripts(plans, targets, request.name)


def _files(work: Sequence[_Work]) -> list[Path]:
    return [path for each in work for path in each.copies if path.exists()]


def _find_scripts(plans: dict[Path, Plan], targets: Sequence[Target], name: str) -> list[_Work]:
    found = {file: _Work(plan) for file, plan in plans.items()}
    seen: set[Path] = set()
    for target in targets:
        work = found[target.plan_file]
        kept_name = f"{name}{rework_tag(work.plan, name)}"
        folders = (
            target.reworked_deploy_dir,
            target.reworked_revert_dir,
            target.reworked_verify_dir,
        )
        kept = [folder / f"{kept_name}.{target.extension}" for folder in folders]
        current = [script_path(target, kind, name) for kind in _KINDS]
        work.copies.update(
            (old, new) for old, new in zip(current, kept, strict=True) if old not in seen
        )
        if current[1] not in seen:
            work.overwrites[current[1]] = current[0]
        seen.update(current)
    return list(found.values())


def _refuse_losses(work: _Work) -> None:
    """Sqitch overwrites what is in the way; a second try after a failure would lose scripts."""
    for old, new in work.copies.items():
        if old.exists() and new.exists() and old.read_bytes() != new.read_bytes():
            raise SqitchError(
                f"Cannot copy {old} to {new}: it exists, and is different",
                hint=f"remove {new} if it is not needed",
            )


def _write(work: _Work, edit: Edit, talk: Talk) -> list[tuple[Path, Path]]:
    """Copies before it writes the plan, and overwrites after it: any moment is one to stop at."""
    copied = [(old, new) for old, new in work.copies.items() if _copy(old, new, talk)]
    write_edit(edit)
    for revert, deploy in work.overwrites.items():
        if revert.exists():
            _copy(deploy, revert, talk)
    return copied


def _copy(old: Path, new: Path, talk: Talk) -> bool:
    if not old.exists():
        talk.debug(f"Skipped {new}: {old} does not exist")
        return False
    make_folder(new.parent)
    try:
        replace_file(new, old.read_bytes())
    except OSError as error:
        raise SqitchError(f"Cannot copy {old} to {new}: {error.strerror}") from error
    talk.debug(f"Copied {old} to {new}")
    return True
