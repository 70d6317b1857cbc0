-- Every change of a task reaches Linear, one sender at a time, and its echo is no new change.

begin;
select plan(32);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.update_project(docket_test.project_id(), '{"settings": {
    "linear_teams": ["ENG"], "linear_labels": {"Shop": "shop"}, "linear_estimate_hours": 2}}');
select docket.create_task(
    docket_test.project_id(), 'A task', 'What it is', task_key => 'a', tags => '{shop,x}',
    estimated_effort => 5, priority => '9', due_at => '2026-02-01 12:00+00');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

create function pg_temp.pending(max_changes integer default 10)
returns table (id uuid, key text, operation text, issue_id text, changes jsonb, failures integer)
language sql
as $$
    select p.linear_change_id, p.task_key, p.operation, p.issue_id, p.changes, p.failures
      from docket.pending_linear_changes(docket_test.project_id(), pending.max_changes) as p;
$$;

create function pg_temp.status(key text) returns text
language sql
as $$
    select l.sync_status
      from docket.list_linear_sync(docket_test.project_id()) as l
     where l.task_key = status.key;
$$;

-- A task that is an issue only here.
select is_empty($$ select * from pg_temp.pending() $$, 'nothing is sent that nobody has linked');
select docket.link_linear_issue(docket_test.id('a'));
select is(pg_temp.status('a'), 'pending', 'what is linked is to be sent');
create temporary table handed as select p.* from pg_temp.pending() as p;
select results_eq(
    $$ select h.operation, h.changes - 'id', h.changes ->> 'id' = h.issue_id from handed as h $$,
    $$ values ('create', '{"title": "A task", "description": "What it is", "state": "unstarted",
                           "priority": 1, "estimate": 3, "dueDate": "2026-02-01",
                           "labels": ["Shop", "x"], "team": "ENG"}'::jsonb, true) $$,
    'a new issue has what the task has, in the words of Linear, and its id');
select is(pg_temp.status('a'), 'sending', 'it is under way');
select is_empty($$ select * from pg_temp.pending() $$, 'and is handed out to nobody else');
select docket_test.pass('6 minutes');
create temporary table again as select p.* from pg_temp.pending() as p;
select results_eq(
    $$ select a.operation, a.changes from again as a $$,
    $$ select h.operation, h.changes from handed as h $$,
    'until its lease is over: then it is handed out again');
create function pg_temp.acknowledge(id uuid, at text, issue jsonb default '{}')
returns docket.linear_sync
language sql
as $$
    select r.*
      from docket_private.linear_images as i
      join docket.linear_sync as s on s.linear_sync_id = i.linear_sync_id
     cross join lateral docket.acknowledge_linear_change(
               acknowledge.id,
               jsonb_build_object('id', s.issue_id, 'updatedAt', acknowledge.at)
               || acknowledge.issue) as r
     where i.linear_change_id = acknowledge.id;
$$;
select throws_ok(
    $$ select docket.acknowledge_linear_change(h.id, '{}') from handed as h $$,
    'PDLSE', null, 'who was too slow is told');
select throws_ok(
    $$ select docket.acknowledge_linear_change(a.id, '{"id": "another"}') from again as a $$,
    'PD422', null, 'an answer names the issue and its time');
select is(
    (select r.identifier
       from again as a
      cross join pg_temp.acknowledge(a.id, '2026-01-01T09:06:00Z', '{"identifier": "ENG-1"}') as r),
    'ENG-1', 'an acknowledged change is known with what Linear answered');
select is(pg_temp.status('a'), 'synced', 'both agree');
select is_empty($$ select * from pg_temp.pending() $$, 'and nothing is left to be sent');

-- The same comes back as an event.
create function pg_temp.event(at text, told jsonb, updated_from jsonb) returns text
language sql
as $$
    select d.delivery_status::text
      from docket.get_linear_sync(docket_test.id('a')) as s
     cross join lateral docket.ingest_linear(
               docket_test.project_id(),
               jsonb_build_object(
                   'type', 'Issue', 'action', 'update', 'updatedFrom', event.updated_from,
                   'data', jsonb_build_object(
                       'id', s.issue_id, 'identifier', 'ENG-1', 'title', 'A task',
                       'description', 'What it is', 'priority', 1, 'estimate', 3,
                       'dueDate', '2026-02-01', 'state', '{"id": "s1", "type": "unstarted"}'::jsonb,
                       'labels', '[{"name": "Shop"}, {"name": "x"}]'::jsonb,
                       'updatedAt', event.at) || event.told)) as d;
$$;
create temporary table before as
select t.version from docket.get_task(docket_test.id('a')) as t;
select is(
    pg_temp.event('2026-01-01T09:06:00Z', '{}', '{"title": "?"}'), 'processed',
    'the echo of a change is taken in');
select is(
    (select t.version from docket.get_task(docket_test.id('a')) as t),
    (select b.version from before as b), 'and changes nothing');
select is_empty($$ select * from pg_temp.pending() $$, 'on either side');
select results_eq(
    $$ select t.priority::integer, t.estimated_effort::numeric
         from docket.get_task(docket_test.id('a')) as t $$,
    $$ values (9, 5::numeric) $$,
    'what Linear can not say exactly stays as it is here');

