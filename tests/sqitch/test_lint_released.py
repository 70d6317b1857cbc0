"""The linter and git: what was released stays as it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pgdocket.sqitch.errors import SqitchError
from support.changes import Project
from support.linting import CREATE, DROP, LOOK, found, run


def git(project: Project, *arguments: str) -> str:
    """Runs git in the project's folder, untouched by the settings of whoever tests."""
    names = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER")
             for what in ("NAME", "EMAIL")}  # fmt: skip
    environment = os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(
        ["git", *arguments], cwd=project.folder, env=environment,
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


def commit(project: Project) -> str:
    """Commits everything; returns the id."""
    project.save()
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "a step")
    return git(project, "rev-parse", "HEAD")


@pytest.fixture
def released(tmp_path: Path) -> Project:
    """Two changes and a tag, and a change since; every step is a commit."""
    project = Project(tmp_path / "shop", "shop")
    project.change("a").change("b", "a").save()
    git(project, "init", "--quiet")
    commit(project)
    project.tag("v1")
    commit(project)
    project.change("c")
    commit(project)
    return project


def test_what_was_released_and_left_alone_is_clean(released: Project) -> None:
    released.write("c", "deploy", CREATE).write("a", "verify", LOOK)
    assert found(released, since="@v1") == []
    assert found(released, since="v1") == []


def test_an_edited_deploy_script_of_a_release_is_an_error(released: Project) -> None:
    released.write("b", "deploy", CREATE)
    assert found(released, since="@v1") == ["deploy/b.sql:1 released-script-edited"]
    assert found(released) == []
    commit(released)
    assert found(released, since="@v1") == ["deploy/b.sql:1 released-script-edited"]
    told = run(released, "--since", "@v1")
    assert told.code == 1
    assert "pgdocket sqitch rework b" in told.stdout


def test_what_was_edited_between_its_first_commit_and_the_tag_was_not_released_before(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path / "shop", "shop")
    project.change("a").save()
    git(project, "init", "--quiet")
    commit(project)
    project.write("a", "deploy", CREATE)
    project.tag("v1")
    commit(project)
    assert found(project, since="@v1") == []


def test_a_commit_of_git_releases_the_whole_plan(released: Project) -> None:
    released.write("c", "deploy", CREATE)
    assert found(released, since="HEAD") == ["deploy/c.sql:1 released-script-edited"]
    assert found(released, since="HEAD~1") == []


def test_each_change_is_held_to_the_first_tag_that_released_it(released: Project) -> None:
    assert found(released, released=True) == []
    released.write("a", "deploy", CREATE)
    released.tag("v2").tag("v2b").change("d")
    commit(released)
    assert found(released, since="@v2") == []
    assert found(released, released=True) == ["deploy/a.sql:1 released-script-edited"]
    released.write("c", "deploy", CREATE + "-- c").write("d", "deploy", CREATE + "-- d")
    assert found(released, released=True) == [
        "deploy/a.sql:1 released-script-edited",
        "deploy/c.sql:1 released-script-edited",
    ]


def test_a_tag_that_is_not_committed_has_released_nothing(released: Project) -> None:
    released.tag("v2").write("c", "deploy", CREATE)
    assert found(released, released=True) == []
    bare = Project(released.folder.parent / "bare", "bare").change("a")
    assert found(bare, released=True) == []


def test_a_rework_keeps_what_was_released_under_its_tag(released: Project) -> None:
    old = (released.folder / "deploy" / "b.sql").read_text()
    released.change("b", "b@v1", table=False).scripts("b@v1", old, DROP, LOOK)
    released.write("b", "deploy", CREATE)
    assert found(released, since="@v1") == []
    released.write("b@v1", "deploy", old + "-- edited\n")
    assert found(released, since="@v1") == ["deploy/b@v1.sql:1 released-script-edited"]


def test_a_line_of_the_past_that_was_edited_is_an_error(released: Project) -> None:
    released.lines[0] += " # A note that came later"
    assert found(released, since="@v1") == ["sqitch.plan:1 released-plan-edited"]


def test_what_means_nothing_is_told_in_one_line(released: Project, tmp_path: Path) -> None:
    with pytest.raises(SqitchError, match="v9"):
        found(released, since="v9")
    released.tag("v2")
    with pytest.raises(SqitchError, match="no commit has added @v2"):
        found(released, since="@v2")
    bare = Project(tmp_path / "bare", "bare").change("a").tag("v1")
    with pytest.raises(SqitchError, match="not a git repository"):
        found(bare, since="@v1")
