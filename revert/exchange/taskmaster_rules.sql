-- Revert pgdocket:exchange/taskmaster_rules from pg

begin;

drop function docket_private.next_by_taskmaster(uuid, text, text);
drop function docket_private.is_hidden_from_taskmaster(uuid, text);
drop function docket_private.refuse_taskmaster_entry(docket_private.rule_entry);
drop function docket_private.taskmaster_entries(uuid, text, text);
drop function docket_private.taskmaster_references(json, text);
drop function docket_private.script_text(json);
drop function docket_private.taskmaster_name(text, text, boolean, boolean);
drop function docket_private.leading_number(text);
drop function docket_private.script_number(text);
drop function docket_private.taskmaster_status(text);
drop type docket_private.rule_entry;

commit;
