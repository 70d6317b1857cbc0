-- How well an agent would be told is a score with reasons, and what finished tasks had is counted.

begin;
select plan(20);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "bare", "title": "Bare"},
           {"task_key": "full", "title": "Full", "description": "All of it", "tags": ["web"],
            "acceptance_criteria": ["it works"], "test_strategy": "Try it", "depends_on": ["done"]},
           {"task_key": "done", "title": "Done"}, {"task_key": "lost", "title": "Lost"}]');
select count(*) from docket.put_context(docket_test.id('full'), 'requirements', '{"must": 1}');

create function pg_temp.score(task_key text, component text) returns integer
language sql
as $$
    select h.score
      from docket.context_health(docket_test.id(score.task_key)) as h
     where h.component = score.component;
$$;

create function pg_temp.finding(task_key text, component text) returns text
language sql
as $$
    select h.finding
      from docket.context_health(docket_test.id(finding.task_key)) as h
     where h.component = finding.component;
$$;

select results_eq(
    $$ select h.component, h.score, h.weight, h.remedy
         from docket.context_health(docket_test.id('full')) as h $$,
    $$ values ('total', 100, 100, null::text), ('completeness', 100, 40, null),
              ('freshness', 100, 20, null), ('size', 100, 15, null), ('conflicts', 100, 15, null),
              ('validations', 100, 10, null) $$,
    'a task that has all it needs has every point, and no remedy');
select results_eq(
    $$ select h.score, h.finding
         from docket.context_health(docket_test.id('bare')) as h
        where h.component = 'completeness' $$,
    $$ values (0, 'missing: acceptance_criteria, context requirements, description, test_strategy') $$,
    'what is missing is named');
select is(pg_temp.score('bare', 'total'), 60, 'and weighs as its weight says');

select docket.update_project(
           docket_test.project_id(),
           '{"settings": {"expected_contexts": {"web": ["design"]}, "prompt_token_budget": 100}}')
       is not null;
select is(
    pg_temp.finding('full', 'completeness'), 'missing: context design',
    'a project says what its tasks should have, by tag');
select is(pg_temp.score('bare', 'completeness'), 0, 'which is not asked of others');
select is(
    pg_temp.finding('bare', 'completeness'),
    'missing: acceptance_criteria, description, test_strategy', 'nor named');

select docket.update_task(docket_test.id('full'), '{"test_strategy": null}') is not null;
select results_eq(
    $$ select h.score, h.finding
         from docket.context_health(docket_test.id('full')) as h
        where h.component = 'completeness' $$,
    $$ values (50, 'missing: context design, test_strategy') $$, 'what is null is missing');

-- Stale.
select docket_test.at('2026-01-01 10:00+00');
create temporary table held as
select t.attempt_id from docket.start_task(docket_test.id('done'), 'x') as t;
select count(*) from held as h cross join lateral docket.complete_task(h.attempt_id);
select is(
    pg_temp.finding('full', 'freshness'), 'stale: requirements',
    'what is older than what the task builds on is stale');
select count(*) from docket.put_context(docket_test.id('full'), 'requirements', '{"must": 2}');
select is(pg_temp.score('full', 'freshness'), 100, 'until it is put anew');
select docket_test.at('2026-02-01 10:00+00');
select is(pg_temp.score('full', 'freshness'), 0, 'and again when it is old');

-- Large, contradictory, and not passed.
select count(*)
  from docket.put_context(docket_test.id('full'), 'notes', to_jsonb(repeat('word', 196)));
select is(pg_temp.score('full', 'size'), 50, 'what is twice the budget has half the points');
select count(*) from docket.put_context(docket_test.id('full'), 'requirements', '{"must": 1}');
select is(
    pg_temp.finding('full', 'conflicts'), 'said twice, or back and forth: requirements',
    'what was said, replaced and said again');
select count(*) from docket.put_context(docket_test.id('full'), 'twin', '{"must": 1}');
select is(pg_temp.score('full', 'conflicts'), 0, 'and the same under two names');
select count(*) from docket.require_validation(docket_test.id('full'), 'tests');
select is(
    pg_temp.finding('full', 'validations'), 'still to be passed: tests', 'what has still to pass');
select isnt(
    (select h.remedy
       from docket.context_health(docket_test.id('full')) as h
      where h.component = 'validations'), null, 'with what to do about it');

-- Patterns.
update docket.tasks as t set status = 'in_progress' where t.task_id = docket_test.id('lost');
update docket.tasks as t set status = 'failed' where t.task_id = docket_test.id('lost');
select count(*) from docket.put_context(docket_test.id('done'), 'requirements', '{"must": 1}');
select count(*) from docket.put_context(docket_test.id('done'), 'requirements', '{"must": 3}');
select results_eq(
    $$ select p.context_type, p.is_present, p.tasks_with, p.tasks_without, p.success_rate_with,
              p.success_rate_without, p.attempts_with, p.versions, p.bytes
         from docket.context_patterns(docket_test.id('bare')) as p $$,
    $$ values ('requirements', false, 1::bigint, 1::bigint, 1.000, 0.000, 1.00, 2.0,
               11::numeric) $$,
    'how tasks fared with a context and without');
select is(
    array(select p.context_type
            from docket.context_patterns(docket_test.id('full')) as p
           where p.is_present
           order by 1),
    array['notes', 'requirements', 'twin'], 'and what this one has');
select is(
    (select p.tasks_with
       from docket.context_patterns(docket_test.id('full')) as p
      where p.context_type = 'notes'), 0::bigint, 'even if no other has it');

select throws_ok(
    $$ select docket.context_health('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'a task that is none has no health');
select throws_ok(
    $$ select docket.context_patterns('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'and no patterns');

select * from finish();
rollback;
