"""Questions put together in Python: right, and never more than a question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from pgdocket.client import Aggregate, AsyncDocket, Docket, count
from pgdocket.errors import InvalidArgument
from support.databases import Database

EVIL = "x'; drop table docket.tasks; --"


@pytest.fixture
def client(docket18: Database) -> Iterator[Docket]:
    with Docket(docket18.conninfo) as opened:
        project_id = opened.create_project(slug="shop").project_id
        opened.create_tasks(
            project_id=project_id,
            tasks=[
                {
                    "task_key": "a",
                    "title": "A",
                    "priority": 9,
                    "tags": ["web"],
                    "metadata": {"n": 1},
                },
                {"task_key": "b", "title": EVIL, "priority": 9, "estimated_effort": 2.5},
                {"task_key": "c", "title": "C", "priority": 2, "assigned_to": "ann"},
            ],
        )
        yield opened


@pytest.mark.parametrize(
    ("column", "operator", "value", "keys"),
    [
        ("priority", ">=", 5, "ab"),
        ("status", "in", ["pending", "review"], "abc"),
        ("status", "=", "pending", "abc"),
        ("assigned_to", "is", None, "ab"),
        ("tags", "&&", ["web", "x"], "a"),
        ("metadata", "@>", {"n": 1}, "a"),
        ("title", "=", EVIL, "b"),
        ("title", "ilike", "c%", "c"),
        ("tasks.title", "<>", "A", "bc"),
    ],
)
def test_conditions(client: Docket, column: str, operator: Any, value: Any, keys: str) -> None:
    found = client.query("tasks").select("task_key").where(column, operator, value)
    assert "".join(row["task_key"] for row in found.order_by("task_key").rows()) == keys


def test_groups_joins_and_pages(client: Docket) -> None:
    tasks = client.query("tasks")
    assert tasks.select("priority", count(), Aggregate("sum", "estimated_effort")).group_by(
        "priority"
    ).having(count(), ">", 1).rows() == [
        {
            "priority": 9,
            "count": 2,
            "sum_estimated_effort": Decimal("2.5"),
        }
    ]
    joined = tasks.select("projects.slug", "tasks.task_key").join(
        "projects", {"project_id": "tasks.project_id"}
    )
    pages = joined.order_by("tasks.priority").order_by("tasks.task_key", descending=True)
    assert [row["task_key"] for row in pages.rows()] == ["c", "b", "a"]
    assert pages.limit(1, offset=1).rows() == [{"slug": "shop", "task_key": "b"}]


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.query("tasks").where(EVIL, "=", 1).rows(),
        lambda c: c.query(EVIL).rows(),
        lambda c: c.query("tasks").where("title", f"= 'x' or {EVIL}", 1),
        lambda c: c.query("tasks").where("title", "=", None),
        lambda c: c.query("tasks").where("title", "in", "text"),
        lambda c: c.query("tasks").select(Aggregate(EVIL, "title")).rows(),
        lambda c: c.query("tasks").select(Aggregate("sum")).rows(),
        lambda c: c.query("tasks").join("projects", {}),
        lambda c: c.query("tasks").select("title").group_by("status").rows(),
        lambda c: c.query("tasks").order_by(EVIL).rows(),
        lambda c: c.query("tasks").where("priority", ">", "many").rows(),
    ],
)
def test_what_can_not_be_meant_is_refused(client: Docket, ask: Callable[[Docket], Any]) -> None:
    with pytest.raises(InvalidArgument):
        ask(client)
    assert len(client.query("tasks").rows()) == 3


@pytest.mark.usefixtures("client")
def test_coroutines_ask_as_well(docket18: Database) -> None:
    async def work() -> None:
        async with AsyncDocket(docket18.conninfo) as docket:
            assert len(await docket.query("tasks").limit(2).rows()) == 2

    asyncio.run(work())
