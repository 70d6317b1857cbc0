"""Webhooks from the shell: taken in once, shown, replayed, and refused without a signature."""

from __future__ import annotations

import json
from pathlib import Path

from pgdocket.webhooks import github_signature
from support.clients import Run, RunJson

PULL_REQUEST = {
    "action": "opened",
    "repository": {"full_name": "acme/shop"},
    "pull_request": {"number": 7, "state": "open", "draft": False, "title": "Add a cart"},
}


def test_a_delivery_is_taken_in_listed_and_replayed(
    shop: RunJson, run: Run, tmp_path: Path
) -> None:
    body = json.dumps(PULL_REQUEST, indent=1)
    (tmp_path / "payload").write_text(body)
    (tmp_path / "secret").write_text("a secret\n")
    command = [
        "webhook", "ingest", str(tmp_path / "payload"), "--event", "pull_request", "--delivery",
        "d1", "--secret-file", str(tmp_path / "secret"),
    ]  # fmt: skip
    assert run(*command).exit_code == 13
    assert run(*command, "--signature", "sha256=00").exit_code == 13
    signature = github_signature(b"a secret", body.encode())
    taken = shop(*command, "--signature", signature)
    assert (taken["delivery_status"], taken["times_received"]) == ("processed", 1)
    assert "pull_request processed" in run(*command, "--signature", signature).stdout

    (listed,) = shop("webhook", "list", "--status", "processed")
    assert (listed["delivery_key"], listed["times_received"], listed["action"]) == (
        "d1", 2, "opened",
    )  # fmt: skip
    assert listed["body_bytes"] == len(body)
    assert shop("webhook", "replay", listed["webhook_delivery_id"])["times_processed"] == 2
    assert shop("webhook", "list", "--status", "failed") == []
    told = run("webhook", "ingest", "-", "--event", "push", "--delivery", "d2", input="no JSON")
    assert told.exit_code == 3
