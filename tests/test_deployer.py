"""Deploying needs no superuser; what a deployer lacks is named, with what gives it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgdocket.sqitch.deploy import deploy
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.sqitch.results import RunFailed
from pgdocket.sqitch.revert import revert
from support.databases import Database
from support.servers import TestServer

PLAN = load_plan(Path(__file__).parents[1] / "sqitch.plan")
SOMEBODY = Person("A deployer", "deployer@pgdocket.invalid")


@pytest.fixture
def deployer(
    docket: Database, new_database: Callable[[TestServer], Database]
) -> Iterator[tuple[Database, str]]:
    """An empty database and the name of the ordinary role that owns it.

    The roles of pgdocket are in the cluster already, made by somebody else (`docket` sees to it).
    """
    name = f"deployer_{uuid.uuid4().hex[:12]}"
    role = sql.Identifier(name)
    database = new_database(docket.server)
    execute = docket.server.execute
    execute(sql.SQL("create role {} login").format(role))
    execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(database.name), role))
    yield database, name
    database.drop()
    execute(sql.SQL("drop role {}").format(role))


def as_deployer(database: Database, name: str) -> str:
    """The connection string of the deployer."""
    return make_conninfo(database.conninfo, user=name)


def test_a_deployer_who_may_not_act_as_the_owner_is_told_what_to_ask_for(
    deployer: tuple[Database, str],
) -> None:
    database, name = deployer
    with pytest.raises(RunFailed) as refused:
        deploy(PLAN, as_deployer(database, name), person=SOMEBODY)
    assert refused.value.sqlstate == "PD403"
    assert "may not act as docket_owner" in str(refused.value.detail)
    assert f"grant docket_owner to {name}" in str(refused.value.hint)
    with psycopg.connect(database.conninfo) as connection:
        left = connection.execute(
            "select count(*) from pg_namespace where nspname like 'docket%'"
        ).fetchone()
    assert left == (0,)


def test_a_deployer_without_superuser_deploys_and_reverts(deployer: tuple[Database, str]) -> None:
    database, name = deployer
    database.server.execute(sql.SQL("grant docket_owner to {}").format(sql.Identifier(name)))
    conninfo = as_deployer(database, name)
    deploy(PLAN, conninfo, person=SOMEBODY)
    with contextlib.closing(psycopg.connect(database.conninfo)) as connection:
        owners = connection.execute(
            "select distinct relowner::regrole::text from pg_class"
            " where relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)"
        ).fetchall()
    assert owners == [("docket_owner",)]
    revert(PLAN, conninfo, person=SOMEBODY)
