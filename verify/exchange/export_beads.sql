-- Verify pgdocket:exchange/export_beads on pg

begin;

select 'docket_private.bead_escapes(text)'::regprocedure;
select 'docket_private.bead_string(text, text)'::regprocedure;
select 'docket_private.bead_dependencies(json, text, jsonb, jsonb, text, text, text, text, text, text)'::regprocedure;
select 'docket_private.bead_changes(docket_private.bead_state, docket.tasks, text, text, text, text)'::regprocedure;
select 'docket_private.bead_line(docket_private.bead_state, docket.tasks, text, text, text, text)'::regprocedure;
select 'docket_private.write_beads(uuid, uuid)'::regprocedure;
select 'docket.export_beads(uuid, text)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.export_beads(uuid, text)', 'execute')::integer;

rollback;
