"""Heartbeats do not wait for the disk; whatever else is written does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql

from pgdocket.client import Agent, AsyncAgent, AsyncDocket, AsyncWork, Docket, Work
from pgdocket.errors import LeaseLost
from support.clients import eventually
from support.databases import Database
from support.sessions import Connect

# What a transaction that changes an attempt is set to when it commits: a deferred trigger is the
# last to look.
WATCH = """
create table public.seen (outcome text, setting text);
create function public.watch() returns trigger language plpgsql security definer as $$
begin
    insert into public.seen values (new.outcome, current_setting('synchronous_commit'));
    return null;
end;
$$;
create constraint trigger watch after update on docket.task_attempts
    deferrable initially deferred for each row execute function public.watch();
"""

Seen = Callable[[], set[tuple[str | None, str]]]


@pytest.fixture
def seen(docket18: Database, connect: Connect) -> Seen:
    """The outcomes of attempts that were written, each with what the commit waited for."""
    session = connect(docket18)
    session.execute(
        sql.SQL("alter database {} set synchronous_commit = 'local'").format(
            sql.Identifier(docket18.name)
        )
    )
    session.execute(WATCH)
    return lambda: set(session.execute("select distinct outcome, setting from public.seen"))


@pytest.fixture
def client(docket18: Database, seen: Seen, open_clients: Callable[..., Docket]) -> Docket:
    """A client whose every commit is watched."""
    assert not seen()
    return open_clients(docket18.conninfo)


def test_a_heartbeat_alone_does_not_wait(seen: Seen, client: Docket, project_id: UUID) -> None:
    for title in ("one", "two"):
        client.create_task(project_id=project_id, title=title)
    one, two = client.claim_tasks(project_id=project_id, agent="anna", max_tasks=2)
    assert one.attempt_id is not None
    beat = client.heartbeat(attempt_id=one.attempt_id, lease_seconds=100)
    assert (beat.attempt_id, beat.agent) == (one.attempt_id, "anna")
    beats = client.heartbeats(attempt_ids=[one.attempt_id, str(two.attempt_id)])
    assert {each.attempt_id for each in beats} == {one.attempt_id, two.attempt_id}
    assert seen() == {(None, "off")}

    client.complete_task(attempt_id=one.attempt_id)  # on the same connection
    assert seen() == {(None, "off"), ("completed", "local")}
    with pytest.raises(LeaseLost):
        client.heartbeat(attempt_id=one.attempt_id)
    assert client.heartbeats(attempt_ids=[one.attempt_id]) == []


def test_with_others_in_a_transaction_it_waits(
    seen: Seen, client: Docket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")
    (task,) = client.claim_tasks(project_id=project_id, agent="anna")
    with client.transaction():
        client.create_task(project_id=project_id, title="Keep me")
        client.heartbeats(attempt_ids=[str(task.attempt_id)])
    assert seen() == {(None, "local")}


def test_an_agent_s_heartbeats_do_not_wait_and_its_completions_do(
    seen: Seen, client: Docket, project_id: UUID
) -> None:
    client.create_task(project_id=project_id, title="T")

    def handle(_work: Work) -> None:
        eventually(lambda: seen() == {(None, "off")}, "a heartbeat")

    Agent(
        client, project_id=project_id, name="anna", handler=handle, lease_seconds=1, until_idle=True
    ).run()
    assert seen() == {(None, "off"), ("completed", "local")}


def test_neither_do_those_of_coroutines(
    seen: Seen, client: Docket, project_id: UUID, docket18: Database
) -> None:
    client.create_task(project_id=project_id, title="T")

    async def handle(_work: AsyncWork) -> None:
        while seen() != {(None, "off")}:
            await asyncio.sleep(0.02)

    async def work() -> Any:
        async with AsyncDocket(docket18.conninfo) as opened:
            agent = AsyncAgent(
                opened, project_id=project_id, name="eve", handler=handle, lease_seconds=1,
                until_idle=True,
            )  # fmt: skip
            await asyncio.wait_for(agent.run(), 20)

    asyncio.run(work())
    assert seen() == {(None, "off"), ("completed", "local")}
