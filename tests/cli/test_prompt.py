"""What an agent is told, from the shell."""

from __future__ import annotations

import json

from support.clients import Run, RunJson


def test_a_prompt_is_built_within_a_budget_and_printed(shop: RunJson, run: Run) -> None:
    shop("context", "put", "shop-1", "requirements", '{"goal": "fast", "password": "hunter2"}')
    text = run("context", "prompt", "shop-1").stdout
    assert text.startswith("## Task shop-1\n")
    assert "- goal: fast" in text
    assert "hunter2" not in text
    assert run("context", "prompt", "shop-1", "--format", "xml").stdout.startswith("<prompt task=")
    built = shop("context", "prompt", "shop-1", "--budget", "500", "--section", "contexts")
    assert [each["section"] for each in built["included"]] == ["contexts"]
    assert built["token_estimate"] <= 500
    pieces = run("context", "prompt", "shop-1", "--pieces").stdout
    assert "requirements" in pieces
    assert "of 8000 tokens" in pieces
    refused = run("context", "prompt", "shop-1", "--section", "weather")
    assert (refused.exit_code, "no such sections: weather" in refused.stderr) == (3, True)


def test_health_and_patterns_are_shown(shop: RunJson, run: Run) -> None:
    total = shop("context", "health", "shop-1")[0]
    assert (total["component"], total["weight"]) == ("total", 100)
    assert "missing:" in run("context", "health", "shop-1").stdout
    shop("context", "put", "shop-1", "requirements", "{}")
    assert [each["context_type"] for each in shop("context", "patterns", "shop-1")] == [
        "requirements"
    ]


def test_one_search_finds_tasks_and_contexts(shop: RunJson, run: Run) -> None:
    shop("context", "put", "shop-1", "notes", '"the zebra crossing"')
    found = shop("search", "zebra")
    assert [(each["kind"], each["key"]) for each in found] == [("context", "shop-1 notes")]
    assert shop("search", "zebra", "--kind", "task") == []
    assert "zebra" in run("search", "zebra").stdout
    assert json.loads(run("search", "&|!", "--json").stdout) == []


def test_what_was_said_is_found_and_what_is_searched_is_counted(shop: RunJson, run: Run) -> None:
    said = ("--type", "review", "--agent", "ann", "--response", '{"text": "An okapi."}')
    shop("interaction", "record", "shop-1", *said)
    found = shop("search", "Okapi", "--kind", "interaction")
    assert [(each["kind"], each["key"]) for each in found] == [("interaction", "shop-1 review")]
    shop("search", "quagga")
    asked = [(each["pattern"], each["last_results"]) for each in shop("searches")]
    assert asked == [("quagga", 0), ("okapi", 1)]
    assert [each["pattern"] for each in shop("searches", "--unanswered")] == ["quagga"]
    assert "in vain" in run("searches").stdout
