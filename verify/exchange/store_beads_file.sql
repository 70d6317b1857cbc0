-- Verify pgdocket:exchange/store_beads_file on pg

begin;

select 'docket_private.beads_edges(docket_private.beads_line[])'::regprocedure;
select 'docket_private.beads_oddities(bytea, docket_private.beads_line[], docket_private.beads_edge[], text)'::regprocedure;
select 'docket_private.beads_report(docket_private.beads_line[], docket_private.beads_edge[], docket_private.oddity[])'::regprocedure;
select 'docket_private.beads_keys(uuid, text[])'::regprocedure;
select 'docket_private.store_beads_notes(docket_private.beads_line[], uuid[], text)'::regprocedure;
select 'docket_private.bead_others(json, text)'::regprocedure;
select 'docket_private.add_beads(uuid, docket_private.beads_line[], docket_private.beads_edge[], integer[], uuid[], text)'::regprocedure;
select 'docket_private.keep_beads_lines(uuid, uuid, docket_private.beads_line[], uuid[], text)'::regprocedure;
select 'docket_private.store_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, text)'::regprocedure;

rollback;
