"""Files that were made for tasks, from the shell."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
import pytest

from support.clients import Run, RunJson
from support.databases import Database


def test_files_are_stored_found_read_and_proven(
    shop: RunJson, run: Run, docket: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = bytes(range(256)) * 40_000  # of two parts
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "all.bin").write_bytes(content)
    (tmp_path / "src" / "a.py").write_text("print(1)\n")
    stored = shop("artifact", "put", "shop-1", "src/all.bin", f"{tmp_path}/src/a.py")
    assert [(each["file_path"], each["version_no"], each["content_type"]) for each in stored] == [
        ("src/all.bin", 1, "application/octet-stream"), ("src/a.py", 1, "text/x-python"),
    ]  # fmt: skip
    assert stored[0]["content_hash"] == hashlib.sha256(content).hexdigest()

    assert run("artifact", "get", "shop-1", "src/all.bin").stdout_bytes == content
    assert run("artifact", "get", "shop-1", "src/all.bin", "-o", "copy").exit_code == 0
    assert (tmp_path / "copy").read_bytes() == content
    second = run("artifact", "put", "shop-1", "-", "--as", "src/a.py", input="print(2)\n")
    assert second.stdout == "shop-1: src/a.py is at version 2\n"
    assert run("artifact", "get", "shop-1", "src/a.py", "--version", "1").stdout == "print(1)\n"
    assert shop("artifact", "get", "shop-1", "src/a.py")["version_no"] == 2
    paths = [each["file_path"] for each in shop("artifact", "list", "shop-1", "--latest")]
    assert paths == ["src/all.bin", "src/a.py"]
    assert "src/a.py" in run("artifact", "list", "--type", "source_code").stdout

    sha256 = "0a" * 32
    away = ("--location", "gs://builds/a.tar", "--size", "7", "--sha256", sha256)
    shop("artifact", "put", "shop-1", "--as", "a.tar", *away)
    missing = run("artifact", "get", "shop-1", "a.tar")
    assert (missing.exit_code, "it is at gs://builds/a.tar" in missing.stderr) == (3, True)
    damaged = run("artifact", "put", "shop-1", "src/a.py", "--sha256", sha256)
    assert (damaged.exit_code, "another SHA-256" in damaged.stderr) == (3, True)
    assert run("artifact", "get", "shop-1", "nothing").exit_code == 4
    assert run("artifact", "put", "shop-1", "/dev/null").exit_code == 2
    assert run("artifact", "put", "shop-1", "no such file").exit_code == 2

    assert shop("artifact", "verify") == {"checked": 4, "wrong": []}
    with psycopg.connect(docket.conninfo, autocommit=True) as connection:
        connection.execute(
            "alter table docket.artifact_contents drop constraint artifact_contents_hash_exact"
        )
        connection.execute(
            "update docket.artifact_contents set content = 'print(3)'"
            " where content_hash = sha256('print(2)\n')"
        )
    verified = run("artifact", "verify")
    assert (verified.exit_code, "src/a.py" in verified.stdout) == (1, True)
    assert "1 of 4 artifacts" in verified.stderr
    assert run("artifact", "get", "shop-1", "src/a.py", "-o", "broken").exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "src"]
