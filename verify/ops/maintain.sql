-- Verify pgdocket:ops/maintain on pg

begin;

select step, step_no, at_most, description, started_at, finished_at, succeeded_at, outcome, done,
       problem
  from docket.maintenance_steps
 where false;
select 1 / (count(*) = 19)::integer from docket.maintenance_steps;

select 'docket_private.is_time_to_seal()'::regprocedure;
select 'docket_private.analyze_partitioned()'::regprocedure;
select 'docket_private.forget_requests(bigint)'::regprocedure;
select 'docket_private.sweep_projects(bigint)'::regprocedure;
select 'docket_private.take_step(text, bigint)'::regprocedure;
select 'docket.maintain(text[])'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.maintain(text[])', 'execute')::integer;
select 1 / (not has_function_privilege('docket_app', 'docket.maintain(text[])', 'execute'))::integer;

rollback;
