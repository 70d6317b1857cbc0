-- Revert pgdocket:graph/readiness from pg

begin;

drop trigger tasks_follow_delete on docket.tasks;
drop trigger tasks_follow_insert on docket.tasks;
drop trigger tasks_follow_update on docket.tasks;
drop function docket_private.follow_deleted_tasks();
drop function docket_private.follow_new_tasks();
drop function docket_private.follow_changed_tasks();
drop function docket_private.settle_tasks(
    uuid, uuid[], uuid[], uuid[], uuid[], integer[], integer[], integer);

commit;
