-- Verify pgdocket:graph/what_if on pg

begin;

select 'docket.simulate_completion(uuid[])'::regprocedure;
select 'docket.explain_cycle(uuid, uuid)'::regprocedure;
select 1 / has_function_privilege(
           'docket_auditor', 'docket.simulate_completion(uuid[])', 'execute')::integer;
select 1 / has_function_privilege(
           'docket_auditor', 'docket.explain_cycle(uuid, uuid)', 'execute')::integer;

rollback;
