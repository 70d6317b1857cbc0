"""A project that has been worked in for long, and what an agent would look for in it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

import psycopg

from bench.harness import AGENT

VERSIONS = 10
# Words are as frequent as in a language without its stop words: the first of 50,000 is in every
# fifth text, every second of them in none of a thousand.
WORDS: LiteralString = """
create schema bench;
create function bench.syllable(n bigint) returns text immutable language sql
return substr('bdfgklmnprstvz', (n % 14)::integer + 1, 1)
       || substr('aeiou', (n / 14 % 5)::integer + 1, 1);
create table bench.words as
select n.number,
       left(a.syllable || b.syllable || c.syllable || d.syllable, 4 + n.number % 5) as word
  from generate_series(1, 50000) as n (number)
 cross join lateral (select bench.syllable(n.number * 7919)) as a (syllable)
 cross join lateral (select bench.syllable(n.number * 7919 / 70)) as b (syllable)
 cross join lateral (select bench.syllable(n.number * 31)) as c (syllable)
 cross join lateral (select bench.syllable(n.number / 70 + 3)) as d (syllable);
create unique index on bench.words (number);
create table bench.texts as
select n.number, string_agg(w.word, ' ') as text
  from (
      select i as number, floor(exp(ln(20) + random() * ln(2500)))::integer as word
        from generate_series(0, 19999) as i
       cross join generate_series(1, 20)
      offset 0
  ) as n
  join bench.words as w on w.number = n.word
 group by n.number;
create unique index on bench.texts (number);
analyze bench.texts;
"""
# Stored behind the triggers' back; what the triggers keep is made in the same way.
TASKS: LiteralString = """
create table bench.project as select project_id from docket.create_project('bench');
set session_replication_role = replica;
insert into docket.tasks (project_id, task_id, task_key, title, description, tags, status)
select p.project_id, docket_private.new_id(p.project_id, i), 't' || i,
       array_to_string((string_to_array(x.text, ' '))[1:2] || (string_to_array(y.text, ' '))[3:6],
                       ' '),
       x.text || ' ' || y.text, array['tag' || i % 50], 'pending'
  from bench.project as p
 cross join generate_series(1, {tasks}) as i
  join bench.texts as x on x.number = i * 7 % 20000
  join bench.texts as y on y.number = i * 13 % 20000;
create table bench.tasks as
select t.task_id, t.project_id, row_number() over (order by t.task_id)::integer as place
  from docket.tasks as t;
create unique index on bench.tasks (place);
analyze bench.tasks;
insert into docket_private.task_search (
    task_id, project_id, title, language, search_vector, tags, affected_files, requirements,
    metadata)
select t.task_id, t.project_id, t.title, 'english',
       to_tsvector('pg_catalog.english', t.title || ' ' || t.description), t.tags, '{{}}', '{{}}',
       '{{}}'
  from docket.tasks as t;
insert into docket.task_dependencies (project_id, task_id, depends_on_id)
select t.project_id, t.task_id, d.task_id
  from bench.tasks as t
  join bench.tasks as d on d.place = t.place - 1
 where t.place % 3 = 0;
set session_replication_role = origin;
vacuum analyze docket.tasks;
vacuum analyze docket.task_dependencies;
select docket.repair_graph();
"""
CONTEXTS: LiteralString = """
set session_replication_role = replica;
insert into docket.task_contexts (
    task_id, project_id, context_type, version, data, content_hash, byte_size, created_at)
select t.task_id, t.project_id, c.context_type, v.version, d.data,
       sha256(convert_to(d.data::text, 'UTF8')), octet_length(d.data::text),
       now() - (10 - v.version) * interval '1 day'
  from generate_series(1, {versions}) as v (version)
 cross join (values (1, 'plan'), (2, 'requirements'), (3, 'findings')) as c (number, context_type)
 cross join bench.tasks as t
  join bench.texts as x on x.number = (t.place * 11 + v.version * 17 + c.number) % 20000
  join bench.texts as y on y.number = (t.place * 3 + v.version * 5 + c.number) % 20000
 cross join lateral jsonb_build_object(
           'summary', x.text, 'steps', jsonb_build_array(y.text, x.text), 'version', v.version)
       as d (data);
insert into docket_private.context_search (
    task_id, project_id, context_type, version, language, search_vector, paths)
select c.task_id, c.project_id, c.context_type, c.version, 'english',
       to_tsvector('pg_catalog.english', (c.data ->> 'summary') || ' ' || (c.data ->> 'steps')),
       '{{}}'
  from docket.task_contexts as c
 where c.version = {versions};
