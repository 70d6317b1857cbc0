-- Revert pgdocket:graph/hierarchy from pg

begin;

drop trigger tasks_check_new_parents on docket.tasks;
drop trigger tasks_check_parent on docket.tasks;
drop function docket_private.check_new_parents();
drop function docket_private.check_parent();
drop function docket_private.refuse_looped_parent(uuid, uuid, uuid[]);
drop function docket_private.refuse_kin(uuid, uuid[], uuid[]);
drop function docket_private.ancestors_of(uuid, uuid);
drop function docket_private.raise_kin(uuid, uuid, uuid, text);

commit;
