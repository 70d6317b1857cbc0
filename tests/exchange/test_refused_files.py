"""Files that can not be read: refused with line and column, and nothing changes."""

from __future__ import annotations

import json
import re
from typing import LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import task_files
from support.sessions import Connection
from support.task_files import import_file


def refusal(connection: Connection, content: bytes) -> psycopg.errors.Diagnostic:
    """What the server says to a file that it refuses; nothing may have changed."""
    before = task_files.counts(connection)
    with pytest.raises(psycopg.Error) as caught:
        import_file(connection, content)
    assert caught.value.sqlstate == "PD422", caught.value
    assert task_files.counts(connection) == before
    detail = json.loads(caught.value.diag.message_detail or "{}")
    message = caught.value.diag.message_primary or ""
    assert message == (
        f"tasks.json, line {detail['line']}, column {detail['column']}: {detail['problem']}"
    )
    assert caught.value.diag.message_hint
    return caught.value.diag


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        (b"", (1, 1), "the file is empty"),
        (b" \r\n\t\n", (1, 1), "the file is empty"),
        (b"\xef\xbb\xbf", (1, 1), "the file is empty"),
        (b'{"tasks": [', (1, 12), "the document ends too early"),
        (b'{"tasks": []}\n{"tasks": []}\n', (2, 1), "there is text after the end of the document"),
        (b'{"tasks": []} x', (1, 15), "there is text after the end of the document"),
        (b'{"tasks": [\n  {"id": 1,}\n]}', (2, 12), "Expected string, but found"),
        (b'{"tasks": [\n  {"id" 1}\n]}', (2, 9), "Expected"),
        (b"{'tasks': []}", (1, 2), "Token"),
        (b'{"tasks": [{"id": 01}]}', (1, 19), "Token"),
        (b'{"tasks": [NaN]}', (1, 12), "Token"),
        (b'{"tasks": [] // none\n}', (1, 14), "Token"),
        (b'{"tasks": ["a\nb"]}', (1, 12), "Character with value 0x0a must be escaped"),
        (b'{"tasks": ["\\x"]}', (1, 12), "Escape sequence"),
        (b'{"tasks": []}\x00', (1, 14), "the byte 0x00 is not valid UTF-8 here"),
        (b'{"tasks": [\n  {"t": "caf\xe9"}\n]}', (2, 13), "the byte 0xE9 is not valid UTF-8 here"),
        ('{"ä": "ö'.encode() + b'\xed\xa0\x80"}', (1, 9), "the byte 0xED is not valid UTF-8 here"),
        (b'{"tasks": []}\xc3', (1, 14), "the byte 0xC3 is not valid UTF-8 here"),
        ('{"tasks": []}'.encode("utf-16"), (1, 1), "the byte 0xFF is not valid UTF-8 here"),
        (
            b'{\n<<<<<<< HEAD\n  "tasks": []\n=======\n  "tasks": [1]\n>>>>>>> theirs\n}\n',
            (2, 1), "a conflict of a merge is not resolved",
        ),
        (b'[{"id": 1, "title": "One"}]', (1, 1), "this is no task file, but an array of 1 values"),
        (b"\n  null", (2, 3), "this is no task file, but a null"),
        (b"{}", (1, 1), "this is no task file, but an object without a list of tasks"),
        (b'{"master": {"tasks": {}}}', (1, 1), "this is no task file, but an object without"),
        (b'{"tasks": {"1": {}}}', (1, 1), "this is no task file, but an object without"),
        (b'"tasks"', (1, 1), "this is no task file, but a string"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_refused_with_its_place(
    content: bytes, place: tuple[int, int], problem: str, connection: Connection
) -> None:
    diagnostics = refusal(connection, content)
    detail = json.loads(diagnostics.message_detail or "")
    assert (detail["line"], detail["column"]) == place
    assert detail["problem"].startswith(problem)


def test_an_error_in_one_long_line_is_found_in_its_column(connection: Connection) -> None:
    text = json.dumps({"tasks": [{"id": n, "title": "the same"} for n in range(2000)]})
    place = text.index('"id": 1500') + len('"id": 1500')
    content = (text[:place] + text[place + 1 :]).encode()
    detail = json.loads(refusal(connection, content).message_detail or "")
    assert (detail["line"], detail["column"]) == (1, place + 2)


def test_a_document_that_is_nested_too_deeply_is_refused(connection: Connection) -> None:
    with pytest.raises(psycopg.Error) as caught:
        import_file(connection, b'{"tasks": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    assert caught.value.sqlstate == "PD413"


@settings(max_examples=60, deadline=None, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    place=st.integers(0, 10_000),
    change=st.sampled_from(["", "{", "}", "[", "]", ",", ":", "1", "x", "-", '"', "é", "\n"]),
    how_many=st.sampled_from([0, 1, 10_000]),
    on_one_line=st.booleans(),
)
def test_python_finds_the_same_places(
    place: int, change: str, how_many: int, on_one_line: bool, connection: Connection
) -> None:
    text = json.dumps(
        {"tasks": [{"id": n, "title": "Ein Käse", "dependencies": [1]} for n in range(3)]},
        indent=None if on_one_line else 2, ensure_ascii=False,
    )  # fmt: skip
    place %= len(text)
    text = text[:place] + change + text[place + how_many :]
    read: LiteralString = "select docket_private.read_json('tasks.json', %s)"
    if (expected := python_error(text)) is None:
        connection.execute(read, [text])
        return
    with pytest.raises(psycopg.Error) as caught, connection.transaction():
        connection.execute(read, [text])
    assert caught.value.sqlstate == "PD422"
    detail = json.loads(caught.value.diag.message_detail or "")
    if text.strip():
        lines = text.split("\n")
        start = sum(len(line) + 1 for line in lines[: detail["line"] - 1]) + detail["column"] - 1
        # The server points at the token, Python sometimes into it.
        assert re.fullmatch(r'"[^"]*|[^][{},:"\s]*', text[start : expected.pos])


def python_error(text: str) -> json.JSONDecodeError | None:
    """Where Python stops reading; None where it does not."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error
    return None
