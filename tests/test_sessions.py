"""The helpers for two sessions: what they promise to the tests that rely on them."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import IsolationLevel

from support import sessions
from support.databases import Database
from support.servers import TestServer
from support.sessions import Connect


@pytest.fixture
def table(server: TestServer, new_database: Callable[[TestServer], Database]) -> Database:
    database = new_database(server)
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("create table t as select 1 as id, 0 as n")
    return database


def test_a_statement_behind_a_lock_is_seen_waiting(table: Database, connect: Connect) -> None:
    observer, first, second = connect(table), connect(table), connect(table)
    first.execute("begin")
    first.execute("update t set n = 1")
    running = sessions.start_blocked(observer, second, "update t set n = n + 1 returning n")
    assert not running.is_done
    first.execute("commit")
    assert running.result() == [(2,)]


def test_a_statement_that_never_waits_fails_the_test(table: Database, connect: Connect) -> None:
    with pytest.raises(pytest.fail.Exception, match="expected to wait for a lock"):
        sessions.start_blocked(connect(table), connect(table), "update t set n = 1")


@sessions.at_every_isolation
def test_the_isolation_level_is_the_one_asked_for(
    isolation: IsolationLevel, table: Database, connect: Connect
) -> None:
    connection = connect(table)
    sessions.begin(connection, isolation)
    level = connection.execute("show transaction_isolation").fetchone()
    assert level == (isolation.name.lower().replace("_", " "),)


def test_the_second_writer_fails_under_repeatable_read(table: Database, connect: Connect) -> None:
    observer, first, second = connect(table), connect(table), connect(table)
    first.execute("begin")
    sessions.begin(second, IsolationLevel.REPEATABLE_READ)
    first.execute("update t set n = 1")
    running = sessions.start_blocked(observer, second, "update t set n = 2")
    first.execute("commit")
    assert sessions.sqlstate_of(running) == "40001"


def test_a_role_is_given_back(table: Database, connect: Connect) -> None:
    connection = connect(table)
    with sessions.as_role(connection, "pg_monitor"):
        assert connection.execute("select current_user").fetchone() == ("pg_monitor",)
    assert connection.execute("select current_user").fetchone() == ("postgres",)
