-- Verify pgdocket:observability/components on pg

begin;

select component_id, project_id, name, kind, component_version, owner, description,
       heartbeat_seconds, retired_at, metadata, version, created_at, updated_at, created_by,
       updated_by
  from docket.components
 where false;

select component_id, project_id, heartbeat_at, state, reason
  from docket.component_heartbeats
 where false;

select * from docket.system_health where false;
select 'docket.register_component(
    uuid, text, text, text, text, integer, text, jsonb, uuid)'::regprocedure;
select 'docket_private.find_component(uuid, text)'::regprocedure;
select 'docket.component_heartbeat(uuid, text, text, text, jsonb)'::regprocedure;
select 'docket.retire_component(uuid, text, uuid)'::regprocedure;
select 'docket.list_components(uuid, text, text, text, integer)'::regprocedure;

rollback;
