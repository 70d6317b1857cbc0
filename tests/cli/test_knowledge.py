"""What the project knows, from the shell: documents, templates, what was learned."""

from __future__ import annotations

import json
from pathlib import Path

from support.clients import Run, RunJson

GUIDE = "Intro.\n\n# Rollback\n\nGo back to the last release.\n"
FLOW = {
    "name": "Release {{version}}",
    "tasks": [
        {"task_key": "build", "title": "Build {{version}}"},
        {"title": "Ship", "depends_on": ["build"]},
    ],
}


def test_documents_are_put_in_found_and_put_away(shop: RunJson, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "guide.md"
    file.write_text(GUIDE)
    put = shop("knowledge", "put", "deploy", str(file), "--title", "Deploying", "--tag", "ops")
    assert (put["title"], put["tags"], put["version"]) == ("Deploying", ["ops"], 1)
    assert "version 2" in run("knowledge", "put", "deploy", input="Other.").stdout
    assert run("knowledge", "show", "deploy", "--version", "1").stdout == GUIDE + "\n"
    assert run("knowledge", "put", "deploy", "--expect", "1", input="x").exit_code == 9
    shop("knowledge", "put", "deploy", str(file), "--title", "Deploying", "--kind", "guide")
    [found] = shop("knowledge", "search", "releases", "--kind", "guide")
    assert (found["document_key"], found["heading"]) == ("deploy", "Rollback")
    assert [each["document_key"] for each in shop("knowledge", "list")] == ["deploy"]
    assert "put away" in run("knowledge", "archive", "deploy").stdout
    assert shop("knowledge", "search", "releases") == []


def test_templates_are_rendered_and_make_workflows(shop: RunJson, run: Run, tmp_path: Path) -> None:
    run("template", "put", "ask", "--kind", "prompt", input="Why {{what}}?")
    rendered = run("template", "render", "ask", "--set", "what=not", "--task", "shop-1")
    assert rendered.stdout == "Why not?\n"
    missing = run("template", "render", "ask")
    assert (missing.exit_code, "variables are missing: what" in missing.stderr) == (3, True)
    assert run("template", "render", "ask", "--set", "what").exit_code == 2
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(FLOW))
    shop(
        "template",
        "put",
        "release",
        str(file),
        "--kind",
        "workflow",
        "--schema",
        '{"required": ["version"]}',
    )
    tasks = shop("template", "instantiate", "release", "--set", "version=1.4")
    assert [(each["task_key"], each["title"]) for each in tasks] == [
        ("shop-4", "Build 1.4"),
        ("shop-5", "Ship"),
    ]
    assert shop("template", "show", "ask")["body"] == "Why {{what}}?"
    assert [each["template_key"] for each in shop("template", "list")] == ["ask", "release"]
    effect = shop("template", "effectiveness", "ask")
    assert [(each["uses"], each["tasks"]) for each in effect] == [(1, 1)]
    run("template", "archive", "ask")
    assert [each["template_key"] for each in shop("template", "list")] == ["release"]


def test_what_is_learned_and_what_tasks_were_like_is_told(shop: RunJson, run: Run) -> None:
    assert "nothing was learned" in run("knowledge", "learned").stderr
    shop(
        "knowledge", "learn", "spoons", "--what", "Forget no spoons", "--for", "--task", "shop-1",
        "--tag", "web",
    )  # fmt: skip
    [learned] = shop("knowledge", "learned", "spoons", "--sure", "0.6")
    assert (learned["confidence"], learned["evidence"]) == (0.6667, 1)
    shop("task", "add", "Lay the table again", "--tag", "web")
    attempt = shop("task", "start", "shop-4", "--agent", "ann")["attempt_id"]
    shop("complete", attempt)
    assert [each["task_key"] for each in shop("task", "similar", "shop-1")] == ["shop-4"]
    told = shop("task", "recommend", "shop-1")
    assert [(each["kind"], each["subject"]) for each in told] == [
        ("agent", "ann"),
        ("pattern", "spoons"),
    ]
    assert told[0]["evidence"] == {"attempt_ids": [attempt]}
    assert "no task like it" in run("task", "recommend", "shop-3").stderr
