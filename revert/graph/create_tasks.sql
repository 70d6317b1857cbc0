-- Revert pgdocket:graph/create_tasks from pg

begin;

drop function docket.create_task(
    uuid, text, text, text, text, jsonb, jsonb, text[], text[], integer, numeric, text, text, text,
    text, bigint, uuid, uuid, timestamptz, timestamptz, uuid[], jsonb, text[], uuid);
drop function docket.create_tasks(uuid, jsonb, uuid);
drop function docket_private.check_new_tasks(jsonb);
drop function docket_private.resolve_tasks(uuid, text[], text[], uuid[]);

commit;