"""
INTERACTIONS: LiteralString = """
insert into docket.ai_interactions (
    interaction_id, project_id, task_id, agent_name, interaction_type, request_model, success,
    input_tokens, output_tokens, execution_time_ms, cost_amount, cost_currency, cost_source,
    request_data, response_data, conventions_version)
select docket_private.new_id(t.project_id, i.number), t.project_id, t.task_id,
       'agent' || i.number % 20, 'code_generation', 'model', true, 1000, 200, 900, 0.01, 'USD',
       'reported', jsonb_build_object('prompt', x.text), jsonb_build_object('text', y.text),
       '1.41.1'
  from generate_series(1, {interactions}) as i (number)
  join bench.tasks as t on t.place = 1 + i.number % {tasks}
  join bench.texts as x on x.number = i.number * 7 % 20000
  join bench.texts as y on y.number = i.number * 3 % 20000;
insert into docket.interaction_search (
    interaction_id, project_id, created_at, language, search_vector)
select i.interaction_id, i.project_id, i.created_at, 'english',
       to_tsvector('pg_catalog.english',
                   (i.request_data ->> 'prompt') || ' ' || (i.response_data ->> 'text'))
  from docket.ai_interactions as i;
set session_replication_role = origin;
"""
KNOWLEDGE: LiteralString = """
select count(k.knowledge_id)
  from bench.project as p
 cross join generate_series(1, {documents}) as i
  join bench.texts as x on x.number = i
  join bench.texts as y on y.number = i + 1
 cross join lateral docket.put_knowledge(
           p.project_id, 'doc' || i, split_part(x.text, ' ', 3) || ' guide ' || i,
           E'# One\\n\\n' || x.text || E'\\n\\n# Two\\n\\n' || y.text) as k
"""
# What the tasks that are looked at have come through.
STORY: LiteralString = """
create table bench.sample as
select t.task_id, t.project_id, d.task_id as depends_on_id
  from bench.tasks as t
  join bench.tasks as d on d.place = t.place - 1
 where t.place % 3 = 0
 order by md5(t.place::text)
 limit {sample};
insert into docket.members (organization_id, project_id, principal, access)
select p.organization_id, p.project_id, '{agent}', 'writer'
  from docket.projects as p;
select docket.mark_task_completed(s.depends_on_id, '{{"pull_request": "merged"}}')
  from bench.sample as s;
select docket.fail_task(a.attempt_id, 'no such column: ' || s.task_id, 'bug', '{{"line": 7}}')
  from bench.sample as s
 cross join lateral docket.start_task(s.task_id, 'agent') as a;
select docket.record_validation(s.task_id, w.word, w.status)
  from bench.sample as s
 cross join (values ('tests', 'failed'), ('style', 'passed'), ('security', 'passed'))
       as w (word, status);
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What was stored, and what to ask for."""

    project: UUID
    sample: list[UUID]
    queries: list[str]
    size: str
    documents: str


def fill(owner: psycopg.Connection[dict[str, object]], tasks: int, sample: int) -> Load:
    """A project of so many tasks, with all that belongs to them."""
    given: dict[str, object] = {
        "tasks": tasks,
        "versions": VERSIONS,
        "interactions": 10 * tasks,
        "documents": tasks // 50,
        "sample": sample,
        "agent": AGENT,
    }
    owner.execute("set jit = off")
    for script in (WORDS, TASKS, CONTEXTS, INTERACTIONS, KNOWLEDGE, STORY):
        for statement in script.format(**given).split(";\n"):
            if statement.strip():
                owner.execute(statement.encode())
    owner.execute("vacuum analyze")
    owner.execute("checkpoint")
    project = column(owner, "select project_id as it from bench.project")[0]
    chosen = column(owner, "select task_id as it from bench.sample order by md5(task_id::text)")
    counted = column(
        owner,
        "select (select count(*) from docket_private.task_search)"
        " + (select count(*) from docket_private.context_search)"
        " + (select count(*) from docket_private.knowledge_sections)"
        " + (select count(*) from docket.interaction_search) as it",
    )
    return Load(
        UUID(str(project)),
        [UUID(str(each)) for each in chosen],
        queries([str(each) for each in column(owner, "select text as it from bench.texts")]),
        f"{tasks:,} tasks",
        f"{counted[0]:,} documents",
    )


def column(owner: psycopg.Connection[dict[str, object]], statement: LiteralString) -> list[object]:
    """The column `it` of what a statement returns."""
    return [row["it"] for row in owner.execute(statement).fetchall()]


def queries(texts: list[str]) -> list[str]:
    """One to three words of one of the texts, 300 times."""
    chance = random.Random(11)  # noqa: S311
    return [
        " ".join(chance.sample(chance.choice(texts).split(), chance.choice((1, 2, 2, 3))))
        for _ in range(300)
    ]
