-- Revert pgdocket:queue/heartbeat from pg

begin;

drop function docket.heartbeat(uuid, integer);
drop function docket.heartbeats(uuid[], integer);

commit;
