-- Revert pgdocket:exchange/import_beads from pg

begin;

drop function docket.import_beads(text, text, bytea, text, boolean, jsonb, uuid);
drop function docket_private.place_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, jsonb);
drop function docket_private.beads_import_before(uuid, text);

commit;
