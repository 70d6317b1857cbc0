"""The live view: once for scripts, and on a terminal until somebody ends it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress

from support.clients import Run, RunJson, eventually
from support.databases import Database


def test_a_script_looks_once(shop: RunJson, run: Run) -> None:
    shop("claim", "--agent", "ann")
    shop("components", "register", "api", "--kind", "service")
    shop("components", "heartbeat", "api", "--state", "down", "--reason", "[deploy]")
    shop("alerts", "rules", "set", "silent", "component")
    shop("alerts", "evaluate")
    picture = shop("top")
    assert picture["queue"] == {"in_progress": 1, "pending": 1, "ready": 1}
    assert (picture["rates"]["begun"], picture["rates"]["agents"]) == (1, 1)
    assert [lease["agent"] for lease in picture["leases"]] == ["ann"]
    assert [alert["rule_name"] for alert in picture["alerts"]] == ["silent"]
    assert [part["state"] for part in picture["components"]] == ["down"]
    shown = run("top", "--once").stdout
    for part in ("in_progress", "ann", "Lay the table", "silent", "component=api", "[deploy]"):
        assert part in shown


def test_a_person_looks_until_it_is_enough(shop: RunJson, docket: Database) -> None:
    shop("claim", "--agent", "ann")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pgdocket", "top", "--every", "0.1s"],
        env=os.environ | docket.environment | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
        stdout=theirs,
        stderr=subprocess.STDOUT,
    )
    seen = bytearray()

    def drawn_twice() -> bool:
        seen.extend(os.read(ours, 65536))
        return seen.count(b"Agents at work") >= 2

    assert eventually(drawn_twice, "the picture is drawn again")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    os.close(theirs)
    # What is left, until there is nobody at the other end.
    with suppress(OSError):
        while rest := os.read(ours, 65536):
            seen.extend(rest)
    os.close(ours)
    assert b"ann" in seen
    # The cursor is there again, and so is what was on the terminal before.
    assert seen.rfind(b"\x1b[?25h") > seen.rfind(b"\x1b[?25l")
    assert seen.rfind(b"\x1b[?1049l") > seen.rfind(b"\x1b[?1049h")
