-- claim_tasks(): the most urgent first, each task to one agent, held for a while.

begin;
select plan(54);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
select count(*)
  from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
           '{"task_key": "low", "title": "Low", "priority": "low", "tags": ["x"]}'::jsonb,
           '{"task_key": "first", "title": "First"}'::jsonb,
           '{"task_key": "second", "title": "Second", "tags": ["x", "y"]}'::jsonb,
           '{"task_key": "third", "title": "Third", "parent": "low", "tags": ["y"]}'::jsonb,
           '{"task_key": "high", "title": "High", "priority": "high"}'::jsonb,
           '{"task_key": "waits", "title": "Waits", "priority": 10, "depends_on": ["high"]}'::jsonb,
           '{"task_key": "held", "title": "Held", "priority": 10, "status": "blocked"}'::jsonb,
           '{"task_key": "later", "title": "Later", "priority": 9,
             "not_before": "2026-01-01T10:00:00Z"}'::jsonb,
           '{"task_key": "gone", "title": "Gone", "priority": 10}'::jsonb,
           jsonb_build_object('task_key', 'flow', 'title', 'In a workflow', 'priority', 2,
                              'workflow_id', (select f.workflow_id from flows as f))));
select docket.delete_task(docket_test.id('gone'));

-- The keys that a claim gives, in its order. It is undone, so that each claim finds the same.
create function pg_temp.would_claim(arguments text) returns text[]
language plpgsql
as $$
declare
    v_keys text[];
begin
    execute format(
        'select array_agg(t.task_key) '
        '  from docket.claim_tasks(docket_test.project_id(), ''ann'', %s) as t',
        would_claim.arguments) into v_keys;
    raise exception 'undone' using detail = coalesce(v_keys, '{}')::text, errcode = 'TAP00';
exception
    when sqlstate 'TAP00' then
        get stacked diagnostics v_keys = pg_exception_detail;
        return v_keys;
end;
$$;

select is(
    pg_temp.would_claim('max_tasks => 100'), array['high', 'first', 'second', 'third', 'low',
    'flow'],
    'what is ready, the most urgent first, of equals the one that came first');
select is(
    (select array_agg(t.task_key) from docket.next_tasks(docket_test.project_id(),
    page_size => 100) as t),
    pg_temp.would_claim('max_tasks => 100'),
    'next_tasks() says the same beforehand');
select is(pg_temp.would_claim('max_tasks => 2'), array['high', 'first'],
    'as many as are asked for');
select is(pg_temp.would_claim('tags_all => ''{x}'''), array['second'], 'of some tags');
select is(
    pg_temp.would_claim('tags_all => ''{x, y}'', max_tasks => 9'), array['second'], 'all of them');
select docket.update_task(docket_test.id('first'), '{"needed_capabilities": ["gpu", "net"]}');
select is(
    pg_temp.would_claim('max_tasks => 1'), array['high'], 'what needs a capability takes no other''s place');
select is(
    pg_temp.would_claim('max_tasks => 100, capabilities => ''{gpu}'''),
    array['high', 'second', 'third', 'low', 'flow'],
    'and is not given to an agent that has a part of them');
select is(
    pg_temp.would_claim('max_tasks => 3, capabilities => ''{net, disk, gpu}'''),
    array['high', 'first', 'second'], 'but to one that has all, and more');
select docket.update_task(docket_test.id('first'), '{"needed_capabilities": []}');
select is(
    pg_temp.would_claim('workflow_id => (select workflow_id from flows)'), array['flow'],
    'of one workflow');
select is(
    pg_temp.would_claim('parent_task_id => docket_test.id(''low'')'), array['third'],
    'of one parent');
select is(pg_temp.would_claim('tags_all => ''{z}'''), '{}'::text[],
    'nothing where nothing is ready');

