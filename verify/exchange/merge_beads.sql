-- Verify pgdocket:exchange/merge_beads on pg

begin;

select 'docket_private.bead_verdicts(docket_private.bead_state[], docket_private.beads_line[], jsonb)'::regprocedure;
select 'docket_private.open_conflicts(docket_private.merge_verdict[])'::regprocedure;
select 'docket_private.bead_task_changes(text, jsonb)'::regprocedure;
select 'docket_private.apply_bead_status(uuid, text)'::regprocedure;
select 'docket_private.apply_bead_pair(uuid, uuid, jsonb, uuid, boolean)'::regprocedure;
select 'docket_private.apply_bead_pairs(uuid, docket_private.merge_verdict[], docket_private.beads_line[], docket_private.beads_edge[], text[], uuid[], text[])'::regprocedure;
select 'docket_private.apply_bead_fields(docket_private.merge_verdict[], docket_private.beads_line[], text[], uuid[])'::regprocedure;
select 'docket_private.archive_beads(uuid, uuid[])'::regprocedure;
select 'docket_private.merge_beads_file(uuid, uuid, bytea, docket_private.beads_line[], text, jsonb)'::regprocedure;

rollback;
