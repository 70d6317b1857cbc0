-- Verify pgdocket:queue/sweep_leases on pg

begin;

select 'docket_private.give_back(
    uuid, uuid[], docket.attempt_outcome, text, text, jsonb, timestamptz)'::regprocedure;
select 'docket_private.sweep(uuid, integer)'::regprocedure;
select 'docket.sweep_leases(uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.sweep_leases(uuid, integer)', 'execute')::integer;

rollback;
