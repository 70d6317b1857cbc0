"""The rule about head comments: `-- Deploy project:change to pg`, `-- requires: other`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.model import Finding
from pgdocket.sqitch.lint.source import Script
from pgdocket.sqitch.plan import Plan

_TITLE = re.compile(
    r"--\s*(Deploy|Revert|Verify)\s+(?:([^\s:]+):)?(\S+?)(\s+(?:to|from|on)\s+\S+)?\s*\Z"
)
_LIST = re.compile(r"--\s*(requires|conflicts):\s*(.*?)\s*\Z")


def header_findings(script: Script, plan: Plan) -> Iterator[Finding]:
    """What the head comment says otherwise than the plan; nothing where there is none."""
    titles = [(at, match) for at, line in enumerate(script.head) if (match := _TITLE.match(line))]
    if not titles:
        return
    at, match = titles[0]
    yield from _title(script, plan, at + 1, match)
    if script.kind == "deploy":
        yield from _dependencies(script, plan.project)


def _title(script: Script, plan: Plan, line: int, match: re.Match[str]) -> Iterator[Finding]:
    verb, project, name, ending = match.groups()
    change = script.change
    # `-- Deploy users` may be prose; one that names another change is a leftover.
    is_certain = project or ending or any(each.name == name for each in plan.changes)
    if name.partition("@")[0] != change.name and is_certain:
        yield _at(script, line, f"the head names change {name}, the plan {change.name}")
    elif project not in (None, plan.project):
        yield _at(script, line, f"the head names project {project}, the plan {plan.project}")
    elif verb.lower() != script.kind and not _is_rework(script, plan):
        yield _at(script, line, f"the head says {verb.lower()} in a {script.kind} script")


def _is_rework(script: Script, plan: Plan) -> bool:
    """Whether an earlier change has the name: its deploy script has become this revert script."""
    return sum(each.name == script.change.name for each in plan.changes) > 1


def _dependencies(script: Script, project: str) -> Iterator[Finding]:
    change = script.change
    said: dict[str, list[str]] = {"requires": [], "conflicts": []}
    line = 1
    for at, text in enumerate(script.head):
        if match := _LIST.match(text):
            said[match[1]] += re.split(r"[\s,]+", match[2])
            line = at + 1
    planned = {
        # A rework adds a requirement of its own: the change as it was.
        "requires": [each.as_string for each in change.requires if each.change != change.name],
        "conflicts": [each.as_string for each in change.conflicts],
    }
    for kind, names in planned.items():
        stated = {_plain(name, change.name, project) for name in said[kind]} - {""}
        missing, added = set(names) - stated, stated - set(names)
        problems = [f'lacks "{kind}: {name}"' for name in sorted(missing)]
        problems += [f'has "{kind}: {name}"' for name in sorted(added)]
        if problems:
            yield _at(script, line, f"the head {', '.join(problems)}, unlike the plan")


def _plain(name: str, change: str, project: str) -> str:
    name = name.removeprefix("!").removeprefix(f"{project}:")
    return "" if name.partition("@")[0] == change else name


def _at(script: Script, line: int, message: str) -> Finding:
    hint = "the plan decides: change the comment"
    return Finding(rules.HEADER, script.path, line, message, hint, line)
