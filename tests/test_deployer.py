"""Deploying needs no superuser; what a deployer lacks is named, with what gives it."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgdocket.cli import cli
from pgdocket.errors import ServerTooOld
from pgdocket.roles import ROLES
from pgdocket.sqitch.deploy import DeployOptions, deploy, deploy_job
from pgdocket.sqitch.engine import make_job
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.registry import Person
from pgdocket.sqitch.results import RunFailed
from pgdocket.sqitch.revert import revert
from support import databases
from support.databases import Database
from support.servers import VERSIONS, TestServer, open_private_server

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


@pytest.fixture(params=list(VERSIONS))
def fresh(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[Database]:
    """An empty database of an ordinary role, `plain`, on a server without a role of pgdocket."""
    try:
        server = open_private_server(run_folder, request.param)
    except LookupError as error:
        pytest.skip(str(error))
    database = databases.create(server)
    server.execute(sql.SQL("create role plain login"))
    server.execute(
        sql.SQL("alter database {} owner to plain").format(sql.Identifier(database.name))
    )
    yield database
    server.local.stop("immediate")


MAY_MAKE_TEMPORARY_TABLES: LiteralString = """
    select exists (
               select
                 from pg_database as d
                cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
                where d.datname = current_database()
                  and a.grantee = 0
                  and a.privilege_type = 'TEMPORARY')
"""


def asked(database: Database, query: LiteralString) -> object:
    """The one value of a statement, as the superuser."""
    with contextlib.closing(psycopg.connect(database.conninfo)) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_on_a_fresh_server_one_message_says_what_a_superuser_has_to_run(fresh: Database) -> None:
    conninfo = as_deployer(fresh, "plain")
    with pytest.raises(RunFailed) as refused:
        deploy(PLAN, conninfo, person=SOMEBODY)
    assert refused.value.sqlstate == "PD403"
    assert "plain may not create the roles that pgdocket needs" in str(refused.value.detail)
    for role in ROLES:
        assert f"create role {role} nologin;" in str(refused.value.hint)
    assert "grant docket_owner to plain;" in str(refused.value.hint)
    printed = CliRunner().invoke(cli, ["roles", "--sql", "--db", conninfo]).stdout
    for _ in range(2):  # again, no harm
        with psycopg.connect(fresh.conninfo) as superuser:
            superuser.execute(printed.encode())
    assert asked(fresh, MAY_MAKE_TEMPORARY_TABLES) is True
    deploy(PLAN, conninfo, person=SOMEBODY)
    assert asked(fresh, MAY_MAKE_TEMPORARY_TABLES) is False
    shown = json.loads(CliRunner().invoke(cli, ["roles", "--db", conninfo, "--json"]).stdout)
    assert [each["role"] for each in shown if each["is_present"]] == list(ROLES)
    assert shown[0]["members"] == ["plain"]
    revert(PLAN, conninfo, person=SOMEBODY)
    assert asked(fresh, MAY_MAKE_TEMPORARY_TABLES) is True


def test_on_a_fresh_server_whoever_may_create_roles_needs_nobody(fresh: Database) -> None:
    fresh.server.execute(sql.SQL("alter role plain createrole"))
    deploy(PLAN, as_deployer(fresh, "plain"), person=SOMEBODY)
    assert asked(fresh, "select count(*) from pg_roles where rolname ~ '^docket_'") == len(ROLES)
    revert(PLAN, as_deployer(fresh, "plain"), person=SOMEBODY)
    assert asked(fresh, "select count(*) from pg_roles where rolname ~ '^docket_'") == 0


def test_a_database_of_somebody_else_keeps_its_temporary_tables(
    deployer: tuple[Database, str],
) -> None:
    database, _ = deployer
    deploy(PLAN, database.conninfo, to="platform/schemas", person=SOMEBODY)
    assert asked(database, MAY_MAKE_TEMPORARY_TABLES) is True


def test_the_command_knows_the_roles_that_the_deploy_makes() -> None:
    script = (PLAN.path.parent / "deploy/platform/roles.sql").read_text()
    assert list(ROLES) == re.findall(r"'(docket_\w+)'", script.split("];")[0])


def schemas(database: Database) -> list[str]:
    """The schemas that a deploy makes, as far as they are there."""
    with psycopg.connect(database.conninfo) as connection:
        found = connection.execute(
            "select nspname from pg_namespace where nspname ~ '^(docket|sqitch)' order by 1"
        ).fetchall()
    return [name for (name,) in found]


@pytest.mark.parametrize("extension", ["hstore", "pg_trgm", "btree_gin"])
def test_an_extension_that_is_elsewhere_is_named_and_stays(
    extension: str, server15: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    database = new_database(server15)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("create extension {}").format(sql.Identifier(extension)))
    with pytest.raises(RunFailed) as refused:
        deploy(PLAN, database.conninfo, person=SOMEBODY)
    assert refused.value.sqlstate == "PD409"
    assert f"the database has {extension} in schema public" in str(refused.value.detail)
    assert "database of its own" in str(refused.value.hint)
    assert schemas(database) == ["sqitch"]


def test_no_extension_is_needed_but_those_that_a_deploy_makes(docket: Database) -> None:
    with psycopg.connect(docket.conninfo) as connection:
        found = connection.execute(
            "select extname from pg_extension where extnamespace <> 'pg_catalog'::regnamespace"
            " and extname <> 'pgtap' order by 1"
        ).fetchall()
    assert [name for (name,) in found] == ["btree_gin", "hstore", "pg_trgm"]


def test_a_server_that_is_too_old_is_refused_before_anything_is_touched(
    server15: TestServer, new_database: Callable[[TestServer], Database]
) -> None:
    database = new_database(server15)
    job = make_job(PLAN, database.conninfo, person=SOMEBODY, oldest_server=990000)
    with pytest.raises(ServerTooOld, match="or newer is needed"):
        deploy_job(job, DeployOptions())
    assert schemas(database) == []


def test_the_scripts_themselves_refuse_it_too(
    server15: TestServer, new_database: Callable[[TestServer], Database], tmp_path: Path
) -> None:
    """As with the real sqitch, or psql and sql/install.sql."""
    database = new_database(server15)
    for name in ("deploy/platform/roles.sql", "sql/install.sql"):
        text = (PLAN.path.parent / name).read_text()
        assert text.count("150000") >= 1
        (tmp_path / "old.sql").write_text(text.replace("150000", "990000"))
        psql = [str(server15.binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [*psql, "-v", "VERBOSITY=verbose", "-f", str(tmp_path / "old.sql")],
            env=database.environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 3
        assert "ERROR:  PDOLD: PostgreSQL 15." in done.stderr
        assert "too old" in done.stderr
    assert schemas(database) == []
