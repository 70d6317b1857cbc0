-- Revert pgdocket:exchange/beads_file from pg

begin;

drop function docket_private.read_beads_file(text, bytea);
drop function docket_private.refuse_beads_line(text, text[]);
drop function docket_private.beads_lines(text[], text);
drop function docket_private.beads_fields(json, text);
drop function docket_private.dependencies_of(json, text);
drop function docket_private.texts_of(json, text);
drop function docket_private.text_of(json, text);
drop function docket_private.hours_of(jsonb);
drop function docket_private.short_title(text, text);
drop function docket_private.known_bead_dependency(text);
drop function docket_private.bead_priority(integer);
drop function docket_private.known_bead_priority(jsonb);
drop function docket_private.bead_status(text);
drop function docket_private.known_bead_status(text);
drop type docket_private.beads_line;

commit;
