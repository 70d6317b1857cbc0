"""What runs a script keeps of it, hides, and does while the database is away."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from pgdocket.errors import ConnectionFailed
from pgdocket.script_runner import Kept, Masks, Runner, Script, Stop, interpreter_of, runner
from pgdocket.script_runner.kept import Lines, lines_of

KEYS = ["password", "api_key", "token"]
ID = UUID(int=1)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_the_beginning_and_the_end_are_kept(step: int) -> None:
    given = b"".join(b"%d " % number for number in range(1000))
    kept = Kept(head=20, tail=30)
    for start in range(0, len(given), step):
        kept.write(given[start : start + step])
    missing = len(given) - 50
    cut = f"\n[... {missing} bytes ...]\n".encode()
    assert kept.text().encode() == given[:20] + cut + given[-30:]
    assert kept.size == len(given)


def test_what_is_short_is_kept_as_it_is() -> None:
    kept = Kept(head=4, tail=4)
    kept.write(b"a\0b\xff")
    assert kept.text() == "a\ufffdb\ufffd"
    kept.write(b"1234")
    assert kept.text() == "a\ufffdb\ufffd1234"


def test_lines_are_whole_and_none_is_long() -> None:
    lines = Lines()
    assert [lines.write(part) for part in (b"a", b"b\nc", b"d\r", b"\ne")] == [
        b"", b"ab\n", b"cd\r", b"\n",
    ]  # fmt: skip
    assert lines.flush() == b"e"
    assert lines.write(b"x" * 9000) == b"x" * 9000
    assert [len(line) for line in lines_of(b"x" * 9000 + b"\n\ny")] == [8192, 808, 0, 1]


def test_values_of_secret_variables_are_hidden() -> None:
    variables = {
        "API_TOKEN": "abcd", "DB_PASSWORD": "abcdef", "MY_APIKEY": "line one\nline two",
        "USER": "root", "TOKEN_X": "abc",
    }  # fmt: skip
    masks = Masks(variables, KEYS)
    shown = masks.hide(b"abcdef abcd line two root abc")
    assert shown == b"******** ******** ******** root abc"


@dataclass
class Away:
    """A docket that goes away when the script has begun, and comes back after some calls."""

    back_after: int
    ended: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def secret_keys(self) -> list[str]:
        return KEYS

    def start_deployment(self, **_: Any) -> Any:
        return SimpleNamespace(deployment_id=ID, execution_id=ID, attempt_no=1)

    def execution_log(self, **_: Any) -> int:
        return self._answer(1)

    def heartbeat_execution(self, **_: Any) -> Any:
        return self._answer(None)

    def finish_deployment(self, **given: Any) -> Any:
        self._answer(None)
        self.ended.append(given)
        now = datetime.now(UTC)
        return SimpleNamespace(
            status=given["status"], retry_at=None, completed_at=now, started_at=now - timedelta(1)
        )

    def _answer(self, value: Any) -> Any:
        with self.lock:
            self.calls += 1
            if self.calls <= self.back_after:
                raise ConnectionFailed("the server is away")
        return value


def run_with(docket: Any, text: str) -> tuple[Any, bytes, list[str]]:
    """Runs a bash script; its report, what was shown, and what was said."""
    shown: list[bytes] = []
    said: list[str] = []
    runs = Runner(
        docket, ID, "staging", show=lambda _, data: shown.append(data), say=said.append, stop=Stop()
    )
    script = Script("app", 1, text, interpreter_of("bash"), timeout_seconds=30)
    return runs.run(script), b"".join(shown), said


def test_a_script_goes_on_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "sleep", lambda _: None)
    docket = Away(back_after=4)
    report, shown, said = run_with(docket, "echo one; sleep 0.3; echo two")
    assert report.is_done
    assert shown == b"one\ntwo\n"
    assert "the database is away; the script goes on" in said
    (ended,) = docket.ended
    assert (ended["status"], ended["exit_code"], ended["stdout_preview"]) == (
        "completed", 0, "one\ntwo\n",
    )  # fmt: skip


def test_an_end_that_can_not_be_recorded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_FINISH_SECONDS", 0.0)
    docket = Away(back_after=1_000_000)
    with pytest.raises(ConnectionFailed, match="app is completed in staging, and that could not"):
        run_with(docket, "echo one")
    assert docket.ended == []
