-- Verify pgdocket:ops/health on pg

begin;

select 'docket_private.level_of(numeric, numeric, numeric)'::regprocedure;
select 'docket_private.server_health()'::regprocedure;
select 'docket_private.schema_health()'::regprocedure;
select 'docket_private.upkeep_health()'::regprocedure;
select 'docket_private.queue_health()'::regprocedure;
select 'docket.health()'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.health()', 'execute')::integer;

rollback;
