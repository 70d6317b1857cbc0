"""The cache of contexts gives what the docket gives, whoever writes, and asks for less."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgdocket.client import (
    AsyncContextCache,
    AsyncDocket,
    ConnectionSettings,
    ContextCache,
    Docket,
    async_context_stores,
    context_stores,
)
from pgdocket.errors import InvalidArgument, LimitExceeded
from support.databases import Database
from support.redis import PASSWORD, RedisServer, redis_server

OpenCache = Callable[..., Any]
# Whatever jsonb can hold.
DATA = {"täxt": ["\u2028", "a\\b", ""], "n": [1, -0.5, 10**30, 1e-300, True, None], "": {}}
READER = """
import sys
from pgdocket.client import ContextCache, Docket

with Docket(sys.argv[1]) as docket:
    contexts = ContextCache(docket, redis=sys.argv[2])
    found = contexts.get(task_id=sys.argv[3], context_type="note")
    assert found == docket.get_context(task_id=sys.argv[3], context_type="note")
    print(contexts.hits, contexts.misses, found.data)
    contexts.put(task_id=sys.argv[3], context_type="note", data="theirs")
"""


class Awaited:
    """An object with coroutines, whose caller waits for them."""

    def __init__(self, runner: asyncio.Runner, target: Any) -> None:
        self._runner, self._target = runner, target

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return lambda **arguments: self._runner.run(found(**arguments))


@pytest.fixture
def client(docket18: Database, open_clients: Callable[..., Docket]) -> Docket:
    return open_clients(docket18.conninfo)


@pytest.fixture
def task_id(client: Docket, project_id: UUID) -> UUID:
    return client.create_task(project_id=project_id, title="A task").task_id


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(params=["threads", "coroutines"])
def open_cache(request: pytest.FixtureRequest, docket18: Database) -> Iterator[OpenCache]:
    """Opens a cache in front of the test's database: open_cache(user=None, **options)."""
    with ExitStack() as stack:

        def threads(conninfo: str, options: dict[str, Any]) -> Any:
            opened = stack.enter_context(Docket(conninfo, settings=settings))
            contexts = ContextCache(opened, **options)
            stack.callback(contexts.close)
            return contexts

        def coroutines(conninfo: str, options: dict[str, Any]) -> Any:
            opened = AsyncDocket(conninfo, settings=settings)
            runner.run(opened.open())
            stack.callback(lambda: runner.run(opened.close()))
            contexts = Awaited(runner, AsyncContextCache(opened, **options))
            stack.callback(contexts.close)
            return contexts

        settings = ConnectionSettings(min_size=1, timeout=10.0)
        runner = stack.enter_context(asyncio.Runner())
        form = threads if request.param == "threads" else coroutines
        yield lambda user="postgres", **options: form(
            make_conninfo(docket18.conninfo, user=user), options
        )


@pytest.mark.parametrize("kind", ["memory", "redis", "none"])
def test_with_and_without_it_the_answers_are_the_same(
    client: Docket, task_id: UUID, open_cache: OpenCache, redis: RedisServer, kind: str
) -> None:
    contexts = open_cache(enabled=kind != "none", redis=redis.url if kind == "redis" else None)

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
    assert (contexts.hits, contexts.misses) == ((0, 0) if kind == "none" else (4, 3))


def test_what_is_kept_for_too_long_or_too_much_is_read_anew(
    task_id: UUID, open_cache: OpenCache
) -> None:
    now = [0.0]
    contexts = open_cache(ttl=10, max_entries=1, clock=lambda: now[0])
    contexts.put(task_id=task_id, context_type="a", data=1)
    for moment, hits in ((9.9, 1), (10.0, 1), (10.1, 2)):
        now[0] = moment
        contexts.get(task_id=task_id, context_type="a")
        assert contexts.hits == hits
    contexts.put(task_id=task_id, context_type="b", data=1)  # in place of the other
    contexts.get(task_id=task_id, context_type="a")
    assert (contexts.hits, contexts.misses) == (2, 2)
    contexts.forget(task_id=task_id, context_type="a")
    contexts.get(task_id=task_id, context_type="a")
    assert (contexts.hits, contexts.misses) == (2, 3)


