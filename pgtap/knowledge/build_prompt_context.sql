-- A prompt says what is known about a task, within a budget, and keeps what it was made of.

begin;
select plan(36);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "root", "title": "Accounts", "description": "People have accounts"},
           {"task_key": "db", "title": "Table of users"},
           {"task_key": "login", "title": "Build the login page", "parent": "root",
            "description": "A page with a form", "acceptance_criteria": ["shows errors"],
            "depends_on": ["db"]},
           {"task_key": "side", "title": "Password reset", "parent": "root"},
           {"task_key": "elsewhere", "title": "Something else"}]');

create function pg_temp.build(
    token_budget integer default null,
    sections     text[]  default null
) returns docket.prompt_builds
language sql
as $$
    select docket.build_prompt_context(docket_test.id('login'), token_budget, sections);
$$;

create function pg_temp.said(build docket.prompt_builds, section text) returns setof jsonb
language sql
as $$
    select i.item
      from jsonb_array_elements((build).content -> 'sections') as s (value)
     cross join lateral jsonb_array_elements(s.value -> 'items') as i (item)
     where s.value ->> 'section' = said.section;
$$;

-- What is in it.
select is(
    (select jsonb_agg(s.value ->> 'section')
       from jsonb_array_elements((pg_temp.build()).content -> 'sections') as s (value)),
    '["task", "acceptance", "dependencies", "parents"]', 'sections stand in the order of importance');
select is(
    array(select pg_temp.said(pg_temp.build(), 'task')),
    array['{"title": "Build the login page",
            "data": {"key": "login", "description": "A page with a form"}}'::jsonb],
    'the task, with what it has');
select is(
    array(select pg_temp.said(pg_temp.build(), 'acceptance') -> 'data'),
    array['["shows errors"]'::jsonb], 'when it is done');
select is(
    array(select pg_temp.said(pg_temp.build(), 'dependencies')),
    array['{"title": "db: Table of users", "data": {"status": "pending"}}'::jsonb],
    'what it waits for');
select is(
    array(select pg_temp.said(pg_temp.build(), 'parents')),
    array['{"title": "root: Accounts", "data": {"description": "People have accounts"}}'::jsonb],
    'what it is part of');

-- What comes to be known.
create temporary table held as
select t.attempt_id from docket.start_task(docket_test.id('db'), 'x') as t;
select docket.complete_task(h.attempt_id, '{"table": "users"}') from held as h;
select is(
    array(select pg_temp.said(pg_temp.build(), 'dependencies') -> 'data'),
    array['{"status": "completed", "results": {"table": "users"}}'::jsonb],
    'the results of what it builds on');

select docket.put_context(docket_test.id('login'), 'codebase', '{"password": "hunter2"}');
select docket.put_context(docket_test.id('login'), 'codebase', '{"files": ["a.ts"], "token": "x"}');
select docket.put_context(docket_test.id('login'), 'notes', '"gone"');
select docket.delete_context(docket_test.id('login'), 'notes');
select is(
    array(select pg_temp.said(pg_temp.build(), 'contexts')),
    array['{"title": "codebase", "data": {"files": ["a.ts"], "token": "********"}}'::jsonb],
    'the latest contexts, without what is secret, and without what was deleted');
select is(
    (select jsonb_agg(i.item -> 'source')
       from jsonb_array_elements((pg_temp.build()).included) as i (item)
      where i.item ->> 'section' = 'contexts'),
    '[{"kind": "context", "id": "codebase", "version": 2}]', 'and which version it was');
select is(
    array(
        select format('%s %s', p.context_type, p.version)
          from docket.context_pins as p
         where p.pinned_for = 'prompt build ' || (pg_temp.build()).prompt_build_id),
    array['codebase 2'], 'which is kept for as long as the build');

select docket.start_task(docket_test.id('side'), 'bob');
select docket.start_task(docket_test.id('elsewhere'), 'ann');
select is(
    array(select pg_temp.said(pg_temp.build(), 'siblings')),
    array['{"title": "side: Password reset", "data": {"agent": "bob"}}'::jsonb],
    'who works beside it');

create temporary table tried as
select t.attempt_id from docket.start_task(docket_test.id('login'), 'eve') as t;
select is(
    array(select pg_temp.said(pg_temp.build(), 'task') ->> 'title'),
    array['Build the login page'], 'being claimed changes nothing in it');
select docket.fail_task(t.attempt_id, 'three tests failed', 'bug') from tried as t;
select is(
    array(select pg_temp.said(pg_temp.build(), 'failures')),
    array['{"title": "Attempt 1 failed",
            "data": {"agent": "eve", "error": "three tests failed",
                     "failure_class": "bug"}}'::jsonb],
    'what went wrong before');

select docket.record_validation(docket_test.id('login'), 'style', 'failed', issues_found => 1);
select docket.record_validation(docket_test.id('login'), 'style', 'passed');
select docket.record_validation(docket_test.id('login'), 'tests', 'failed', issues_found => 2);
select docket.require_validation(docket_test.id('login'), 'security');
select is(
    array(select pg_temp.said(pg_temp.build(), 'validations') ->> 'title'),
    array['tests: failed', 'security: still to be passed'],
    'what has to be put right: the newest result of each type, and what was never looked at');

