-- Revert pgdocket:knowledge/similar_tasks from pg

begin;

drop function docket.similar_tasks(uuid, text[], integer);
drop function docket_private.find_similar_tasks(uuid, text[], integer);

commit;
