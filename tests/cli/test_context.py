"""What is known about a task, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

from support.clients import Run, RunJson


def test_a_context_is_stored_changed_compared_and_taken_away(shop: RunJson, run: Run) -> None:
    made = shop("context", "put", "shop-1", "requirements", '{"goal": "fast", "n": 1}')
    assert (made["version"], made["data"], made["content_type"]) == (
        1, {"goal": "fast", "n": 1}, "application/json",
    )  # fmt: skip
    assert (
        "version 1"
        in run("context", "put", "shop-1", "requirements", '{"goal": "fast", "n": 1}').stdout
    )
    patched = shop("context", "patch", "shop-1", "requirements", '{"n": 2}', "--expect", "1")
    assert (patched["version"], patched["data"]) == (2, {"goal": "fast", "n": 2})
    stale = run("context", "put", "shop-1", "requirements", "{}", "--expect", "1")
    assert (stale.exit_code, "version 2, not 1" in stale.stderr) == (9, True)
    shop("context", "patch", "shop-1", "requirements", '[{"op": "remove", "path": "/n"}]')

    shown = json.loads(run("context", "get", "shop-1", "requirements").stdout)
    assert shown == {"goal": "fast"}
    assert shop("context", "get", "shop-1", "requirements", "--version", "2")["version"] == 2
    assert shop("context", "diff", "shop-1", "requirements", "1", "2") == [
        {"path": "/n", "operation": "replace", "before": 1, "after": 2}
    ]
    assert json.loads(run("context", "diff", "shop-1", "requirements", "1", "--patch").stdout) == [
        {"op": "remove", "path": "/n"}
    ]
    assert "/n" in run("context", "diff", "shop-1", "requirements", "1").stdout

    assert shop("context", "delete", "shop-1", "requirements")["is_tombstone"] is True
    assert run("context", "get", "shop-1", "requirements").exit_code == 4
    history = shop("context", "history", "shop-1", "requirements")
    assert [each["version"] for each in history] == [1, 2, 3, 4]
    assert "shop-1 has no context" in run("context", "get", "shop-1").output


def test_files_and_streams_come_back_byte_for_byte(shop: RunJson, run: Run, tmp_path: Path) -> None:
    content = b'{ "b": 1,\r\n  "a": "\\u0000" }\n'
    path = tmp_path / "map.json"
    path.write_bytes(content)
    shop("context", "put", "shop-1", "map", f"@{path}")
    assert run("context", "get", "shop-1", "map", "--raw").stdout_bytes == content
    text = run(
        "context", "put", "shop-1", "log", "-", "--content-type", "text/plain", input="one\ntwo\n"
    )
    assert text.exit_code == 0
    assert run("context", "get", "shop-1", "log", "--raw").stdout == "one\ntwo\n"
    assert run("context", "get", "shop-1", "log").stdout == "one\ntwo\n\n"
    listed = shop("context", "get", "shop-1")
    assert [each["context_type"] for each in listed] == ["log", "map"]
    assert run("context", "put", "shop-1", "map", "@missing.json").exit_code == 2


def test_contexts_are_found_counted_and_pruned(shop: RunJson, run: Run) -> None:
    for number in range(3):
        shop("context", "put", "shop-1", "plan", f'{{"step": "polish the glasses {number}"}}')
    shop("context", "put", "shop-2", "codebase", '{"files": ["kitchen/oven.py"]}')
    (found,) = shop("context", "search", "glass")
    assert (found["task_key"], found["version"]) == ("shop-1", 3)
    assert "**glasses**" in run("context", "search", "glass", "--type", "plan").stdout
    assert shop("context", "search", "glass", "--after", found["place"]) == []
    touching = [each["task_key"] for each in shop("context", "touching", "kitchen/oven.py")]
    assert touching == ["shop-2"]
    assert [each["task_key"] for each in shop("context", "touching", "sink.py")] == ["shop-3"]

    shop("context", "register", "plan", "--keep", "1", "--schema", '{"type": "object"}')
    assert run("context", "put", "shop-1", "plan", "[]").exit_code == 3
    assert "plan" in run("context", "types").stdout
    assert shop("context", "prune")["versions"] == 2
    assert [(each["context_type"], each["versions"]) for each in shop("context", "stats")] == [
        ("codebase", 1),
        ("plan", 1),
    ]
    assert [each["tasks"] for each in shop("context", "stats", "shop-1")] == [1]
