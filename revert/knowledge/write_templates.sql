-- Revert pgdocket:knowledge/write_templates from pg

begin;

drop function docket.list_templates(uuid, text, text[], boolean, text, integer);
drop function docket.get_template(uuid, text, bigint);
drop function docket.archive_template(uuid, uuid);
drop function docket.put_template(
    uuid, text, text, text, jsonb, text, text, text[], jsonb, bigint, uuid);
drop function docket_private.check_template(text, text, jsonb);

commit;
