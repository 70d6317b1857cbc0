-- How often and after how long a task is tried again is data, one row for each class of failure.

begin;
select plan(9);

select results_eq(
    $$ select p.failure_class, p.max_attempts, p.backoff_seconds, p.final_status::text
         from docket.retry_policies as p
        order by p.failure_class $$,
    $$ values ('budget_exceeded',    1,  0::numeric, 'blocked'),
              ('bug',                3,  30,         'failed'),
              ('infrastructure',     10, 5,          'failed'),
              ('lease_expired',      5,  0,          'failed'),
              ('model_refused',      2,  60,         'blocked'),
              ('rejected_by_person', 3,  0,          'blocked'),
              ('validation_failed',  3,  10,         'blocked') $$,
    'the classes, their attempts, their first wait and where they end');

set local role docket_owner;
create function pg_temp.policy(changes jsonb) returns void
language sql
as $$
    insert into docket.retry_policies
    select (jsonb_populate_record(p, '{"failure_class": "tap"}'::jsonb || policy.changes)).*
      from docket.retry_policies as p
     where p.failure_class = 'bug'
$$;

select throws_ok(
    $$ select pg_temp.policy('{"max_attempts": 0}') $$, '23514', null, 'there is a first attempt');
select throws_ok(
    $$ select pg_temp.policy('{"backoff_seconds": -1}') $$, '23514', null, 'no wait is negative');
select throws_ok(
    $$ select pg_temp.policy('{"backoff_factor": 0.5}') $$, '23514', null, 'waits do not shrink');
select throws_ok(
    $$ select pg_temp.policy('{"jitter": 1.5}') $$, '23514', null, 'a part is at most the whole');
select throws_ok(
    $$ select pg_temp.policy('{"final_status": "completed"}') $$,
    '23514', null, 'a task that failed ends failed, or blocked for a person');
select lives_ok($$ select pg_temp.policy('{}') $$, 'an operator may add a class');
reset role;
select isnt_empty(
    $$ select from docket.audit_log as l
        where l.table_name = 'retry_policies' and l.row_key = 'tap' $$,
    'and the journal has it');

set local role docket_agent;
select isnt_empty('select from docket.retry_policies', 'every client may read the policies');

select * from finish();
rollback;
