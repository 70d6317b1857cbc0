"""Events and components from the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from support.clients import Run, RunJson
from support.databases import Database
from support.races import settle
from support.sessions import Connect


def test_what_is_told_is_listed_shown_replayed_and_followed(
    shop: RunJson, run: Run, docket: Database, connect: Connect
) -> None:
    told = shop(
        "events", "emit", "com.example.approved", "--data", '{"by": "ann"}', "--task", "shop-1",
        "--subject", "1.2", "--story", "release 1.2", "--component", "api",
    )  # fmt: skip
    assert told["transaction_id"].isdigit()
    assert run("events", "emit", "other").stdout.startswith("told: other ")
    assert [e["event_type"] for e in shop("events", "list")] == ["other", "com.example.approved"]
    [found] = shop("events", "list", "shop-1", "--story", "release 1.2")
    assert found["event_id"] == told["event_id"]
    shown = shop("events", "show", told["event_id"])
    assert (shown["specversion"], shown["data"]) == ("1.0", {"by": "ann"})
    settle(connect(docket))
    replayed = run("events", "replay", "--type", "com.*", "--component", "api", "--json").stdout
    assert [json.loads(line)["subject"] for line in replayed.splitlines()] == ["1.2"]
    lines = run("events", "replay").stdout.splitlines()
    assert lines[0].endswith('com.example.approved  1.2  {"by": "ann"}')
    assert run("events", "replay", "--after", "nowhere").exit_code == 3
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "events", "follow", "--after", "0:0", "--json"],
        env=os.environ | docket.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["id"] == shown["id"]
    process.terminate()
    process.communicate()


def test_a_component_is_known_lives_and_is_no_more(shop: RunJson, run: Run) -> None:
    made = shop("components", "register", "api", "--kind", "service", "--every", "30")
    assert (made["name"], made["heartbeat_seconds"]) == ("api", 30)
    assert run("components", "health").exit_code == 0
    lived = run("components", "heartbeat", "api", "--use", "cpu=0.4", "--use", "disk=0.9")
    assert lived.stdout == "api is healthy\n"
    assert "cpu=40% disk=90%" in run("components", "health").stdout
    assert run("components", "heartbeat", "api", "--use", "cpu").exit_code == 2
    shop("components", "heartbeat", "api", "--state", "down", "--reason", "deploy")
    down = run("components", "health")
    assert down.exit_code == 1
    assert "deploy" in down.stdout
    assert [c["name"] for c in shop("components", "list", "--state", "down")] == ["api"]
    assert run("components", "retire", "api").stdout == "retired: api\n"
    assert run("components", "list").stdout == ""
    assert run("components", "heartbeat", "store").exit_code == 4
