-- Revert pgdocket:exchange/import_tasks_json from pg

begin;

drop function docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid);
drop function docket_private.earlier_version(uuid, text, bytea);
drop function docket_private.imported_before(uuid, text, bytea);

commit;
