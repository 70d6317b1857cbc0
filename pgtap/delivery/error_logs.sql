-- Errors and their groups are held to what they are, and go with what they were about.

begin;
select plan(7);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table known as
select * from docket.record_error(docket_test.project_id(), 'No', task_id => docket_test.id('a'));

select throws_ok(
    $$ update docket.error_groups as g set resolved_at = docket.clock() $$, '23514', null,
    'what is resolved was resolved by somebody');
select throws_ok(
    $$ update docket.error_logs as e set created_at = e.created_at + interval '1 second' $$,
    '23514', null, 'no row leaves the month of its id');
select throws_ok(
    $$ update docket.error_logs as e set stack = repeat('x', 65537) $$, '23514', null,
    'stacks are bounded');
select throws_ok(
    $$ insert into docket.error_groups (error_group_id, project_id, fingerprint, message, severity,
                                        first_seen_at, last_seen_at)
       select gen_random_uuid(), g.project_id, g.fingerprint, 'x', 'low', g.first_seen_at,
              g.last_seen_at
         from docket.error_groups as g $$,
    '23505', null, 'a fingerprint is one group of a project');
select is(
    (select e.tableoid::regclass::text from docket.error_logs as e),
    'docket.error_logs_' || to_char(docket.clock() at time zone 'UTC', 'YYYY_MM'),
    'errors are in the partition of their month');
select docket.purge_task(docket_test.id('a'));
select is_empty($$ select from docket.error_logs $$, 'errors go with their task');
select is((select count(*) from docket.error_groups), 1::bigint,
    'how often they occurred is still known');

select * from finish();
rollback;
