-- Revert pgdocket:graph/add_dependency from pg

begin;

drop function docket.add_dependency(uuid, uuid, text, numeric, text, uuid);
drop function docket_private.refuse_satisfaction(text);
drop function docket_private.refuse_dependency_on_itself(uuid, uuid, docket.dependency_type);
drop function docket_private.project_of_task(uuid);

commit;
