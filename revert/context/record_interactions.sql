-- Revert pgdocket:context/record_interactions from pg

begin;

drop function docket.record_interaction(
    uuid, text, text, boolean, jsonb, jsonb, bigint, uuid, text, text, text, text, text, text, text,
    jsonb, text, text, text[], bigint, bigint, bigint, bigint, bigint, bigint, jsonb, text, numeric,
    text, text, jsonb, uuid, uuid);
drop function docket.record_interactions(jsonb, uuid);
drop function docket_private.check_currency(uuid, jsonb);
drop function docket_private.project_of_tasks(uuid[]);
drop function docket_private.check_interactions(jsonb);

commit;