-- Waiting longer goes before having been made before.
select docket.update_task_status(docket_test.id('first'), 'blocked');
select docket_test.pass('1 minute');
select docket.update_task_status(docket_test.id('first'), 'pending');
select is(
    pg_temp.would_claim('max_tasks => 100'), array['high', 'second', 'third', 'first', 'low',
    'flow'],
    'what has been ready for longer goes first');

-- The claim.
create temporary table claimed as
select t.*
  from docket.claim_tasks(docket_test.project_id(), 'ann', 2, lease_seconds => 90) as t;
select results_eq(
    $$ select c.task_key, c.status::text, c.assigned_to, c.version from claimed as c $$,
    $$ values ('high', 'in_progress', 'ann', 2::bigint), ('second', 'in_progress', 'ann', 2) $$,
    'a claimed task is in progress with its agent');
select results_eq(
    $$ select a.task_id, a.attempt_no, a.agent, a.lease_expires_at, a.outcome::text
         from claimed as c
         join docket.task_attempts as a on a.attempt_id = c.attempt_id
        order by c.task_key $$,
    $$ select c.task_id, 1, 'ann', '2026-01-01 09:02:30+00'::timestamptz, null
         from claimed as c
        order by c.task_key $$,
    'and has a live attempt, with its lease');
select is(
    pg_temp.would_claim('max_tasks => 100'), array['third', 'first', 'low', 'flow'],
    'nobody else is given it');
select is_empty(
    $$ select from claimed as c join docket.ready_tasks as r on r.task_id = c.task_id $$,
    'it is ready no more');

-- What becomes ready.
select docket.complete_task(c.attempt_id) from claimed as c where c.task_key = 'high';
select is(pg_temp.would_claim('max_tasks => 1'), array['waits'],
    'what waited for a completed task is next');
select docket.update_task_status(docket_test.id('held'), 'pending');
select is(
    pg_temp.would_claim('max_tasks => 2'), array['waits', 'held'],
    'so is what is no longer held back');
select docket_test.at('2026-01-01 09:59:59+00');
select ok(
    not 'later' = any (pg_temp.would_claim('max_tasks => 100')),
    'what has its time is not claimed before');
select docket_test.at('2026-01-01 10:00+00');
select ok(
    'later' = any (pg_temp.would_claim('max_tasks => 100')), 'but from that time on');

-- A paused workflow.
select docket.update_workflow(f.workflow_id, '{"status": "paused"}') from flows as f;
select ok(
    not 'flow' = any (pg_temp.would_claim('max_tasks => 100')),
    'a paused workflow gives out nothing');
select ok(
    not exists (
        select
          from docket.next_tasks(docket_test.project_id(), page_size => 100) as t
         where t.task_key = 'flow'),
    'nor is it said to');
select throws_ok(
    $$ select docket.start_task(docket_test.id('flow'), 'ann') $$,
    'PD409', 'task flow is not ready', 'nor started by name');
select docket.update_workflow(f.workflow_id, '{"status": "active"}') from flows as f;
select ok('flow' = any (pg_temp.would_claim('max_tasks => 100')), 'until it goes on');

-- An expired lease.
select docket_test.at('2026-01-01 12:00+00');
select ok(
    'second' = any (pg_temp.would_claim('max_tasks => 100')),
    'a claim takes back first what other agents have lost');

-- One task by name.
select results_eq(
    $$ select t.task_key, t.status::text, t.assigned_to, t.attempt_id is not null
         from docket.start_task(docket_test.id('low'), 'bob', lease_seconds => 5) as t $$,
    $$ values ('low', 'in_progress', 'bob', true) $$,
    'start_task() claims this very task, though others are more urgent');
select throws_ok(
    $$ select docket.start_task(docket_test.id('low'), 'ann') $$,
    'PD409', 'task low is not ready', 'not when somebody has it');
select throws_ok(
    $$ select docket.start_task(docket_test.id('gone'), 'ann') $$,
    'PD409', 'task gone is not ready', 'nor when it was put away');
select docket.create_task(docket_test.project_id(), 'x', task_key => 'waits-for-low',
                          depends_on => array[docket_test.id('low')]);
