-- Revert pgdocket:graph/links from pg

begin;

drop trigger task_dependencies_follow_truncate on docket.task_dependencies;
drop trigger task_dependencies_follow_update on docket.task_dependencies;
drop trigger task_dependencies_follow_delete on docket.task_dependencies;
drop trigger task_dependencies_follow_insert on docket.task_dependencies;
drop function docket_private.follow_truncated_dependencies();
drop function docket_private.follow_changed_dependencies();
drop function docket_private.follow_removed_dependencies();
drop function docket_private.recount(uuid, uuid[]);
drop function docket_private.follow_new_dependencies();
drop function docket_private.lock_ends(uuid, uuid[]);
drop function docket_private.link_many(uuid, uuid[], uuid[], text[]);
drop function docket_private.order_new(uuid, uuid[], uuid[]);
drop function docket_private.add_nodes(uuid, uuid[], uuid[], uuid[]);
drop function docket_private.link_one(uuid, uuid, uuid, text);

commit;