def test_processes_share_what_is_in_a_redis(
    docket18: Database, task_id: UUID, open_cache: OpenCache, redis: RedisServer
) -> None:
    ours, another = open_cache(redis=redis.url), open_cache(redis=redis.url)
    stored = ours.put(task_id=task_id, context_type="note", data=DATA)
    assert another.get(task_id=task_id, context_type="note") == stored
    assert (another.hits, another.misses) == (1, 0)
    done = subprocess.run(
        [sys.executable, "-c", READER, docket18.conninfo, redis.url, str(task_id)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"1 0 {stored.data}\n"), done.stderr
    for each in (ours, another):  # the other process wrote: it is seen, and not asked for in full
        assert each.get(task_id=task_id, context_type="note").data == "theirs"
    assert [each.misses for each in (ours, another)] == [0, 0]


@pytest.fixture
def stranger(docket18: Database) -> Iterator[str]:
    name = f"r_{docket18.name[2:]}"
    role = sql.Identifier(name)
    docket18.server.execute(sql.SQL("create role {} login in role docket_app").format(role))
    yield name
    docket18.server.execute(sql.SQL("drop role {}").format(role))


def test_what_is_shared_is_still_hidden_from_whoever_may_not_see_it(
    task_id: UUID, open_cache: OpenCache, redis: RedisServer, stranger: str
) -> None:
    open_cache(redis=redis.url).put(task_id=task_id, context_type="note", data="ours")
    theirs = open_cache(user=stranger, redis=redis.url)
    assert theirs.get(task_id=task_id, context_type="note") is None
    assert theirs.hits == 0


def test_without_the_redis_the_docket_is_asked(
    client: Docket,
    task_id: UUID,
    open_cache: OpenCache,
    redis: RedisServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(contexts: Any) -> object:
        return contexts.get(task_id=task_id, context_type="note").data

    wrong = open_cache(redis=redis.url.replace(PASSWORD, "swordfish"))
    wrong.put(task_id=task_id, context_type="note", data=1)
    assert read(wrong) == 1
    right = open_cache(redis=redis.url)
    assert (read(right), right.misses) == (1, 1)
    redis.stop()
    try:
        client.put_context(task_id=task_id, context_type="note", data=2)
        assert [read(right), read(right)] == [2, 2]
        assert caplog.text.count("the Redis can't be used") == 2
        assert "swordfish" not in caplog.text
    finally:
        redis.start()
    for module in (context_stores, async_context_stores):
        monkeypatch.setattr(module, "_REST", 0.0)
    third = open_cache(redis=redis.url)
    assert [read(third), read(open_cache(redis=redis.url))] == [2, 2]


def test_what_is_not_understood_is_read_anew(
    client: Docket, task_id: UUID, open_cache: OpenCache, redis: RedisServer
) -> None:
    from redis import Redis

    contexts = open_cache(redis=redis.url, max_entries=1)
    with Redis.from_url(redis.url) as session:
        for text in ("", "[1]", "{}", '{"task_id": "1"}', "\0"):
            contexts.put(task_id=task_id, context_type="note", data=[text.strip("\0")])
            contexts.put(task_id=task_id, context_type="other", data=1)  # in place of the other
            (name,) = session.scan_iter(f"*{task_id}:note")
            assert session.ttl(name) > 3500
            session.set(name, text)
            found = contexts.get(task_id=task_id, context_type="note")
            assert found == client.get_context(task_id=task_id, context_type="note")
    assert (contexts.hits, contexts.misses) == (0, 5)


@pytest.mark.parametrize("cache", [ContextCache, AsyncContextCache])
def test_the_environment_switches_it_off_and_sets_its_time(cache: Any) -> None:
    docket = None  # is not asked
    assert cache.from_env(docket, {}).enabled
    assert cache.from_env(docket, {}).ttl == 3600
    assert not cache.from_env(docket, {"ENABLE_CONTEXT_CACHING": "false"}).enabled
    assert cache.from_env(docket, {"CONTEXT_CACHE_TTL": "60"}).ttl == 60
    assert cache.from_env(docket, {"CONTEXT_CACHE_TTL": "500ms"}).ttl == 0.5
    assert not cache.from_env(docket, {"CONTEXT_CACHE_TTL": "0"}).enabled
    assert cache.from_env(docket, {"MAX_CONTEXT_SIZE_MB": "2"}).max_bytes == 2 * 1024 * 1024
    with pytest.raises(InvalidArgument, match="MAX_CONTEXT_SIZE_MB"):
        cache.from_env(docket, {"MAX_CONTEXT_SIZE_MB": "0"})
    with pytest.raises(InvalidArgument, match="CONTEXT_CACHE_TTL"):
        cache.from_env(docket, {"CONTEXT_CACHE_TTL": "an hour"})
    with pytest.raises(InvalidArgument, match="URL") as refused:
        cache.from_env(docket, {"CONTEXT_CACHE_REDIS_URL": f"http://:{PASSWORD}@host"})
    assert PASSWORD not in str(refused.value)


def test_what_is_larger_than_a_client_may_send_is_not_sent(
    task_id: UUID, open_cache: OpenCache
) -> None:
    contexts = open_cache(max_bytes=10)
    contexts.put(task_id=task_id, context_type="note", data="\u20acuros")
    with pytest.raises(LimitExceeded, match="a context of 11 bytes"):
        contexts.put(task_id=task_id, context_type="note", data="\u20ac 1.200")
    found = contexts.get(task_id=task_id, context_type="note")
    assert (found.version, found.data) == (1, "\u20acuros")


@pytest.mark.parametrize("cache", [ContextCache, AsyncContextCache])
def test_the_extra_that_is_missing_is_named(cache: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.split(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(InvalidArgument) as refused:
        cache(None, redis="redis://localhost")
    assert "pgdocket[redis]" in str(refused.value.hint)
