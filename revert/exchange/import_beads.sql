-- Revert pgdocket:exchange/import_beads from pg

begin;

drop function docket.import_beads(text, text, bytea, text, boolean, uuid);

commit;
