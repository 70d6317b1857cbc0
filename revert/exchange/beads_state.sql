-- Revert pgdocket:exchange/beads_state from pg

begin;

drop function docket_private.next_by_beads(uuid, uuid);
drop function docket_private.beads_state(uuid, uuid);
drop function docket_private.beads_pairs(uuid, docket_private.beads_line[], text[], uuid[], jsonb);
drop function docket_private.beads_ours(docket.tasks, text, jsonb, jsonb);
drop function docket_private.bead_time(timestamptz);
drop type docket_private.bead_state;

commit;
