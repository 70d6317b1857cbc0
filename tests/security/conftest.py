"""A docket with somebody's project in it, and one attacker for each role, who may not see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from support import databases
from support.catalog import CLIENT_ROLES
from support.servers import TestServer
from support.siege import Besieged, drop_role, settle


@pytest.fixture(scope="session")
def besieged(server: TestServer, run_folder: Path) -> Iterator[Besieged]:
    """One for the whole session: who attacks it is to leave it as it was."""
    with ExitStack() as stack:
        database = databases.create(server, databases.template(server, run_folder))
        stack.callback(database.drop)
        # A clone has its own rights: what platform/schemas does for the database of a deploy.
        name = sql.Identifier(database.name)
        server.execute(sql.SQL("revoke temporary on database {} from public").format(name))
        prefix = f"a_{database.name[2:14]}"
        logins = {role: f"{prefix}_{role.removeprefix('docket_')}" for role in CLIENT_ROLES}
        owner = f"{prefix}_owner"
        for login, role in [
            *((login, role) for role, login in logins.items()),
            (owner, "docket_app"),
        ]:
            server.execute(sql.SQL("create role {} login").format(sql.Identifier(login)))
            stack.callback(drop_role, database, login)
            server.execute(
                sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(login))
            )
        with closing(psycopg.connect(database.conninfo, autocommit=True)) as session:
            hidden = settle(session, owner, "hidden", 300)
            own = settle(session, logins["docket_app"], "own", 3)
            session.execute("analyze")
        yield Besieged(database, owner, hidden, logins, own)
