-- Verify pgdocket:observability/component_communications on pg

begin;

select communication_id, project_id, from_component, to_component, message_type, payload, status,
       latency_ms, error, correlation_id, created_at, created_by
  from docket.component_communications
 where false;

select 1 / count(*)
  from docket.partition_policies
 where table_name = 'component_communications';

select 'docket.record_communication(
    uuid, text, text, text, jsonb, text, bigint, text, text, uuid)'::regprocedure;
select 'docket.list_communications(
    uuid, text, text, text, timestamptz, timestamptz, uuid, integer)'::regprocedure;

rollback;
