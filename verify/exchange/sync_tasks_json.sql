-- Verify pgdocket:exchange/sync_tasks_json on pg

begin;

select 'docket_private.remember_written(docket.imports, bytea)'::regprocedure;
select 'docket.sync_tasks_json(text, text, bytea, text, jsonb, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.sync_tasks_json(text, text, bytea, text, jsonb, uuid)', 'execute')::integer;

rollback;
