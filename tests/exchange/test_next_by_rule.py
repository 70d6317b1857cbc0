"""What other tools would do next: the same answers as theirs, for real files."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from support.sessions import Connection
from support.task_files import import_file

FOLDER = os.environ.get("PGDOCKET_SAMPLES", "")
NEXT = "select reference from docket.next_by_rule(%s, %s, %s)"


def expected(name: str) -> list[dict[str, str]]:
    """The rows of a table of answers that the real tool gave."""
    if not FOLDER:
        return []
    head, *rows = (Path(FOLDER) / name).read_text().splitlines()
    return [dict(zip(head.split("\t"), row.split("\t"), strict=False)) for row in rows]


@pytest.mark.skipif(not FOLDER, reason="PGDOCKET_SAMPLES names no folder of samples")
@pytest.mark.parametrize(
    "row", expected("EXPECTED_NEXT.tsv"), ids=lambda row: f"{row['file']}-{row['tag']}"
)
def test_the_next_task_is_the_one_that_task_master_told(
    row: dict[str, str], connection: Connection
) -> None:
    content = (Path(FOLDER) / "taskmaster" / row["file"]).read_bytes()
    if row["file"].startswith("Adam-Elmi__SomCheat"):
        with pytest.raises(psycopg.Error) as refusal, connection.transaction():
            import_file(connection, content)
        assert refusal.value.sqlstate == "PD422"
        assert (row["cli_next"], row["mcp_next"]) == ("", ""), "no task file, nothing is next"
        return

    project_id = import_file(connection, content)["project_id"]
    for tool in ("cli", "mcp"):
        assert ask(connection, project_id, f"taskmaster-{tool}", row["tag"]) == (
            row[f"{tool}_status"],
            row[f"{tool}_next"],
        )


def ask(connection: Connection, project_id: str, rule: str, tag: str) -> tuple[str, str]:
    """What is next by a rule, or the error."""
    try:
        with connection.transaction():
            found = connection.execute(NEXT, (project_id, rule, tag)).fetchone()
    except psycopg.Error as error:
        if error.sqlstate != "PD422":
            raise
        return f"error: {error.diag.message_primary}", ""
    return "ok", found[0] if found else ""
