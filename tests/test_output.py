"""Printing: aligned text in a pipe, Rich on a terminal, JSON that programs can read."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pgdocket import output

ROWS: list[dict[str, Any]] = [
    {"task": "1", "title": "Write [bold]it[/bold] down", "count": 3},
    {"task": "10", "title": None, "count": 12},
]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(ROWS, {"task": "task", "title": "what", "count": "count"})
    assert capsys.readouterr().out.splitlines() == [
        "task  what                        count",
        "1     Write [bold]it[/bold] down  3",
        "10                                12",
    ]


def test_a_terminal_gets_a_table_and_brackets_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    output.table(ROWS, ["task", "title", "count"])
    assert "─" in terminal.getvalue()
    assert "Write [bold]it[/bold] down" in terminal.getvalue()


def test_nothing_leaves_a_pipe_empty(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([], ["task"], empty="no tasks")
    assert capsys.readouterr() == ("", "no tasks\n")
    output.table([], ["task"], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_a_record_in_a_pipe_and_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output.record({"key": "3.2", "done": True, "tags": ["a", "b"], "parent": None})
    assert capsys.readouterr().out.splitlines() == [
        "key     3.2", "done    yes", "tags    a, b", "parent",
    ]  # fmt: skip
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    output.record({"key": "[red]3.2"}, title="task")
    assert "task" in stream.getvalue()
    assert "[red]3.2" in stream.getvalue()


def test_json_of_every_type_that_the_database_answers() -> None:
    @dataclass
    class Row:
        row_id: UUID
        at: datetime

    row = Row(UUID(int=7), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    value = {
        "row": row,
        "took": timedelta(seconds=1.5),
        "whole": Decimal(3),
        "part": Decimal("0.5"),
        "path": Path("/a"),
        "names": {"b", "a"},
        "text": "ü",
    }
    assert json.loads(output.to_json(value)) == {
        "row": {
            "row_id": "00000000-0000-0000-0000-000000000007",
            "at": "2026-01-02T03:04:05+00:00",
        },
        "took": 1500,
        "whole": 3,
        "part": 0.5,
        "path": "/a",
        "names": ["a", "b"],
        "text": "ü",
    }
    with pytest.raises(TypeError, match="object has no JSON form"):
        output.to_json(object())