select throws_ok(
    $$ select docket.start_task(docket_test.id('waits-for-low'), 'ann') $$,
    'PD409', 'task waits-for-low is not ready', 'nor when it waits for another');
select docket.create_task(docket_test.project_id(), 'x', task_key => 'tomorrow',
                          not_before => '2026-01-02 00:00+00');
select throws_ok(
    $$ select docket.start_task(docket_test.id('tomorrow'), 'ann') $$,
    'PD409', 'task tomorrow is not ready', 'nor before its time');

-- Leases.
create temporary table defaulted as
select t.* from docket.claim_tasks(docket_test.project_id(), 'ann') as t;
select is(
    (select a.lease_expires_at - docket.clock()
       from defaulted as d
       join docket.task_attempts as a on a.attempt_id = d.attempt_id), interval '300 seconds',
    'a lease that is not asked for is the setting''s');
select throws_ok(
    $$ select docket.claim_tasks(docket_test.project_id(), 'ann', lease_seconds => 0) $$,
    'PD422', 'a lease of 0 seconds can not be had', 'no lease is no lease');
select throws_ok(
    $$ select docket.claim_tasks(docket_test.project_id(), 'ann', lease_seconds => 86401) $$,
    'PD422', 'a lease of 86401 seconds can not be had', 'nor is one without end');
select throws_ok(
    $$ select docket.start_task(docket_test.id('tomorrow'), 'ann', lease_seconds => -1) $$,
    'PD422', null, 'for one task neither');

-- Refusals.
select throws_ok(
    $$ select docket.claim_tasks(docket_test.project_id(), '') $$,
    'PD422', 'an agent needs a name of 1 to 255 characters to claim a task', 'an agent has a name');
select throws_ok(
    $$ select docket.claim_tasks(docket_test.project_id(), null) $$, 'PD422', null, 'always');
select throws_ok(
    $$ select docket.claim_tasks(docket_test.project_id(), 'ann', 0) $$,
    'PD422', 'max_tasks is 0', 'a claim is for one task at least');
select throws_ok(
    $$ select docket.claim_tasks(docket_test.project_id(), 'ann', 1001) $$,
    'PD422', 'max_tasks is 1001', 'and 1000 at most');
select throws_ok(
    $$ select docket.claim_tasks('00000000-0000-7000-8000-000000000000', 'ann') $$,
    'PD404', 'project 00000000-0000-7000-8000-000000000000 does not exist', 'the project exists');
select throws_ok(
    $$ select docket.start_task('00000000-0000-7000-8000-000000000000', 'ann') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'so does the task');
