"""Projects for the tests of the linter, and what it finds in them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pgdocket.cli import cli
from pgdocket.sqitch.config import load_configuration, resolve_target
from pgdocket.sqitch.lint import LintOptions, LintReport, lint
from support.changes import Project
from support.outcomes import Outcome

CREATE = "begin;\ncreate table public.t (id int);\ncommit;\n"
DROP = "begin;\ndrop table public.t;\ncommit;\n"
LOOK = "begin;\nselect id from public.t where false;\nrollback;\n"


def checked(
    project: Project, *disabled: str, since: str | None = None, released: bool = False
) -> LintReport:
    """What the linter finds in a project."""
    project.save()
    configuration = load_configuration(project.folder, environ={})
    options = LintOptions(frozenset(disabled), since, released)
    return lint(resolve_target(configuration, "db:pg:"), options)


def found(
    project: Project, *disabled: str, since: str | None = None, released: bool = False
) -> list[str]:
    """The rules that were broken, with the file and line of each."""
    return [
        f"{each.path.relative_to(project.folder).as_posix()}:{each.line} {each.rule.id}"
        for each in checked(project, *disabled, since=since, released=released).findings
    ]


def deployed_by(project: Project, script: str) -> list[str]:
    """What is found in a change that deploys by this script: rules and lines."""
    project.change("a", table=False).scripts("a", script, DROP, LOOK)
    return [each.removeprefix("deploy/a.sql:") for each in found(project)]


def block(*statements: str) -> str:
    """The statements as one transaction."""
    return "\n".join(["begin;", *statements, "commit;", ""])


def run(project: Project, *arguments: str) -> Outcome:
    """Runs `pgdocket sqitch lint`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        done = CliRunner().invoke(cli, ["sqitch", "lint", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Outcome(done.exit_code, done.stdout, done.stderr)
