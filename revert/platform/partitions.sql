-- Revert pgdocket:platform/partitions from pg

begin;

drop function docket_private.ensure_partitions();
drop function docket_private.make_partitions(bigint);
drop function docket_private.add_partition(text, text, timestamp, timestamp);
drop function docket_private.partition_key(text);
drop table docket.partition_policies;

commit;
