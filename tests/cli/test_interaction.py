"""Interactions from the shell: recorded, charged, listed, summed up and exported."""

from __future__ import annotations

import json

from support.clients import Run, RunJson


def test_what_agents_said_is_recorded_and_read(shop: RunJson, run: Run) -> None:
    said = [
        shop(
            "interaction", "record", "shop-1", "--agent", "ann", "--type", "review", "--ms", ms,
            "--input-tokens", "100", "--cost", "0.5", "--model", "m1", "--conversation", "c1",
            "--request", '{"ask": "why", "token": "hunter2"}', outcome,
        )
        for ms, outcome in (("10", "--success"), ("30", "--failure"))
    ]  # fmt: skip
    assert [each["success"] for each in said] == [True, False]
    assert said[0]["request_data"] == {"ask": "why", "token": "********"}
    assert shop("budget", "list")[0]["used_tokens"] == 200
    ids = [each["interaction_id"] for each in said]
    listed = shop("interaction", "list", "shop-1", "--agent", "ann")
    assert [each["interaction_id"] for each in listed] == ids[::-1]
    assert shop("interaction", "list", "--failure", "--since", "2020-01-01") == listed[:1]
    assert shop("interaction", "conversation", "c1") == listed[::-1]
    assert shop("interaction", "conversation", "--session", "nowhere") == []
    assert run("interaction", "conversation").exit_code == 3
    [figures] = shop("interaction", "performance", "--by", "model")
    assert (figures["model"], figures["success_rate"], figures["costs"]) == ("m1", 0.5, {"USD": 1})
    lines = run("interaction", "export", "shop-1").stdout.splitlines()
    assert [json.loads(line)["interaction_id"] for line in lines] == ids
    assert "m1" in run("interaction", "list").stdout
    assert run("interaction", "list", "shop-3").stderr == "nothing was recorded\n"
    refused = run("interaction", "record", "shop-9", "--agent", "ann", "--type", "review")
    assert refused.exit_code == 4
