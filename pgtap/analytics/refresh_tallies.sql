-- refresh_tallies(): counted anew when it is time, by operators, and told how old it is.

begin;
select plan(12);

create role tap_tallies_ops in role docket_maintenance;
create role tap_tallies_app in role docket_app;

select docket_test.at('2026-03-01 00:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a');
select docket_test.member('tap_tallies_app');
select set_config('tap.project', docket_test.project_id()::text, true);

set local role tap_tallies_app;
select throws_ok('select docket.refresh_tallies()', '42501', null, 'a client may not');
select throws_ok(
    'select from docket.tallies for update', '42501', null, 'nor can it keep others from it');
select is_empty(
    $$ select from docket.tallies as t where t.refreshed_at is not null $$,
    'at first nothing was ever counted');
select is_empty('select from docket.task_breakdown()', 'and answers are empty');

set local role tap_tallies_ops;
select is(
    (select m.done from docket.maintain('{tallies}') as m),
    (select count(*) from docket.tallies), 'maintenance counts all that was never counted');
select is(
    (select m.done from docket.maintain('{tallies}') as m), 0::bigint,
    'and nothing again that is not stale');
set local role tap_tallies_app;
select results_eq(
    'select b.label, b.tasks, b.as_of from docket.task_breakdown() as b',
    $$ values ('pending', 1::bigint, '2026-03-01 00:00+00'::timestamptz) $$,
    'an answer says how old it is');

reset role;
select docket_test.at('2026-03-01 00:05+00');
update docket.tallies set took_ms = 60000 where tally = 'task_counts';
set local role tap_tallies_ops;
select is(
    (select m.done from docket.maintain('{tallies}') as m),
    (select count(*) - 1 from docket.tallies),
    'what is older than tally_max_age_seconds is counted anew, unless it takes long');
reset role;
select docket_test.at('2026-03-01 00:20+00');
set local role tap_tallies_ops;
select is(
    (select count(*) from docket.refresh_tallies() as t
      where t.refreshed_at = '2026-03-01 00:20+00' and t.problem is null and t.row_count >= 0),
    (select count(*) from docket.tallies), 'an operator need not wait');
select ok(
    (select bool_or(pg_catalog.pg_get_function_result(p.oid) = 'SETOF docket.tallies')
       from pg_catalog.pg_proc as p where p.proname = 'refresh_tallies'),
    'and is told of each');

-- One that can not be counted keeps none of the others from it.
reset role;
set local role docket_owner;
create or replace function docket_private.tally_task_counts() returns table (
    project_id uuid, dimension text, label text, status text, tasks bigint)
language sql stable as $$ select null::uuid, '1/0', '', '', 1 / (count(*) - count(*)) $$;
reset role;
select docket_test.at('2026-03-02 00:20+00');
set local role tap_tallies_ops;
select results_eq(
    $$ select m.outcome, m.done, m.problem from docket.maintain('{tallies}') as m $$,
    $$ select 'failed', count(*) - 1, 'task_counts: division by zero' from docket.tallies $$,
    'the step says what was in the way');
select results_eq(
    $$ select t.tally, t.problem, t.refreshed_at from docket.tallies as t
        where t.refreshed_at < docket.clock() $$,
    $$ values ('task_counts', 'division by zero', '2026-03-01 00:20+00'::timestamptz) $$,
    'and the tally, which is as old as it was');

select * from finish();
rollback;
