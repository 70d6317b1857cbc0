-- Revert pgdocket:graph/add_dependencies from pg

begin;

drop function docket.add_dependencies(uuid, jsonb, uuid);
drop function docket_private.check_new_dependencies(jsonb);

commit;