create temporary table proposed as
select p.pull_request_id
  from generate_series(1, 7) as n
 cross join lateral docket.record_pull_request(
           docket_test.project_id(), 'acme/shop', n, jsonb_build_object(
               'title', 'Login ' || n, 'status', case when n > 1 then 'closed' else 'open' end,
               'checks_status', 'failure', 'has_conflict', n = 1, 'head_branch', 'login')) as p;
select docket.link_pull_request(docket_test.id('login'), p.pull_request_id) from proposed as p;
select is(
    array(select pg_temp.said(pg_temp.build(), 'pull_requests') ->> 'title'),
    array['acme/shop#1: Login 1', 'acme/shop#7: Login 7', 'acme/shop#6: Login 6',
          'acme/shop#5: Login 5', 'acme/shop#4: Login 4'],
    'what is proposed already, the open before what is over');
select is(
    (array(select pg_temp.said(pg_temp.build(), 'pull_requests') -> 'data'))[1],
    '{"status": "open", "checks": "failure", "conflict": true, "head_branch": "login"}'::jsonb,
    'with what is in its way');

select docket.update_project(
           docket_test.project_id(), '{"settings": {"prompt_rules": ["Write tests.", "No magic."]}}');
select is(
    array(select pg_temp.said(pg_temp.build(), 'rules') ->> 'data'),
    array['Write tests.', 'No magic.'], 'the rules of the project');

select docket.put_knowledge(
           docket_test.project_id(), 'style', 'How pages look', e'# Login\nPages have titles.');
select matches(
    (select string_agg(k ->> 'data', '') from pg_temp.said(pg_temp.build(), 'knowledge') as k),
    'Pages have titles', 'documents that have to do with it');

-- Equal sources, equal prompt.
select is(
    (pg_temp.build()).prompt_build_id, (pg_temp.build()).prompt_build_id,
    'from the same sources the same prompt is given again');
select is(
    (select count(*)
       from docket.prompt_builds as b
      where b.content_hash = (pg_temp.build()).content_hash), 1::bigint, 'and is kept once');
create temporary table before as select (pg_temp.build()).*;
select docket_test.at('2026-01-01 10:00:01+00');
select isnt(
    (pg_temp.build()).prompt_build_id, b.prompt_build_id, 'for an hour, then it is built anew')
  from before as b;
select is((pg_temp.build()).content_hash, b.content_hash, 'and says the same')
  from before as b;
update docket.settings as s set value = '0' where s.setting_key = 'prompt_cache_seconds';
select isnt(
    (pg_temp.build()).prompt_build_id, (pg_temp.build()).prompt_build_id,
    'never again where the setting is 0');
select is((pg_temp.build()).content_hash, b.content_hash, 'which says the same, too')
  from before as b;
update docket.settings as s set value = '3600' where s.setting_key = 'prompt_cache_seconds';
select docket.put_context(docket_test.id('login'), 'codebase', '{"files": ["b.ts"]}');
select isnt((pg_temp.build()).content_hash, b.content_hash, 'what is new is in it at once')
  from before as b;
select is(
    (docket.get_prompt_build(b.prompt_build_id)).content, b.content,
    'and what was built before can be read as it was')
  from before as b;

-- Within a budget.
select cmp_ok((pg_temp.build(100)).token_estimate, '<=', 100, 'no prompt is over its budget');
select docket.put_context(
           docket_test.id('login'), 'huge', to_jsonb(repeat('Very much is known about it. ', 500)));
select cmp_ok((pg_temp.build(600)).token_estimate, '<=', 600, 'not with a piece that is larger');
select cmp_ok(
    (pg_temp.build(600)).token_estimate, '>', 580, 'of which as much goes in as there is room');
select results_eq(
    $$ select k ->> 'title', k ->> 'cut', (k ->> 'data') like 'Very much % [...]'
         from pg_temp.said(pg_temp.build(600), 'contexts') as k
        where k ->> 'title' = 'huge' $$,
    $$ values ('huge', 'true', true) $$, 'cut, and said so');
select is(
    array(select pg_temp.said(pg_temp.build(600), 'siblings') ->> 'title'),
    array['side: Password reset'], 'and what comes after it still finds room');
select is(
    (select jsonb_agg(distinct i.item -> 'reason')
       from jsonb_array_elements((pg_temp.build(100)).left_out) as i (item)),
    '["budget"]', 'what is left out is noted, with the reason');
-- What is asked for.
select is(
    (select jsonb_agg(s.value ->> 'section')
       from jsonb_array_elements(
                (pg_temp.build(null, '{parents,task}')).content -> 'sections') as s (value)),
    '["parents", "task"]', 'only the sections asked for, in that order');
select throws_ok(
    $$ select pg_temp.build(null, '{task,weather}') $$,
    'PD422', 'a prompt has no such sections: task, weather', 'a section that is none is refused');
select throws_ok(
    $$ select pg_temp.build(99) $$,
    'PD422', 'a prompt of 99 tokens can not be built', 'so is a budget that nothing fits into');
select throws_ok(
    $$ select docket.build_prompt_context('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'a task that is none');
select throws_ok(
    format('select docket.build_prompt_context(%L, attempt_id => %L)',
           docket_test.id('login'), (select h.attempt_id from held as h)),
    'PD404', null, 'and an attempt at another task');

select * from finish();
rollback;
