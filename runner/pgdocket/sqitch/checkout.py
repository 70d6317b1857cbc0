"""Changes the branch of a project, and the database with it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from pgdocket.sqitch.engine import Job
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan, parse_plan
from pgdocket.sqitch.rebase import RebaseOptions, rebase_job
from pgdocket.sqitch.reporter import Reporter
from pgdocket.sqitch.results import RunResult


@dataclass(frozen=True, slots=True)
class Git:
    """The repository of the working directory, reached through a git client."""

    client: str = "git"

    def branch(self) -> str:
        """The branch that is checked out."""
        return self._read("rev-parse", "--abbrev-ref", "HEAD").decode().strip()

    def file(self, branch: str, path: Path) -> bytes:
        """A file as it is on a branch; git takes ./ as the working directory."""
        place = path if not path.is_absolute() else Path(_relative(path))
        return self._read("show", f"{branch}:./{place}")

    def refuse_overwriting(self, branch: str) -> None:
        """SqitchError where git would not check the branch out, lest local work be lost."""
        self._read("update-index", "-q", "--refresh", may_fail=True)
        self._read("read-tree", "-n", "-m", "-u", "HEAD", branch)

    def check_out(self, branch: str, reporter: Reporter) -> None:
        """Checks the branch out, and passes on what git has to say."""
        done = self._run("checkout", branch)
        reporter.out(done.stdout.decode(errors="replace"))
        reporter.err(done.stderr.decode(errors="replace"))

    def _read(self, *arguments: str, may_fail: bool = False) -> bytes:
        return self._run(*arguments, may_fail=may_fail).stdout

    def _run(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[bytes]:
        try:
            done = subprocess.run(
                [self.client, *arguments],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except OSError as error:
            raise SqitchError(f"Cannot run {self.client}: {error.strerror}") from None
        if done.returncode and not may_fail:
            text = done.stderr.decode(errors="replace").rstrip()
            message = f'"{self.client}" unexpectedly returned exit value {done.returncode}'
            raise SqitchError(f"{text}\n{message}" if text else message)
        return done


def checkout_job(
    job: Job, branch: str, options: RebaseOptions, git: Git | None = None
) -> RunResult:
    """Reverts to the last change that both branches have, checks out, and deploys.

    The branch's plan is read, and what can't be done refused, before anything is reverted.
    SqitchError with exit code 1 when the branch is checked out already.
    """
    git = git or Git()
    current = git.branch()
    if current == branch:
        raise SqitchError(f"Already on branch {branch}", exit_code=1)
    path = job.target.plan_file
    plan = parse_plan(git.file(branch, path), path)
    common = _fork(job.plan, plan)
    if common is None:
        raise SqitchError(f"Branch {branch} has no changes in common with current branch {current}")
    git.refuse_overwriting(branch)
    reporter = job.reporter
    reporter.info(f"Last change before the branches diverged: {common.format_name_with_tags}")

    def switch() -> Plan:
        git.check_out(branch, reporter)
        return plan

    revert = replace(options.revert, to=common.id)
    return rebase_job(job, replace(options, revert=revert), switch)


def _fork(ours: Plan, theirs: Plan) -> Change | None:
    """The last change that both plans begin with."""
    common = None
    for change in theirs.changes:
        if ours.change_by_id(change.id) is None:
            break
        common = change
    return common


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        raise SqitchError(f"Plan file {path} is not below the working directory") from None
