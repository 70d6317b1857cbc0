-- Verify pgdocket:exchange/beads_state on pg

begin;

select 'docket_private.bead_time(timestamptz)'::regprocedure;
select 'docket_private.beads_ours(docket.tasks, text, jsonb, jsonb)'::regprocedure;
select 'docket_private.beads_pairs(uuid, docket_private.beads_line[], text[], uuid[], jsonb)'::regprocedure;
select 'docket_private.beads_state(uuid, uuid)'::regprocedure;
select 'docket_private.next_by_beads(uuid, uuid)'::regprocedure;

rollback;
