-- Revert pgdocket:exchange/store_beads_file from pg

begin;

drop function docket_private.store_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, text);
drop function docket_private.keep_beads_lines(uuid, uuid, docket_private.beads_line[], uuid[], text);
drop function docket_private.add_beads(uuid, docket_private.beads_line[], docket_private.beads_edge[], integer[], uuid[], text);
drop function docket_private.bead_others(json, text);
drop function docket_private.store_beads_notes(docket_private.beads_line[], uuid[], text);
drop function docket_private.beads_keys(uuid, text[]);
drop function docket_private.beads_report(docket_private.beads_line[], docket_private.beads_edge[], docket_private.oddity[]);
drop function docket_private.beads_oddities(bytea, docket_private.beads_line[], docket_private.beads_edge[], text);
drop function docket_private.beads_edges(docket_private.beads_line[]);
drop type docket_private.beads_edge;

commit;
