-- Verify pgdocket:exchange/import_beads on pg

begin;

select 'docket_private.beads_import_before(uuid, text)'::regprocedure;
select 'docket_private.place_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, jsonb)'::regprocedure;
select 'docket.import_beads(text, text, bytea, text, boolean, jsonb, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.import_beads(text, text, bytea, text, boolean, jsonb, uuid)', 'execute')::integer;

rollback;
