-- Revert pgdocket:exchange/export_beads from pg

begin;

drop function docket.export_beads(uuid, text);
drop function docket_private.write_beads(uuid, uuid);
drop function docket_private.bead_line(docket_private.bead_state, docket.tasks, text, text, text, text);
drop function docket_private.bead_changes(docket_private.bead_state, docket.tasks, text, text, text, text);
drop function docket_private.bead_dependencies(json, text, jsonb, jsonb, text, text, text, text, text, text);
drop function docket_private.bead_string(text, text);
drop function docket_private.bead_escapes(text);

commit;
