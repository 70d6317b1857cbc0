"""Documents, templates and patterns that two write at once."""

from __future__ import annotations

import uuid
from typing import LiteralString

import pytest
from psycopg import IsolationLevel, errors

from support import sessions
from support.races import OpenSession, value

PUT: dict[str, LiteralString] = {
    "template": "select version from docket.put_template(%s, 'k', 'prompt', %s)",
    "document": "select version from docket.put_knowledge(%s, 'k', 'T', %s)",
}
EXPECTING: dict[str, LiteralString] = {
    "template": "select docket.put_template(%s, 'k', 'prompt', %s, expected_version => 0)",
    "document": "select docket.put_knowledge(%s, 'k', 'T', %s, expected_version => 0)",
}
LEARN: LiteralString = "select weight_for from docket.record_learning(%s, 'k', true, 'P')"


@pytest.mark.parametrize("kind", ["template", "document"])
def test_two_who_put_the_same_at_once_make_two_versions(
    open_session: OpenSession, project: uuid.UUID, kind: str
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, PUT[kind], project, "one") == 1
    waiting = sessions.start_blocked(observer, second, PUT[kind], (project, "two"))
    first.execute("commit")
    assert waiting.result() == [(2,)]


@pytest.mark.parametrize("kind", ["template", "document"])
def test_of_two_who_expect_none_the_second_is_told(
    open_session: OpenSession, project: uuid.UUID, kind: str
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    first.execute(EXPECTING[kind], (project, "one"))
    waiting = sessions.start_blocked(observer, second, EXPECTING[kind], (project, "two"))
    first.execute("commit")
    with pytest.raises(errors.Error, match="at version 1, not 0") as refused:
        waiting.result()
    assert refused.value.sqlstate == "PDVER"


def test_two_who_bring_evidence_at_once_both_count(
    open_session: OpenSession, project: uuid.UUID
) -> None:
    first, second, observer = open_session(), open_session(), open_session()
    sessions.begin(first, IsolationLevel.READ_COMMITTED)
    assert value(first, LEARN, project) == 1
    waiting = sessions.start_blocked(observer, second, LEARN, (project,))
    first.execute("commit")
    assert waiting.result() == [(2,)]
