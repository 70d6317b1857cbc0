"""`show`: the text that an id hashes, or a script."""

from __future__ import annotations

from pathlib import Path

from pgdocket.sqitch import ids
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import ChangeLine, TagLine
from pgdocket.sqitch.model import Change, Tag
from pgdocket.sqitch.names import HEX_ID
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.scripts import deploy_file, revert_file, verify_file
from pgdocket.sqitch.targets import Target

SCRIPTS = {"deploy": deploy_file, "revert": revert_file, "verify": verify_file}


def find_change(plan: Plan, key: str) -> Change:
    """The change that a reference names; SqitchError when there is none."""
    change = plan.find(key)
    if change is None:
        raise SqitchError(f'Unknown change "{key}"')
    return change


def find_tag(plan: Plan, key: str) -> Tag:
    """The tag with that name, with or without `@`, or id; SqitchError when there is none."""
    if HEX_ID.match(key):
        tag = next((tag for tag in plan.tags if tag.id == key), None)
    else:
        tag = plan.tag(key)
    if tag is None:
        raise SqitchError(f'Unknown tag "{key}"')
    return tag


def find_script(plan: Plan, target: Target, kind: str, key: str) -> Path:
    """The script of a change; SqitchError when there is no such change or file."""
    path = SCRIPTS[kind](find_change(plan, key), target)
    if not path.exists():
        raise SqitchError(f'File "{path}" does not exist')
    if path.is_dir():
        raise SqitchError(f'"{path}" is not a file')
    return path


def change_text(plan: Plan, change: Change) -> str:
    """The text whose hash is the change's id."""
    lines = [line for line in plan.lines if isinstance(line, ChangeLine)]
    line = lines[plan.index_of(change.id) or 0]
    return ids.change_body(
        project=plan.project,
        uri=plan.canonical_uri,
        name=change.name,
        parent_id=change.parent_id,
        planner=line.stamp.planner,
        date=line.stamp.date,
        requires=[each.as_string for each in change.requires],
        conflicts=[each.as_string for each in change.conflicts],
        note=change.note,
    )


def tag_text(plan: Plan, tag: Tag) -> str:
    """The text whose hash is the tag's id."""
    lines = (line for line in plan.lines if isinstance(line, TagLine))
    line = next(line for line in lines if f"@{line.name}" == tag.name)
    return ids.tag_body(
        project=plan.project,
        uri=plan.canonical_uri,
        name=tag.name,
        change_id=tag.change_id,
        planner=line.stamp.planner,
        date=line.stamp.date,
        note=tag.note,
    )
