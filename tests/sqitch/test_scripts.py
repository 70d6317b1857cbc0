"""The scripts of a change are found where Sqitch looks for them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pgdocket.sqitch.config import Target, load_configuration, resolve_target
from pgdocket.sqitch.plan import Change, parse_plan
from pgdocket.sqitch.scripts import deploy_file, revert_file, script_hash, verify_file


@pytest.fixture
def target(tmp_path: Path) -> Target:
    (tmp_path / "sqitch.conf").write_text("[core]\nextension = ddl\nreworked_dir = old\n")
    return resolve_target(load_configuration(tmp_path, {"HOME": str(tmp_path)}), "db:pg:")


def changes(names: str) -> tuple[Change, ...]:
    body = "".join(f"{name} 2020-01-02T03:04:05Z Ada <a@x>\n" for name in names.split())
    return parse_plan(f"%project=pr\n\n{body}".encode(), Path("sqitch.plan")).changes


def test_a_slash_in_a_name_is_a_folder(target: Target, tmp_path: Path) -> None:
    (change,) = changes("tables/users")
    assert deploy_file(change, target) == tmp_path / "deploy" / "tables" / "users.ddl"
    assert revert_file(change, target) == tmp_path / "revert" / "tables" / "users.ddl"
    assert verify_file(change, target) == tmp_path / "verify" / "tables" / "users.ddl"


def test_a_reworked_change_has_its_tag_in_the_name(target: Target, tmp_path: Path) -> None:
    before, _, after = changes("f @v1 g @v2 f")
    assert deploy_file(before, target) == tmp_path / "old" / "deploy" / "f@v2.ddl"
    assert deploy_file(after, target) == tmp_path / "deploy" / "f.ddl"


def test_the_deploy_script_that_exists_decides_for_all_three(
    target: Target, tmp_path: Path
) -> None:
    change = changes("f @v1 g @v2 f")[0]
    existing = tmp_path / "old" / "deploy" / "f@v1.ddl"
    existing.parent.mkdir(parents=True)
    existing.touch()
    assert deploy_file(change, target) == existing
    assert revert_file(change, target).name == "f@v1.ddl"
    assert verify_file(change, target).name == "f@v1.ddl"


def test_the_hash_is_over_the_bytes_of_the_deploy_script(target: Target, tmp_path: Path) -> None:
    (change,) = changes("f")
    assert script_hash(change, target) is None
    data = b"\xef\xbb\xbfselect 1;\r\n"
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "f.ddl").write_bytes(data)
    assert script_hash(change, target) == hashlib.sha1(data).hexdigest()  # noqa: S324
