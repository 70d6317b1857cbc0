-- Revert pgdocket:exchange/merge_beads from pg

begin;

drop function docket_private.merge_beads_file(uuid, uuid, bytea, docket_private.beads_line[], text, jsonb);
drop function docket_private.archive_beads(uuid, uuid[]);
drop function docket_private.apply_bead_fields(docket_private.merge_verdict[], docket_private.beads_line[], text[], uuid[]);
drop function docket_private.apply_bead_pairs(uuid, docket_private.merge_verdict[], docket_private.beads_line[], docket_private.beads_edge[], text[], uuid[], text[]);
drop function docket_private.apply_bead_pair(uuid, uuid, jsonb, uuid, boolean);
drop function docket_private.apply_bead_status(uuid, text);
drop function docket_private.bead_task_changes(text, jsonb);
drop function docket_private.open_conflicts(docket_private.merge_verdict[]);
drop function docket_private.bead_verdicts(docket_private.bead_state[], docket_private.beads_line[], jsonb);

commit;
