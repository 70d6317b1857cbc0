-- health(): what is looked at, and what it says of what is not as it should be.

begin;
select plan(12);

create role tap_health_ops in role docket_maintenance;
create role tap_health_app in role docket_app;

set local role tap_health_app;
select throws_ok('select docket.health()', '42501', null, 'a client may not');
reset role;

create function pg_temp.said(about text) returns text language sql as $$
select h.level || case when h.remedy is null then '' else ', with a remedy' end
  from docket.health() as h
 where h.item = about $$;

select set_has(
    'select h.item from docket.health() as h',
    $$ values ('server'), ('settings'), ('connections'), ('oldest transaction'), ('schema'),
              ('prepared transactions'), ('transaction ids'), ('triggers'), ('row-level security'),
              ('indexes and constraints'), ('maintenance'), ('journal'), ('leases'),
              ('paused projects'), ('partitions of audit_log') $$,
    'all of it is looked at');
select is(
    array(select h.item from docket.health() as h
           where h.level not in ('ok', 'warning') and h.item <> 'settings'),
    '{}', 'and nothing of a new schema is critical or unknown');

-- Maintenance, from never to done to overdue to failed.
select is(pg_temp.said('maintenance'), 'warning, with a remedy', 'nothing was done yet');
select docket_test.at('2026-01-01 09:00+00');
update docket.maintenance_steps set started_at = docket.clock(), succeeded_at = docket.clock(),
                                    outcome = 'done';
select is(pg_temp.said('maintenance'), 'ok', 'all was done');
select docket_test.pass('25 hours');
select is(pg_temp.said('maintenance'), 'critical, with a remedy', 'but a day ago');
update docket.maintenance_steps set succeeded_at = docket.clock();
update docket.maintenance_steps set outcome = 'failed', problem = 'no' where step = 'seal';
select is(pg_temp.said('maintenance'), 'critical, with a remedy', 'a step has failed');

-- Leases that nobody takes back.
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select from docket.claim_tasks(docket_test.project_id(), 'ann');
select is(pg_temp.said('leases'), 'ok', 'a lease is held');
select docket_test.pass('1 day');
select is(pg_temp.said('leases'), 'critical, with a remedy', 'and has expired long ago');

-- What the deploy has set up.
alter table docket.tasks disable trigger user;
select is(pg_temp.said('triggers'), 'critical, with a remedy', 'triggers are off');
alter table docket.task_attempts no force row level security;
select is(
    (select h.value from docket.health() as h where h.item = 'row-level security'),
    'off: docket.task_attempts', 'isolation is lifted');

-- Far from the months that there are.
select docket_test.pass('10 years');
select is(pg_temp.said('partitions of audit_log'), 'critical, with a remedy', 'no month is ahead');

select * from finish();
rollback;
