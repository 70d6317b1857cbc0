-- task_history(): every change of a task, from its birth on: who, when, why, from what to what.

begin;
select plan(10);

create role tap_history_ann in role docket_app;
select docket_test.project('one');
select docket_test.member('tap_history_ann');

select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
set local role tap_history_ann;
select set_config('docket.reason', 'a better name', true);
select set_config('docket.request_id', 'request 9', true);
select docket.update_task(docket_test.id('a'),
    '{"title": "The task", "due_at": "2026-02-03T04:05:06Z"}');
select set_config('docket.reason', '', true);
select set_config('docket.request_id', '', true);
select docket.update_task_status(docket_test.id('a'), 'in_progress');
select docket.update_task_status(docket_test.id('a'), 'done');
select docket.update_task_status(docket_test.id('a'), 'pending');
reset role;

select results_eq(
    $$ select h.operation, h.from_status, h.to_status
         from docket.task_history(docket_test.id('a')) as h $$,
    $$ values ('insert', null,          'pending'),
              ('update', null,          null),
              ('update', 'pending',     'in_progress'),
              ('update', 'in_progress', 'completed'),
              ('update', 'completed',   'pending') $$,
    'each change is one row, the oldest first, with the statuses where it moved');
select is(
    (select h.changes -> 'title'
       from docket.task_history(docket_test.id('a')) as h
      where h.changes ? 'title'
        and h.operation = 'update'),
    '["A task", "The task"]'::jsonb,
    'a changed column has its value before and after');
select is(
    (select (h.changes #>> '{due_at,1}')::timestamptz
       from docket.task_history(docket_test.id('a')) as h
      where h.changes ? 'title'
        and h.operation = 'update'),
    '2026-02-03 04:05:06+00'::timestamptz,
    'as text that its type reads back');
select is(
    (select array_agg(k order by k)
       from docket.task_history(docket_test.id('a')) as h
      cross join lateral jsonb_object_keys(h.changes) as k
      where h.to_status = 'completed'),
    array['completed_at', 'status', 'updated_at', 'version'],
    'columns that did not change are not in it');
select results_eq(
    $$ select h.principal, h.reason, h.request_id
         from docket.task_history(docket_test.id('a')) as h
        limit 3 $$,
    $$ values (docket.principal(), null, null),
              ('tap_history_ann', 'a better name', 'request 9'),
              ('tap_history_ann', null, null) $$,
    'who did it and why stand beside it');
select ok(
    (select bool_and(h.recorded_at between transaction_timestamp() and clock_timestamp())
       from docket.task_history(docket_test.id('a')) as h),
    'and when');

select is(
    (select count(*) from docket.task_history(docket_test.id('a'), page_size => 2)), 2::bigint,
    'a page has its size');
select results_eq(
    $$ select h.to_status
         from docket.task_history(
                  docket_test.id('a'),
                  after => (select max(p.audit_id)
                              from docket.task_history(docket_test.id('a'), page_size => 3) as p))
              as h $$,
    array['completed', 'pending'],
    'the next begins after its last row');

set local role tap_history_ann;
select is(
    (select count(*) from docket.task_history(docket_test.id('a'))), 5::bigint,
    'a member of the project reads it');

reset role;
create temporary table gone as select docket_test.id('a') as task_id;
select docket.purge_task(g.task_id) from gone as g;
select results_eq(
    $$ select h.operation, h.from_status
         from gone as g
        cross join lateral docket.task_history(g.task_id, page_size => 1000) as h
       offset 5 $$,
    $$ values ('delete', 'pending') $$,
    'it outlives the task');

select * from finish();
rollback;
