-- Revert pgdocket:platform/drop_partitions from pg

begin;

drop function docket.set_retention(text, interval);
drop function docket_private.drop_expired_partition();
drop function docket_private.drop_partition(text, text, timestamptz, timestamptz);
drop function docket_private.seal_drop(timestamptz, timestamptz);
drop function docket_private.partitions_of(text);

commit;
