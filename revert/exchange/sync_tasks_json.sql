-- Revert pgdocket:exchange/sync_tasks_json from pg

begin;

drop function docket.sync_tasks_json(text, text, bytea, text, jsonb, uuid);
drop function docket_private.remember_written(docket.imports, bytea);

commit;
