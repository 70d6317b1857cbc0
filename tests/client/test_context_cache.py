"""The cache of contexts gives what the docket gives, whoever writes, and asks for less."""

from __future__ import annotations

from uuid import UUID

import pytest

from pgdocket.client import ContextCache, Docket
from pgdocket.errors import InvalidArgument


@pytest.fixture
def task_id(client: Docket, project_id: UUID) -> UUID:
    return client.create_task(project_id=project_id, title="A task").task_id


@pytest.mark.parametrize("enabled", [True, False])
def test_with_and_without_it_the_answers_are_the_same(
    client: Docket, task_id: UUID, enabled: bool
) -> None:
    contexts = ContextCache(client, enabled=enabled)

    def read() -> object:
        found = contexts.get(task_id=task_id, context_type="note")
        assert found == client.get_context(task_id=task_id, context_type="note")
        return None if found is None else found.data

    seen = [read()]
    contexts.put(task_id=task_id, context_type="note", data=1)
    seen += [read(), read()]
    client.put_context(task_id=task_id, context_type="note", data=2)  # by somebody else
    seen += [read(), read()]
    client.delete_context(task_id=task_id, context_type="note")
    seen.append(read())
    contexts.put(task_id=task_id, context_type="note", data=2, expected_version=3)
    seen.append(read())
    assert seen == [None, 1, 1, 2, 2, None, 2]
    assert (contexts.hits, contexts.misses) == ((4, 3) if enabled else (0, 0))


def test_what_is_kept_for_too_long_or_too_much_is_read_anew(client: Docket, task_id: UUID) -> None:
    now = [0.0]
    contexts = ContextCache(client, ttl=10, max_entries=1, clock=lambda: now[0])
    contexts.put(task_id=task_id, context_type="a", data=1)
    for moment, hits in ((9.9, 1), (10.0, 1), (10.1, 2)):
        now[0] = moment
        contexts.get(task_id=task_id, context_type="a")
        assert contexts.hits == hits
    contexts.put(task_id=task_id, context_type="b", data=1)  # in place of the other
    contexts.get(task_id=task_id, context_type="a")
    assert (contexts.hits, contexts.misses) == (2, 2)


def test_the_environment_switches_it_off_and_sets_its_time(client: Docket) -> None:
    assert ContextCache.from_env(client, {}).enabled
    assert ContextCache.from_env(client, {}).ttl == 3600
    off = ContextCache.from_env(client, {"ENABLE_CONTEXT_CACHING": "false"})
    assert not off.enabled
    assert ContextCache.from_env(client, {"CONTEXT_CACHE_TTL": "60"}).ttl == 60
    assert ContextCache.from_env(client, {"CONTEXT_CACHE_TTL": "500ms"}).ttl == 0.5
    assert not ContextCache.from_env(client, {"CONTEXT_CACHE_TTL": "0"}).enabled
    with pytest.raises(InvalidArgument, match="CONTEXT_CACHE_TTL"):
        ContextCache.from_env(client, {"CONTEXT_CACHE_TTL": "an hour"})
