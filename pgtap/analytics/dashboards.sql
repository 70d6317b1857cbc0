-- The views for dashboards: of the last thirty days, as old as the tallies.

begin;
select plan(3);

select docket_test.at('2026-03-02 10:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a');
select is_empty(
    $$ select from docket.performance_dashboard as d
        where d.as_of is not null or d.tasks_created > 0 $$,
    'before anything was counted they have days, and nothing in them');
select docket.refresh_tallies();
select results_eq(
    $$ select count(*), sum(d.tasks_created), min(d.as_of)
         from docket.performance_dashboard as d $$,
    $$ values (30::bigint, 1::numeric, '2026-03-02 10:00+00'::timestamptz) $$, 'thirty days');
select results_eq(
    $$ select b.tasks_created, b.tasks_processed, b.validations_passed
         from docket.business_metrics as b where b.day_start = '2026-03-02 00:00+00' $$,
    $$ values (1::bigint, 0::bigint, 0::bigint) $$, 'and what came of each');

select * from finish();
rollback;
