-- Verify pgdocket:exchange/beads_file on pg

begin;

select 'docket_private.known_bead_status(text)'::regprocedure;
select 'docket_private.bead_status(text)'::regprocedure;
select 'docket_private.known_bead_priority(jsonb)'::regprocedure;
select 'docket_private.bead_priority(integer)'::regprocedure;
select 'docket_private.known_bead_dependency(text)'::regprocedure;
select 'docket_private.short_title(text, text)'::regprocedure;
select 'docket_private.hours_of(jsonb)'::regprocedure;
select 'docket_private.text_of(json, text)'::regprocedure;
select 'docket_private.texts_of(json, text)'::regprocedure;
select 'docket_private.dependencies_of(json, text)'::regprocedure;
select 'docket_private.beads_fields(json, text)'::regprocedure;
select 'docket_private.beads_lines(text[], text)'::regprocedure;
select 'docket_private.refuse_beads_line(text, text[])'::regprocedure;
select 'docket_private.read_beads_file(text, bytea)'::regprocedure;

rollback;
