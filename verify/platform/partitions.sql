-- Verify pgdocket:platform/partitions on pg

begin;

select table_name, months_ahead, retention
  from docket.partition_policies
 where false;
select 'docket_private.add_partition(text, text, timestamp, timestamp)'::regprocedure;
select 'docket_private.make_partitions(bigint)'::regprocedure;
select 'docket_private.ensure_partitions()'::regprocedure;

rollback;
