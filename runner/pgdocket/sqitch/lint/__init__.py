"""Checks a plan and its scripts without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lint import plan_rules, rules
from pgdocket.sqitch.lint.ddl import ddl_findings
from pgdocket.sqitch.lint.header import header_findings
from pgdocket.sqitch.lint.model import Finding, Level, Rule
from pgdocket.sqitch.lint.released import all_released_findings, released_findings
from pgdocket.sqitch.lint.source import Exemption, Script, read_script
from pgdocket.sqitch.lint.transactions import transaction_findings
from pgdocket.sqitch.lint.verify import verify_findings
from pgdocket.sqitch.plan import Plan, load_plan
from pgdocket.sqitch.targets import Target

__all__ = ["Finding", "Level", "LintOptions", "LintReport", "Rule", "lint"]


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What to look for.

    `disabled` are ids of rules to leave out. `since` is a tag of the plan or a commit of git:
    what it released must be as it was; with `released`, what any tag of the plan did.
    `variables` are psql's.
    """

    disabled: frozenset[str] = frozenset()
    since: str | None = None
    released: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was found, in the order of files and lines; `changes` says how many were looked at."""

    findings: tuple[Finding, ...]
    changes: int
    project: str | None = None

    def count(self, level: Level) -> int:
        """How many findings have that level."""
        return sum(each.rule.level is level for each in self.findings)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "project": self.project,
            "changes": self.changes,
            "errors": self.count(Level.ERROR),
            "warnings": self.count(Level.WARNING),
            "findings": [each.as_dict() for each in self.findings],
        }


def lint(target: Target, options: LintOptions | None = None) -> LintReport:
    """Checks the target's plan and scripts; its database is not looked at.

    SqitchError for a rule that does not exist, a plan file that does not, and a `since` that
    means nothing.
    """
    options = options or LintOptions()
    _check_rules(options.disabled)
    path = target.plan_file
    if not path.is_file():
        load_plan(path)
    try:
        plan = load_plan(path)
    except SqitchError as error:
        return LintReport(_kept(plan_rules.unreadable_plan(path, error), (), options), 0)
    scripts = list(_scripts(plan, target, options))
    found = _findings(plan, target, scripts, options)
    return LintReport(_kept(found, scripts, options), len(plan.changes), plan.project)


def _check_rules(ids: Iterable[str]) -> None:
    unknown = sorted(set(ids) - rules.BY_ID.keys())
    if unknown:
        raise SqitchError(
            f'Unknown rule "{unknown[0]}"', hint="pgdocket sqitch lint --rules lists all"
        )


def _scripts(plan: Plan, target: Target, options: LintOptions) -> Iterator[Script]:
    """The scripts that exist, change by change."""
    for change in plan.changes:
        for kind in ("deploy", "revert", "verify"):
            path = plan_rules.script_path(kind, change, target)
            if path.is_file():
                yield read_script(kind, path, change, options.variables)


def _findings(
    plan: Plan, target: Target, scripts: Sequence[Script], options: LintOptions
) -> Iterator[Finding]:
    lines = plan_rules.change_lines(plan)
    present = {(each.change.id, each.kind): each for each in scripts}
    yield from plan_rules.dependency_findings(plan, lines)
    yield from plan_rules.missing_findings(plan, lines, present, target)
    yield from plan_rules.empty_findings(scripts)
    yield from plan_rules.duplicate_findings(scripts)
    yield from plan_rules.orphan_findings(target, scripts, plan)
    for script in scripts:
        yield from _script_findings(script, plan)
    if options.since is not None:
        yield from released_findings(plan, target, options.since)
    if options.released:
        yield from all_released_findings(plan, target)


def _script_findings(script: Script, plan: Plan) -> Iterator[Finding]:
    yield from header_findings(script, plan)
    if script.problem is not None:
        path, line, message = script.problem
        yield Finding(rules.SCRIPT_SYNTAX, path, line, message)
        return
    if script.obstacle is not None:
        path, line, command = script.obstacle
        hint = "psql is then needed wherever it is deployed"
        yield Finding(rules.PSQL_ONLY, path, line, f"{command} can only be run by psql", hint)
    yield from transaction_findings(script)
    if script.kind == "deploy":
        yield from ddl_findings(script)
    if script.kind == "verify" and not script.change.is_reworked:
        yield from verify_findings(script)
    for exemption in script.exemptions:
        if not exemption.reason or any(each not in rules.BY_ID for each in exemption.rules):
            message = "the exception gives no reason, or names no rule"
            hint = "write it as: -- lint: ignore RULE the reason"
            line = exemption.line
            yield Finding(rules.IGNORE_UNEXPLAINED, exemption.path, line, message, hint, line)


def _kept(
    findings: Iterable[Finding], scripts: Sequence[Script], options: LintOptions
) -> tuple[Finding, ...]:
    """The findings without those that are switched off or excepted, each once, in order."""
    by_file: dict[Path, list[Exemption]] = {}
    by_change: dict[str, list[Exemption]] = {}
    for script in scripts:
        for exemption in script.exemptions:
            by_file.setdefault(exemption.path, []).append(exemption)
            by_change.setdefault(script.change.name, []).append(exemption)
    kept = dict.fromkeys(
        finding
        for finding in findings
        if finding.rule.id not in options.disabled
        and not any(_covers(each, finding) for each in by_file.get(finding.path, ()))
        and not _is_excepted_by_scripts(finding, by_change)
    )
    return tuple(sorted(kept, key=lambda each: (str(each.path), each.line, each.rule.id)))


def _covers(exemption: Exemption, finding: Finding) -> bool:
    if finding.rule.id not in exemption.rules or not exemption.reason:
        return False
    last = max(finding.last_line, finding.line)
    overlaps = exemption.line <= last and finding.line <= exemption.last_line
    return finding.is_about_file or overlaps


def _is_excepted_by_scripts(finding: Finding, by_change: dict[str, list[Exemption]]) -> bool:
    """Findings about the plan's line of a change can be excepted in its scripts."""
    if finding.change is None or finding.is_about_file:
        return False
    return any(
        finding.rule.id in each.rules and each.reason for each in by_change.get(finding.change, ())
    )
