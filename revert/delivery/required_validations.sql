-- Revert pgdocket:delivery/required_validations from pg

begin;

drop function docket.list_required_validations(uuid, boolean, text, integer);
drop function docket.waive_validation(uuid, text, text, uuid);
drop function docket.require_validation(uuid, text, uuid);
drop function docket.require_validations(uuid[], text[], uuid);
drop trigger tasks_unmet_gates on docket.tasks;
drop function docket_private.refuse_unmet_gates();
drop function docket_private.count_gates(uuid, uuid[]);
drop function docket_private.lock_gated(uuid[]);
drop table docket.required_validations;

commit;
