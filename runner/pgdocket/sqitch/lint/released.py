"""The rule that released changes are never edited: git knows what was released."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.model import Finding
from pgdocket.sqitch.lint.plan_rules import script_path
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan, parse_plan
from pgdocket.sqitch.targets import Target


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository that a file lies in; `root` is its top folder."""

    root: Path

    def run(self, *arguments: str, data: bytes | None = None) -> bytes:
        """What git prints; SqitchError with git's own words when it fails."""
        line = ["git", "-C", str(self.root), *arguments]
        try:
            done = subprocess.run(line, input=data, capture_output=True, check=False)
        except OSError as error:
            raise SqitchError(f"git can't be run: {error.strerror}") from error
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip() or "git failed"
            raise SqitchError(message.removeprefix("fatal: "))
        return done.stdout

    def name(self, path: Path) -> str:
        """The path as git writes it; SqitchError for a file outside the repository."""
        absolute = path.parent.resolve() / path.name
        if not absolute.is_relative_to(self.root):
            raise SqitchError(f"{path} is not in the git repository {self.root}")
        return absolute.relative_to(self.root).as_posix()


def repository_of(path: Path) -> Repository:
    """The repository of a file; SqitchError where there is none."""
    start = Repository(path.parent.resolve())
    return Repository(Path(start.run("rev-parse", "--show-toplevel").decode().rstrip("\n")))


def all_released_findings(plan: Plan, target: Target) -> Iterator[Finding]:
    """What was edited after the first tag that released it, for all tags of the plan.

    A tag that has not been committed yet has released nothing.
    """
    if not plan.tags:
        return
    repository = repository_of(plan.path)
    plan_name = repository.name(plan.path)
    first = 0
    for tag, position in plan.tag_positions:
        if position >= first and _has_tag(repository, "HEAD", plan_name, tag.name):
            yield from released_findings(plan, target, tag.name, first=first)
        first = max(first, position + 1)


def released_findings(
    plan: Plan, target: Target, since: str, *, first: int = 0
) -> Iterator[Finding]:
    """What of a release was edited after it.

    `since` is a tag of the plan, with or without its `@`: what the plan has up to there, as it
    was when the tag was added; or else what git calls a commit: the whole plan as it was there.
    `first` is the position of the first change to look at. SqitchError when there is no such
    tag or commit.
    """
    repository = repository_of(plan.path)
    plan_name = repository.name(plan.path)
    commit, old = _release(repository, plan, plan_name, since)
    now = {change.id: change for change in plan.changes}
    blobs = _blobs(repository, commit)
    pairs: list[tuple[Change, str, str, Path]] = []
    for change in old[first:]:
        present = now.get(change.id)
        if present is None:
            message = f'"{change.name}" of {since} is not in the plan any more, or has another id'
            hint = "undo the edit of its line, or of a line before it; add or rework a change"
            yield Finding(rules.RELEASED_PLAN, plan.path, 1, message, hint, change=change.name)
            return  # all that follow have another id, too
        name = _old_name(change, target, repository, blobs)
        if name in blobs:
            pairs.append((change, name, blobs[name], script_path("deploy", present, target)))
    yield from _edited(repository, pairs, since)


def _release(
    repository: Repository, plan: Plan, plan_name: str, since: str
) -> tuple[str, Sequence[Change]]:
    """The commit of a release, and the changes that belong to it."""
    tag = plan.tag(since)
    if tag is None:
        found = _commit(repository, since)
        return found, _plan_at(repository, found, plan_name).changes
    commit_of_tag = _commit_of(repository, plan_name, tag.name)
    old = _plan_at(repository, commit_of_tag, plan_name)
    position = old.tag_position(tag.name)
    return commit_of_tag, old.changes[: (position or 0) + 1]


def _commit(repository: Repository, name: str) -> str:
    try:
        found = repository.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except SqitchError as error:
        message = f'"{name}" is neither a tag of the plan nor a commit of git'
        raise SqitchError(message) from error
    return found.decode().strip()


def _commit_of(repository: Repository, plan_name: str, tag: str) -> str:
    """The newest commit that added the tag to the plan."""
    pattern = rf"^[[:space:]]*{re.escape(tag)}[[:space:]]"
    found = repository.run("log", "--format=%H", "-G", pattern, "--", plan_name).decode().split()
    for commit in found:
        if _has_tag(repository, commit, plan_name, tag) and not _has_tag(
            repository, f"{commit}^", plan_name, tag
        ):
            return commit
    raise SqitchError(
        f"no commit has added {tag} to {plan_name}",
        hint="commit the plan; and where the history is shallow, fetch all of it",
    )


def _has_tag(repository: Repository, commit: str, plan_name: str, tag: str) -> bool:
    try:
        return _plan_at(repository, commit, plan_name).tag(tag) is not None
    except SqitchError:
        return False


def _plan_at(repository: Repository, commit: str, plan_name: str) -> Plan:
    return parse_plan(repository.run("show", f"{commit}:{plan_name}"), Path(plan_name))


def _blobs(repository: Repository, commit: str) -> dict[str, str]:
    """The ids of all files of a commit, by name."""
    listed = repository.run("ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="replace")
    found = {}
    for entry in listed.split("\0"):
        head, tab, name = entry.partition("\t")
        if tab:
            found[name] = head.split()[2]
    return found


def _old_name(change: Change, target: Target, repository: Repository, blobs: dict[str, str]) -> str:
    """The name of the deploy script that the change had in that commit."""
    if not change.is_reworked:
        path = target.deploy_dir / f"{change.name}.{target.extension}"
        return repository.name(path)
    folder = target.reworked_deploy_dir
    names = [
        repository.name(folder / f"{change.name}{tag}.{target.extension}")
        for tag in change.rework_tags
    ]
    return next((name for name in names if name in blobs), names[0])


def _edited(
    repository: Repository, pairs: list[tuple[Change, str, str, Path]], since: str
) -> Iterator[Finding]:
    present = [each for each in pairs if each[3].is_file()]
    names = "".join(f"{repository.name(path)}\n" for *_, path in present)
    hashed = repository.run("hash-object", "--stdin-paths", data=names.encode()).decode().split()
    for (change, _, blob, path), now in zip(present, hashed, strict=True):
        if blob != now:
            yield Finding(
                rules.RELEASED_SCRIPT,
                path,
                1,
                f'the deploy script of "{change.name}" was edited after {since}',
                f"undo the edit, and: pgdocket sqitch rework {change.name}",
                is_about_file=True,
                change=change.name,
            )