select is(
    pg_temp.would_claim('tags_all => array[''''''; drop table docket.tasks; --'']'), '{}'::text[],
    'a tag that looks like SQL is a tag');

-- The same request twice.
select results_eq(
    $$ select t.task_key, t.attempt_id
         from docket.claim_tasks(docket_test.project_id(), 'ann', 2,
                                 request_id => '00000000-0000-4000-8000-000000000001') as t $$,
    $$ select t.task_key, t.attempt_id
         from docket.claim_tasks(docket_test.project_id(), 'ann', 2,
                                 request_id => '00000000-0000-4000-8000-000000000001') as t $$,
    'the same claim again is given the same tasks with the same tokens');
select is(
    (select count(*)
       from docket.task_attempts as a
      where a.project_id = docket_test.project_id()
        and a.created_at = docket.clock()), 4::bigint,
    'and takes no others');

-- Started by the same request.
select is(
    (docket.start_task(docket_test.id('flow'), 'bob',
                       request_id => '00000000-0000-4000-8000-000000000002')).attempt_id,
    (docket.start_task(docket_test.id('flow'), 'bob',
                       request_id => '00000000-0000-4000-8000-000000000002')).attempt_id,
    'so is a start');

-- A project's own lease.
select docket.update_project(docket_test.project_id(), '{"settings": {"lease_seconds": 7}}');
select docket.create_task(docket_test.project_id(), 'Short', task_key => 'short');
create temporary table short_lease as
select t.attempt_id from docket.start_task(docket_test.id('short'), 'ann') as t;
select is(
    (select a.lease_expires_at
       from docket.list_attempts(docket_test.id('short')) as a),
    docket.clock() + interval '7 seconds',
    'a project may set how long a claim holds');
select docket_test.at('2026-01-03 09:00+00');
select docket.start_task(docket_test.id('short'), 'bob');
select is(
    (select array_agg(a.outcome::text order by a.attempt_no)
       from docket.list_attempts(docket_test.id('short')) as a), array['lease_expired', null],
    'who starts a task whose agent is gone takes it back first');

-- A claim that finds nothing leaves its key unused, and is no answer.
create function pg_temp.keyed_claim() returns text[]
language sql
as $$
    select array_agg(t.task_key)
      from docket.claim_tasks(
               docket_test.project_id(), 'ann', 5, tags_all => '{keyed}',
               request_id => '00000000-0000-4000-8000-000000000003') as t;
$$;
select is(pg_temp.keyed_claim(), null, 'where nothing is ready, a claim with a key finds nothing');
select is_empty(
    $$ select
         from docket.idempotency_keys as k
        where k.request_id = '00000000-0000-4000-8000-000000000003' $$,
    'and writes nothing');
select count(*) from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
    '{"task_key": "keyed-1", "title": "Keyed", "priority": 9, "tags": ["keyed"]}'::jsonb,
    '{"task_key": "keyed-2", "title": "Keyed", "tags": ["keyed"]}'::jsonb));
select is(pg_temp.keyed_claim(), '{keyed-1,keyed-2}', 'the same again takes what is ready by then');
select docket.create_task(
           docket_test.project_id(), 'Keyed', task_key => 'keyed-3', tags => '{keyed}');
create temporary table keyed_token as
select t.attempt_id
  from docket.tasks as t
 where t.task_id = docket_test.id('keyed-1');
select docket.release_task(k.attempt_id) from keyed_token as k;
select docket.start_task(docket_test.id('keyed-1'), 'bob');
select is(pg_temp.keyed_claim(), '{keyed-1,keyed-2}', 'and from then on it is given the same');
select results_eq(
    $$ select t.attempt_id
         from docket.claim_tasks(
                  docket_test.project_id(), 'ann',
                  request_id => '00000000-0000-4000-8000-000000000003') as t
        limit 1 $$,
    $$ select k.attempt_id from keyed_token as k $$,
    'with its own token, whoever holds the task by then');
select throws_ok(
    $$ select docket.claim_across_projects(
                  'ann', request_id => '00000000-0000-4000-8000-000000000003') $$,
    'PD409',
    'request 00000000-0000-4000-8000-000000000003 was a call of claim_tasks, '
    'not of claim_across_projects',
    'another function is no repeat of it');

-- The queue's own statements alone hold and let go, because triggers leave these to them.
select docket.create_task(docket_test.project_id(), 'Alone', task_key => 'alone');
select throws_ok(
    $$ update docket.tasks
          set status = 'in_progress', attempt_id = docket_private.new_id(project_id)
        where task_key = 'alone' $$,
    'PDTRN', 'task alone is claimed, and completed by who holds it, by the queue alone',
    'nobody claims a task behind its back');
select docket.start_task(docket_test.id('alone'), 'ann');
select results_eq(
    $$ select t.version, t.updated_by, l.old_values ->> 'status', l.new_values ->> 'attempt_id'
         from docket.tasks as t
        cross join lateral (
                  select j.old_values, j.new_values
                    from docket.audit_log as j
                   where j.row_id = t.task_id
                   order by j.audit_id desc
                   limit 1
              ) as l
        where t.task_key = 'alone' $$,
    $$ select 2::bigint, docket.principal(), 'pending', t.attempt_id::text
         from docket.tasks as t
        where t.task_key = 'alone' $$,
    'who starts one is stamped and written down');

select * from finish();
rollback;