-- Changes.
select docket.update_task(docket_test.id('a'), '{"priority": 10, "estimated_effort": 6}');
select is_empty($$ select * from pg_temp.pending() $$, 'a change that Linear would not see is none');
select docket.update_task(docket_test.id('a'), '{"title": "Better", "priority": 2}');
select docket.update_task_status(docket_test.id('a'), 'in_progress');
create temporary table changed as select p.* from pg_temp.pending() as p;
select results_eq(
    $$ select c.operation, c.changes from changed as c $$,
    $$ values ('update', '{"title": "Better", "priority": 4, "state": "started"}'::jsonb) $$,
    'only what was changed is sent, however it was changed');
select docket.update_task(docket_test.id('a'), '{"title": "Best"}');
select pg_temp.event('2026-01-01T09:10:00Z', '{"title": "Better", "priority": 4, "state":
    {"id": "s2", "type": "started"}}', '{"title": "A task", "priority": 1, "stateId": "s1"}');
select is(
    (select t.title from docket.get_task(docket_test.id('a')) as t), 'Best',
    'an echo that comes before the answer undoes nothing');
select pg_temp.acknowledge(c.id, '2026-01-01T09:10:00Z') from changed as c;
select results_eq(
    $$ select p.changes from pg_temp.pending() as p $$, array['{"title": "Best"}'::jsonb],
    'what was changed meanwhile is the next change');
select docket_test.pass('6 minutes');

-- Failures.
create function pg_temp.fail() returns interval
language sql
as $$
    select s.next_attempt_at - docket.clock()
      from pg_temp.pending() as p
     cross join lateral docket.fail_linear_change(p.id, 'no answer') as s;
$$;
select is(pg_temp.fail(), interval '30 seconds', 'what can not be sent waits');
select results_eq(
    $$ select l.sync_status, l.send_error, l.failures
         from docket.list_linear_sync(docket_test.project_id()) as l $$,
    $$ values ('failed', 'no answer', 1) $$, 'with the reason');
select is_empty($$ select * from pg_temp.pending() $$, 'for a while');
select docket_test.pass('30 seconds');
select is(pg_temp.fail(), interval '1 minute', 'and longer after each failure');
select docket.retry_linear_sync(s.linear_sync_id)
  from docket.get_linear_sync(docket_test.id('a')) as s;
select pg_temp.acknowledge(p.id, '2026-01-01T09:20:00Z') from pg_temp.pending() as p;
select results_eq(
    $$ select l.sync_status, l.send_error, l.failures
         from docket.list_linear_sync(docket_test.project_id()) as l $$,
    $$ values ('synced', null, 0) $$, 'unless somebody says that it may be tried at once');

select docket.update_task(docket_test.id('a'), '{"title": "Better and best"}');
select pg_temp.fail();
select docket.update_task(docket_test.id('a'), '{"title": "Best"}');
select docket_test.pass('1 minute');
select is_empty($$ select * from pg_temp.pending() $$, 'what was taken back is not sent');
select is(pg_temp.status('a'), 'synced', 'and has not failed');

-- One way.
select docket.link_linear_issue(docket_test.id('a'), direction => 'from_linear');
select docket.update_task(docket_test.id('a'), '{"title": "Only here"}');
select is_empty($$ select * from pg_temp.pending() $$, 'from Linear nothing is sent');
select pg_temp.event('2026-01-01T09:21:00Z', '{"title": "Best", "description": "Told"}',
                     '{"description": "?"}');
select results_eq(
    $$ select t.title, t.description from docket.get_task(docket_test.id('a')) as t $$,
    $$ values ('Only here', 'Told') $$, 'and only what was changed there is taken');
select docket.link_linear_issue(docket_test.id('a'), direction => 'to_linear');
select pg_temp.event('2026-01-01T09:22:00Z', '{"title": "Best", "description": "Told again"}',
                     '{"description": "Told"}');
select is(
    (select t.description from docket.get_task(docket_test.id('a')) as t), 'Told',
    'to Linear nothing is taken');
select results_eq(
    $$ select p.changes -> 'title', p.changes ? 'description' from pg_temp.pending() as p $$,
    $$ values ('"Only here"'::jsonb, false) $$, 'and only what was changed here is sent');

-- Many.
select docket.create_tasks(docket_test.project_id(), (
    select jsonb_agg(jsonb_build_object('title', 'Task ' || n, 'task_key', 'n' || n))
      from generate_series(1, 5) as n));
select docket.link_linear_issue(docket_test.id('n' || n), jsonb_build_object('id', n::text))
  from generate_series(1, 5) as n;
select is_empty($$ select * from pg_temp.pending() $$,
    'over an issue that has told nothing yet nothing is written');
select docket.link_linear_issue(
           docket_test.id('n' || n),
           jsonb_build_object('id', n::text, 'title', 'Issue', 'updatedAt', '2026-01-01T08:00Z'),
           take => 'ours')
  from generate_series(1, 5) as n;
select results_eq(
    $$ select (select count(*) from pg_temp.pending(2)), (select count(*) from pg_temp.pending(2)),
              (select count(*) from pg_temp.pending(2)) $$,
    $$ values (2::bigint, 2::bigint, 1::bigint) $$, 'no more are handed out than are asked for');

select * from finish();
rollback;
