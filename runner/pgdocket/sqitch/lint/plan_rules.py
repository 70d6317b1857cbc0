"""Rules about the plan, and about which scripts there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pgdocket.sqitch import scripts as locations
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import ChangeLine
from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.model import Finding
from pgdocket.sqitch.lint.source import Script
from pgdocket.sqitch.model import Change, Dependency
from pgdocket.sqitch.plan import Plan
from pgdocket.sqitch.targets import Target

_PLACE = re.compile(r"Syntax error in .* at line (\d+): (.*)", re.DOTALL)
_MISSING = {
    "deploy": (rules.MISSING_DEPLOY, "write it, or take the change out of the plan"),
    "revert": (rules.MISSING_REVERT, "write one; an empty one says that nothing is to be undone"),
    "verify": (rules.MISSING_VERIFY, "write one that raises when the change is not there"),
}
_EMPTY = {
    "deploy": rules.EMPTY_DEPLOY,
    "revert": rules.EMPTY_REVERT,
    "verify": rules.EMPTY_VERIFY,
}


def unreadable_plan(path: Path, error: SqitchError) -> Iterator[Finding]:
    """The findings for a plan that can't be read."""
    title, _, rest = error.message.partition("\n")
    if title.startswith("Dependency error"):
        for each in rest.splitlines():
            if not each.lstrip().startswith("HINT"):
                yield Finding(rules.UNKNOWN_DEPENDENCY, path, 1, each.strip())
        return
    match = _PLACE.match(error.message)
    line, message = (int(match[1]), match[2]) if match else (1, error.message)
    is_duplicate = message.startswith("Duplicate dependency")
    yield Finding(
        rules.DUPLICATE_DEPENDENCY if is_duplicate else rules.PLAN_SYNTAX, path, line, message
    )


def change_lines(plan: Plan) -> list[int]:
    """The line of the plan file that each change stands in."""
    written = len(plan.path.read_bytes().decode().split("\n"))
    text = plan.serialize()
    # A plan without %syntax-version is given one when it is read.
    added = 1 if text.count("\n") + 1 > written and text.startswith("%syntax") else 0
    return [at + 1 - added for at, each in enumerate(plan.lines) if isinstance(each, ChangeLine)]


def dependency_findings(plan: Plan, lines: Sequence[int]) -> Iterator[Finding]:
    """Dependencies that the parser lets through, and that make a deploy fail."""
    for change, line in zip(plan.changes, lines, strict=True):
        seen: set[str] = set()
        for each in (*change.requires, *change.conflicts):
            if each.as_string in seen:
                message = f'"{each.as_string}" is listed twice'
                yield Finding(
                    rules.DUPLICATE_DEPENDENCY, plan.path, line, message, change=change.name
                )
            seen.add(each.as_string)
        for each in change.conflicts:
            if each.project in (None, plan.project) and not _is_planned(plan, each):
                yield Finding(
                    rules.UNKNOWN_CONFLICT,
                    plan.path,
                    line,
                    f'change "{change.name}" conflicts with "{each.as_string}", which the plan '
                    "does not have",
                    "take the conflict out, or name its project",
                    change=change.name,
                )


def _is_planned(plan: Plan, dependency: Dependency) -> bool:
    if dependency.id:
        return True  # the parser has looked for it
    if dependency.tag is None:
        return any(each.name == dependency.change for each in plan.changes)
    return plan.find(dependency.as_string) is not None


def missing_findings(
    plan: Plan, lines: Sequence[int], found: Mapping[tuple[str, str], Script], target: Target
) -> Iterator[Finding]:
    """Scripts that are missing; `found` has those that exist, by change id and kind."""
    for change, line in zip(plan.changes, lines, strict=True):
        for kind, (rule, hint) in _MISSING.items():
            # The verify script of a change that was reworked is never run.
            if (change.id, kind) in found or (kind == "verify" and change.is_reworked):
                continue
            path = script_path(kind, change, target)
            message = f"{path.as_posix()} is missing"
            yield Finding(rule, plan.path, line, message, hint, change=change.name)


def empty_findings(scripts: Sequence[Script]) -> Iterator[Finding]:
    """Scripts without a statement. A change that does nothing has nothing to undo or verify."""
    idle = {each.change.id for each in scripts if each.kind == "deploy" and _is_empty(each)}
    for script in scripts:
        if not _is_empty(script) or (script.kind != "deploy" and script.change.id in idle):
            continue
        if script.kind == "verify" and script.change.is_reworked:
            continue
        message = "the script has no statement"
        yield Finding(_EMPTY[script.kind], script.path, 1, message, is_about_file=True)


def _is_empty(script: Script) -> bool:
    return not script.work and not script.commands and script.problem is None


def duplicate_findings(scripts: Sequence[Script]) -> Iterator[Finding]:
    """Deploy scripts with the same bytes as one before."""
    known: dict[bytes, Script] = {}
    for script in scripts:
        if script.kind != "deploy":
            continue
        first = known.setdefault(script.path.read_bytes(), script)
        if first is not script:
            yield Finding(
                rules.DUPLICATE_SCRIPT,
                script.path,
                1,
                f"the script has the same bytes as {first.path.as_posix()}",
                "a comment that names the change makes it another one",
                is_about_file=True,
            )


def orphan_findings(target: Target, scripts: Sequence[Script], plan: Plan) -> Iterator[Finding]:
    """Files in the folders of scripts that no change of the plan has, and no script includes."""
    used = {path for script in scripts for path in script.files}
    used |= {script.path.resolve() for script in scripts}
    folders = {
        target.deploy_dir,
        target.revert_dir,
        target.verify_dir,
        target.reworked_deploy_dir,
        target.reworked_revert_dir,
        target.reworked_verify_dir,
    }
    top = plan.path.parent.resolve()
    files = {
        path
        for folder in folders
        if folder.resolve() != top
        for path in folder.rglob(f"*.{target.extension}")
    }
    for path in sorted(files):
        if path.resolve() not in used:
            message = "no change of the plan has this script"
            hint = "add the change, or remove the file"
            yield Finding(rules.ORPHAN_SCRIPT, path, 1, message, hint, is_about_file=True)


def script_path(kind: str, change: Change, target: Target) -> Path:
    """Where the script of a change is, or should be."""
    find = {
        "deploy": locations.deploy_file,
        "revert": locations.revert_file,
        "verify": locations.verify_file,
    }[kind]
    return find(change, target)
