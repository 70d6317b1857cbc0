"""Which tasks an agent takes: those that it can do, and from every project in turn."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from pgdocket.client import AgentReport, Docket, Work
from pgdocket.errors import InvalidArgument
from support.agents import KINDS, Diary, check_books, make_agent, run, running
from support.clients import eventually

WAYS: dict[str, dict[str, Any]] = {
    "direct": {},
    "batches": {"batch_size": 4},
    "ahead": {"prefetch": 2},
}


@pytest.fixture
def projects(client: Docket) -> list[UUID]:
    """Three projects with five tasks each."""
    made = [client.create_project(slug=f"shop-{n}").project_id for n in range(3)]
    for number, project_id in enumerate(made):
        client.create_tasks(
            project_id=project_id,
            tasks=[{"title": "T", "task_key": f"{number}.{n}"} for n in range(5)],
        )
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_agent_takes_what_it_can_do(
    client: Docket, project_id: UUID, kind: str, way: str
) -> None:
    needs: dict[str, list[str]] = {"any": [], "go": ["go"], "both": ["go", "gpu"], "rust": ["rust"]}
    for key, capabilities in needs.items():
        client.create_task(
            project_id=project_id, title="T", task_key=key, needed_capabilities=capabilities
        )
    diary = Diary()
    agent = make_agent(kind, client, project_id, lambda _work: None, on_event=diary,
                       capabilities=["gpu", "go"], until_idle=True, **WAYS[way])  # fmt: skip
    report = run(agent)
    assert {key for _, key in diary.events} == {"any", "go", "both"}
    check_books(client, project_id, report, diary)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_agent_without_a_project_works_in_all_of_them(
    client: Docket, projects: list[UUID], kind: str, way: str
) -> None:
    diary = Diary()
    agent = make_agent(kind, client, None, lambda _work: None, on_event=diary, until_idle=True,
                       **WAYS[way])  # fmt: skip
    assert run(agent) == AgentReport(completed=15)
    for project_id in projects:
        statuses = {task.status for task in client.list_tasks(project_id=project_id)}
        assert statuses == {"completed"}
    assert diary.count("claimed") == 15


@pytest.mark.parametrize("kind", KINDS)
def test_no_project_waits_for_another_to_be_empty(
    client: Docket, projects: list[UUID], kind: str
) -> None:
    order: list[str] = []

    def handle(work: Work) -> None:
        order.append(work.task.task_key)

    run(make_agent(kind, client, None, handle, until_idle=True))
    for turn in range(5):
        assert {key[0] for key in order[3 * turn : 3 * turn + 3]} == {"0", "1", "2"}, order
    assert len(projects) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_agent_without_a_project_is_woken_by_any(
    client: Docket, projects: list[UUID], kind: str
) -> None:
    diary = Diary()
    agent = make_agent(kind, client, None, lambda _work: None, on_event=diary,
                       idle_seconds=(60.0, 60.0))  # fmt: skip
    with running(agent):
        eventually(lambda: diary.count("completed") == 15, "what was there is done")
        for number, project_id in enumerate(projects):
            client.create_task(project_id=project_id, title="T", task_key=f"new-{number}")
            eventually(lambda: diary.count("completed") == 16 + number, "it is done")  # noqa: B023


def test_a_workflow_needs_its_project(client: Docket, project_id: UUID) -> None:
    with pytest.raises(InvalidArgument, match="without its project"):
        make_agent("threads", client, None, lambda _work: None, workflow_id=project_id)
