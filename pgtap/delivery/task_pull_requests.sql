-- A task knows whether its pull requests are merged, and lets go of what waits for that.

begin;
select plan(25);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "t", "title": "T",
            "depends_on": [{"task": "a", "satisfied_by": "merged"}]},
           {"task_key": "u", "title": "U", "depends_on": ["a"]}]');

create function pg_temp.proposal(number bigint, status text default null) returns uuid
language sql
as $$
    select p.pull_request_id
      from docket.record_pull_request(
               docket_test.project_id(), 'acme/shop', proposal.number,
               jsonb_strip_nulls(jsonb_build_object('status', proposal.status))) as p;
$$;
create function pg_temp.merged(task text) returns timestamptz
language sql
as $$ select t.merged_at from docket.tasks as t where t.task_id = docket_test.id(merged.task) $$;
create function pg_temp.ready() returns text
language sql
as $$
    select coalesce(string_agg(k.key, ' ' order by k.key), '')
      from docket.ready_tasks as r
     cross join lateral docket_test.key(r.task_id) as k (key)
     where r.project_id = docket_test.project_id();
$$;

select results_eq(
    $$ select docket_test.key(l.task_id), l.pull_request_id = pg_temp.proposal(1), l.created_at,
              l.created_by
         from docket.link_pull_request(docket_test.id('a'), pg_temp.proposal(1)) as l $$,
    $$ values ('a', true, docket.clock(), docket.principal()) $$,
    'a pull request brings the work of a task');
select lives_ok(
    $$ select docket.link_pull_request(docket_test.id('a'), pg_temp.proposal(1)) $$,
    'said again it is the same');
select docket.link_pull_request(docket_test.id('a'), pg_temp.proposal(2));
select docket.link_pull_request(docket_test.id('b'), pg_temp.proposal(2));
select results_eq(
    $$ select p.number from docket.list_task_pull_requests(docket_test.id('a')) as p $$,
    array[1, 2]::bigint[], 'a task has several');
select results_eq(
    $$ select t.task_key from docket.list_pull_request_tasks(pg_temp.proposal(2)) as t $$,
    array['a', 'b'], 'and one may bring several');
select results_eq(
    $$ select p.number
         from docket.list_task_pull_requests(docket_test.id('a'), pg_temp.proposal(1), 1) as p $$,
    array[2]::bigint[], 'by pages');

-- When it is merged.
select is(pg_temp.merged('a'), null, 'what is open is not merged');
select pg_temp.proposal(1, 'merged');
select is(pg_temp.merged('a'), null, 'nor what is merged half');
select docket_test.pass('1 hour');
select pg_temp.proposal(2, 'merged');
select is(pg_temp.merged('a'), docket.clock(), 'the last merge decides');
select is(pg_temp.merged('b'), docket.clock(), 'for each task that it is about');
select is(pg_temp.ready(), 'a b', 'merged is not completed');
select docket.update_task_status(docket_test.id('a'), 'completed');
select is(pg_temp.ready(), 'b t u', 'both free whoever waits');

-- It comes and goes.
select docket.link_pull_request(docket_test.id('a'), pg_temp.proposal(3));
select is(pg_temp.merged('a'), null, 'a new one is not merged yet');
select is(pg_temp.ready(), 'b u', 'who waits for that waits again; who does not, does not');
select pg_temp.proposal(3, 'closed');
select is(pg_temp.ready(), 'b t u', 'what is closed is in nobody''s way');
select pg_temp.proposal(3, 'draft');
select is(pg_temp.ready(), 'b u', 'opened again it is');
select docket.unlink_pull_request(docket_test.id('a'), pg_temp.proposal(3));
select is(pg_temp.ready(), 'b t u', 'nor what has nothing to do with it');
select docket.link_pull_request(docket_test.id('b'), pg_temp.proposal(4));
select docket.unlink_pull_request(docket_test.id('b'), pg_temp.proposal(2));
select pg_temp.proposal(4, 'closed');
select is(pg_temp.merged('b'), null, 'closed alone is not merged');
delete from docket.pull_requests
 where number = 2 and project_id = docket_test.project_id();
select is(pg_temp.merged('a'), '2026-01-01 09:00+00'::timestamptz,
    'with a pull request goes its merge');
select is_empty(
    $$ select from docket.graph_health(docket_test.project_id()) $$, 'the graph is right');

-- Refusals.
select throws_ok(
    $$ select docket.link_pull_request(
                  docket_test.id('a'), '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'pull request 00000000-0000-7000-8000-000000000000 does not exist',
    'a pull request there is not');
select throws_ok(
    $$ select docket.link_pull_request(
                  '00000000-0000-7000-8000-000000000000', pg_temp.proposal(1)) $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'a task there is not');
select throws_ok(
    $$ select docket.unlink_pull_request(docket_test.id('u'), pg_temp.proposal(1)) $$,
    'PD404', null, 'a link there is not');

-- The same request twice.
select is(
    (select count(*)
       from (values (5), (6)) as twice (number)
      cross join lateral docket.link_pull_request(
                docket_test.id('u'), pg_temp.proposal(twice.number),
                '00000000-0000-4000-8000-000000000001') as l
      where l.pull_request_id = pg_temp.proposal(5)), 2::bigint,
    'the same request twice is answered once');

select isnt_empty(
    $$ select
         from docket.audit_log as l
        where l.table_name = 'task_pull_requests' and l.operation = 'delete'
          and l.row_id = docket_test.id('b') $$,
    'the journal has what was unlinked');
select docket.purge_task(docket_test.id('u'));
select is_empty(
    $$ select from docket.task_pull_requests as l
         join docket.pull_requests as p on p.pull_request_id = l.pull_request_id
        where p.number = 5 and l.project_id = docket_test.project_id() $$,
    'with a task its links go');

select * from finish();
rollback;
