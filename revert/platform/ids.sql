-- Revert pgdocket:platform/ids from pg

begin;

drop function docket_private.new_id(uuid, bigint);
drop function docket_private.bucket(uuid);

commit;
