-- Verify pgdocket:exchange/import_beads on pg

begin;

select 'docket.import_beads(text, text, bytea, text, boolean, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.import_beads(text, text, bytea, text, boolean, uuid)', 'execute')::integer;

rollback;
