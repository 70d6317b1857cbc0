-- Verify pgdocket:exchange/lists on pg

begin;

select 'docket_private.read_list(text, bytea, text, jsonb)'::regprocedure;
select 'docket_private.refuse_format(text)'::regprocedure;
select 'docket.import_list(text, text, bytea, text, jsonb, text, boolean, uuid)'::regprocedure;
select 'docket_private.listed_tasks(uuid)'::regprocedure;
select 'docket_private.write_github(uuid)'::regprocedure;
select 'docket_private.write_linear(uuid)'::regprocedure;
select 'docket_private.write_markdown(uuid)'::regprocedure;
select 'docket_private.csv_field(text)'::regprocedure;
select 'docket_private.write_csv(uuid)'::regprocedure;
select 'docket_private.write_gantt(uuid)'::regprocedure;
select 'docket.export_list(uuid, text)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.import_list(text, text, bytea, text, jsonb, text, boolean, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.export_list(uuid, text)', 'execute')::integer;

rollback;
