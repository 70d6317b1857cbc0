"""`add`: a new change in the plan, with scripts to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgdocket.sqitch.config import Configuration, Target
from pgdocket.sqitch.edit import (
    ChangeRequest,
    Edit,
    add_change,
    given_note,
    stamp_now,
    unknown_conflicts,
)
from pgdocket.sqitch.lines import ChangeLine, Stamp
from pgdocket.sqitch.notes import change_prompt, open_editor, request_note
from pgdocket.sqitch.plan import Plan, load_plan
from pgdocket.sqitch.plan_file import locked, write_edit
from pgdocket.sqitch.skeleton import Template, Templates, script_path, write_script
from pgdocket.sqitch.talk import Talk
from pgdocket.sqitch.template import Value


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How to add a change; without a note the editor asks for one.

    `variables` are for the templates; with `edit` the editor opens the scripts at the end.
    """

    notes: Sequence[str] = ()
    templates: Templates = field(default_factory=Templates)
    variables: Mapping[str, Value] = field(default_factory=dict)
    edit: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What has become of the plan files and the scripts; `change` is the new name."""

    change: str
    edits: tuple[Edit, ...]
    created: tuple[Path, ...]
    skipped: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as data."""
        return {
            "change": self.change,
            "plans": [edit_as_dict(edit) for edit in self.edits],
            "created": [str(path) for path in self.created],
            "skipped": [str(path) for path in self.skipped],
        }


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done in one plan: the scripts with their templates, by path."""

    plan: Plan
    scripts: dict[Path, tuple[Template, Target]]


def add(
    configuration: Configuration,
    targets: Sequence[Target],
    request: ChangeRequest,
    options: AddOptions,
    talk: Talk,
) -> Added:
    """Adds a change to the plan of each target and makes its scripts; those that exist stay.

    SqitchError, before anything is written, when a plan can't take it.
    """
    stamp = stamp_now(*configuration.user())
    note = given_note(options.notes)
    work = _prepare(targets, request, options.templates)
    edits = [add_change(each.plan, request, stamp, note) for each in work]
    files = list(dict.fromkeys(path for each in work for path in each.scripts))
    if not note.strip():
        note = request_note(configuration, change_prompt("add", planned(edits[0]), files))
    created: list[Path] = []
    with locked(each.plan.path for each in work):
        # Read again: what others have planned meanwhile stays.
        work = _prepare(targets, request, options.templates)
        edits = [add_change(each.plan, request, stamp, note) for each in work]
        for each, edit in zip(work, edits, strict=True):
            created += _write(each, edit, request, options.variables, talk)
            talk.info(f'Added "{planned(edit)}" to {each.plan.path}')
            warn_of_conflicts(edit, talk)
    if options.edit:
        open_editor(configuration, files)
    skipped = tuple(path for path in files if path not in created)
    return Added(request.name, tuple(edits), tuple(created), skipped)


def planned(edit: Edit) -> str:
    """The new line's change as messages show it: its name with its dependencies."""
    if not isinstance(edit.line, ChangeLine):
        return f"@{edit.line.name}"
    dependencies = edit.line.dependencies
    return f"{edit.line.name} {dependencies}" if dependencies else edit.line.name


def warn_of_conflicts(edit: Edit, talk: Talk) -> None:
    """Says which conflicts will keep the new change from being deployed."""
    for name in unknown_conflicts(edit):
        talk.warn(
            f'Change "{edit.line.name}" can\'t be deployed as long as "{name}", which it '
            "conflicts with, is not in the plan.\nIf it is another project's, name that: "
            f"PROJECT:{name}"
        )


def edit_as_dict(edit: Edit) -> dict[str, Any]:
    """A changed plan as data."""
    stamp: Stamp = edit.line.stamp
    return {
        "plan_file": str(edit.after.path),
        "project": edit.after.project,
        "line": str(edit.line),
        "note": edit.line.note,
        "planned_at": stamp.date,
        "planner_name": stamp.planner_name,
        "planner_email": stamp.planner_email,
    }


def _prepare(
    targets: Sequence[Target], request: ChangeRequest, templates: Templates
) -> list[_Work]:
    found: dict[Path, _Work] = {}
    for target in targets:
        available = templates.find()
        work = found.get(target.plan_file)
        if work is None:
            work = found[target.plan_file] = _Work(load_plan(target.plan_file), {})
        for script, template in available.items():
            path = script_path(target, script, request.name)
            work.scripts.setdefault(path, (template, target))
    return list(found.values())


def _write(
    work: _Work, edit: Edit, request: ChangeRequest, variables: Mapping[str, Value], talk: Talk
) -> list[Path]:
    values: dict[str, Value] = {
        **variables,
        "change": request.name,
        "engine": "pg",
        "project": work.plan.project,
        "requires": tuple(request.requires),
        "conflicts": tuple(request.conflicts),
    }
    created = [
        path
        for path, (template, _) in work.scripts.items()
        if write_script(path, template, values, talk)
    ]
    write_edit(edit)
    return created
