"""What was found as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from pgdocket import __version__
from pgdocket.sqitch.lint import LintReport, rules
from pgdocket.sqitch.lint.model import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(report: LintReport, root: Path) -> dict[str, Any]:
    """The report as a SARIF log with one run; paths are relative to the folder `root`."""
    numbers = {rule.id: at for at, rule in enumerate(rules.ALL)}
    driver = {
        "name": "pgdocket",
        "version": __version__,
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.reason},
                "defaultConfiguration": {"level": rule.level.value},
            }
            for rule in rules.ALL
        ],
    }
    results = [_result(finding, numbers[finding.rule.id], root) for finding in report.findings]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _result(finding: Finding, number: int, root: Path) -> dict[str, Any]:
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    region = {"startLine": finding.line}
    if finding.last_line > finding.line:
        region["endLine"] = finding.last_line
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(shown_path(finding.path, root))},
        "region": region,
    }
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": number,
        "level": finding.rule.level.value,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def shown_path(path: Path, root: Path) -> str:
    """The path as it is shown: relative to the folder, where it lies in it."""
    absolute = path.absolute()
    if absolute.is_relative_to(root.absolute()):
        return absolute.relative_to(root.absolute()).as_posix()
    return path.as_posix()
