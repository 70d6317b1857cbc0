"""docs/context.md: what it shows is what psql says, from its first line to its last."""

from __future__ import annotations

import re
import subprocess

from support.databases import ROOT, Database

PAGE = (ROOT / "docs" / "context.md").read_text()
SHOWN = re.findall(r"```sql\n(.*?)```\n```text\n(.*?)```", PAGE, re.DOTALL)
END = "----- the end of a block -----"


def test_the_page_is_what_psql_says(docket: Database) -> None:
    assert len(SHOWN) == 8
    script = "".join(f"{program}\n\\echo {END}\n" for program, _ in SHOWN)
    done = subprocess.run(
        [docket.server.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "footer=off"],
        env=docket.environment, input=script, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.split(f"{END}\n")[:-1]
    assert [lines(block) for block in said] == [lines(text) for _, text in SHOWN]


def lines(text: str) -> list[str]:
    """The lines of an output, without the blanks that psql puts at their ends."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]
