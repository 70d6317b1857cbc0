"""The doctor from the shell: what it looks at, and what it says of what somebody has broken."""

from __future__ import annotations

import json

from support.clients import Run, RunJson
from support.databases import Database
from support.sessions import Connect


def test_all_is_well_until_somebody_breaks_it(
    shop: RunJson, run: Run, docket: Database, connect: Connect
) -> None:
    session = connect(docket)
    shop("maintain")
    rows = {row["item"]: row for row in json.loads(run("--json", "doctor", "--deep").stdout)}
    assert {"server", "maintenance", "graph", "journal, row by row"} <= set(rows)
    # Test servers are not to outlive a crash.
    assert {name for name, row in rows.items() if row["level"] != "ok"} <= {"settings"}

    session.execute("set session_replication_role = replica")
    session.execute("update docket_private.task_nodes set unmet = 7")
    session.execute("update docket.audit_log set reason = 'another' where audit_id % 7 = 0")
    broken = run("doctor", "--deep")
    assert broken.exit_code == 1
    told = {line.split("  ")[0]: line for line in broken.output.splitlines()}
    assert "critical" in told["graph"]
    assert "critical" in told["journal, row by row"]

    run("doctor", "--repair")
    assert "ok" in next(
        line for line in run("doctor", "--deep").output.splitlines() if line.startswith("graph")
    )
