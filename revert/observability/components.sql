-- Revert pgdocket:observability/components from pg

begin;

drop function docket.list_components(uuid, text, text, text, integer);
drop function docket.retire_component(uuid, text, uuid);
drop function docket.component_heartbeat(uuid, text, text, text, jsonb);
drop function docket_private.find_component(uuid, text);
drop function docket.register_component(
    uuid, text, text, text, text, integer, text, jsonb, uuid);
drop view docket.system_health;
drop table docket.component_heartbeats;
drop table docket.components;
drop domain docket.component_state;

commit;
