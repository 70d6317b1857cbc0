"""Issues of Linear's from the shell: linked, taken in, sent, and decided."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from pgdocket.webhooks import linear_signature
from support.clients import Run, RunJson

ISSUE = {
    "id": "i1", "identifier": "ENG-1", "title": "Theirs", "updatedAt": "2026-01-01T08:00:00Z",
    "state": {"type": "unstarted"}, "priority": 3, "labels": [],
}  # fmt: skip


def test_a_task_and_its_issue_from_the_shell(shop: RunJson, run: Run, tmp_path: Path) -> None:
    def saved(name: str, content: Any) -> str:
        (tmp_path / name).write_text(json.dumps(content))
        return str(tmp_path / name)

    issue = saved("issue", ISSUE)
    key = shop("task", "add", "Ours")["task_key"]
    assert run("linear", "unlink", key).exit_code == 4
    told = run("linear", "link", key, "--issue", issue, "--policy", "priority=ours").stdout
    assert "ENG-1; conflict: title" in told
    (conflict,) = shop("linear", "conflicts")
    assert (conflict["ours"], conflict["theirs"]) == ("Ours", "Theirs")
    assert shop("linear", "resolve", key, "--take", "ours", "--field", "title")["conflicts"] == []

    (change,) = shop("linear", "pending")
    assert change["changes"] == {"title": "Ours"}
    failed = shop("linear", "fail", change["linear_change_id"], "no answer")
    assert (failed["failures"], failed["send_error"]) == (1, "no answer")
    shop("linear", "retry", key)
    (change,) = shop("linear", "pending", "--limit", "5", "--lease", "60")
    answer = saved("answer", {"id": "i1", "updatedAt": "2026-01-01T09:00:00Z"})
    assert run("linear", "ack", change["linear_change_id"], answer).exit_code == 0
    assert run("linear", "ack", change["linear_change_id"], answer).exit_code == 8

    now = int(time.time() * 1000)
    event: dict[str, Any] = {"type": "Issue", "action": "update", "webhookTimestamp": now}
    event["updatedFrom"] = {"title": "Ours"}
    event["data"] = ISSUE | {"title": "Later", "updatedAt": "2026-01-01T10:00:00Z"}
    body = saved("event", event)
    (tmp_path / "secret").write_text("a secret")
    ingest = ["webhook", "ingest", body, "--source", "linear", "--secret-file"]
    ingest.append(str(tmp_path / "secret"))
    assert run(*ingest).exit_code == 13
    signature = linear_signature(b"a secret", Path(body).read_bytes())
    assert shop(*ingest, "--signature", signature)["delivery_status"] == "processed"
    assert shop("task", "show", key)["title"] == "Later"
    old = saved("event", event | {"webhookTimestamp": now - 61_000})
    signature = linear_signature(b"a secret", Path(old).read_bytes())
    assert run(*ingest, "--signature", signature).exit_code == 13
    assert run("webhook", "ingest", body).exit_code == 2

    (listed,) = shop("linear", "list", "--status", "synced")
    assert (listed["identifier"], listed["direction"]) == ("ENG-1", "bidirectional")
    assert shop("linear", "unlink", key)["issue_id"] == "i1"
    assert shop("linear", "list") == []
