"""`tag`: a name for a point in the plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pgdocket.sqitch.config import Configuration, Target
from pgdocket.sqitch.edit import Edit, add_tag, given_note, stamp_now
from pgdocket.sqitch.notes import request_note, tag_prompt
from pgdocket.sqitch.plan import Plan, load_plan
from pgdocket.sqitch.plan_file import unchanged, write_edit
from pgdocket.sqitch.talk import Talk


def tag(
    configuration: Configuration,
    targets: Sequence[Target],
    name: str,
    change: str | None,
    notes: Sequence[str],
    talk: Talk,
) -> tuple[Edit, ...]:
    """Tags a change, the last one unless another is named, in the plan of each target.

    Without a note the editor asks for one. SqitchError, before anything is written, when a plan
    can't take the tag.
    """
    plans = list(_plans(targets).values())
    stamp = stamp_now(*configuration.user())
    note = given_note(notes)
    edits = [add_tag(plan, name, change, stamp, note) for plan in plans]
    if not note.strip():
        note = request_note(configuration, tag_prompt())
        edits = [add_tag(plan, name, change, stamp, note) for plan in plans]
    with unchanged(plans):
        for edit in edits:
            write_edit(edit)
            talk.info(f'Tagged "{tagged_change(edit)}" with @{edit.line.name} in {edit.after.path}')
    return tuple(edits)


def tagged_change(edit: Edit) -> str:
    """The name of the change that a new tag stands on."""
    at = edit.after.tag_position(edit.line.name)
    return "" if at is None else edit.after.changes[at].name


def tag_names(targets: Sequence[Target]) -> tuple[str, ...]:
    """The tags in the plans of the targets, each once."""
    plans = _plans(targets).values()
    return tuple(dict.fromkeys(found.name for plan in plans for found in plan.tags))


def _plans(targets: Sequence[Target]) -> dict[Path, Plan]:
    files = dict.fromkeys(target.plan_file for target in targets)
    return {file: load_plan(file) for file in files}
