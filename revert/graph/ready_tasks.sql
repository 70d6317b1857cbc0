-- Revert pgdocket:graph/ready_tasks from pg

begin;

drop function docket_private.unready(uuid, uuid[]);
drop function docket_private.make_ready(uuid, uuid[], integer);
drop function docket_private.wake_agents(uuid);
drop function docket_private.has_ready(uuid);
drop table docket.ready_tasks;

commit;
