-- Revert pgdocket:graph/update_task from pg

begin;

drop function docket.update_task(uuid, jsonb, bigint, uuid);

commit;
