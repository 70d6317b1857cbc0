-- Verify pgdocket:platform/drop_partitions on pg

begin;

select 'docket_private.partitions_of(text)'::regprocedure;
select 'docket_private.seal_drop(timestamptz, timestamptz)'::regprocedure;
select 'docket_private.drop_partition(text, text, timestamptz, timestamptz)'::regprocedure;
select 'docket_private.drop_expired_partition()'::regprocedure;
select 'docket.set_retention(text, interval)'::regprocedure;
select 1 / has_function_privilege('docket_admin', 'docket.set_retention(text, interval)', 'execute')::integer;

rollback;
