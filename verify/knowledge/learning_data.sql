-- Verify pgdocket:knowledge/learning_data on pg

begin;

select learning_id, project_id, pattern_key, pattern_type, pattern, tags, details, weight_for,
       weight_against, counted_at, confidence, archived_at, metadata, version, created_at,
       updated_at, created_by, updated_by
  from docket.learning_data
 where false;
select evidence_id, project_id, learning_id, confirmed, weight, task_id, interaction_id, note,
       created_at, created_by
  from docket.learning_evidence
 where false;
select learning_id, project_id, language, search_vector
  from docket_private.learning_search
 where false;
select 'docket_private.decay(timestamptz, timestamptz, numeric)'::regprocedure;
select 'docket_private.half_life(uuid)'::regprocedure;
select 'docket.record_learning(
    uuid, text, boolean, text, text, text[], jsonb, numeric, uuid, uuid, text, uuid)'::regprocedure;
select 'docket.learned(uuid, text, text, text[], numeric, integer)'::regprocedure;
select 'docket.list_evidence(uuid, uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_learning( uuid, text, boolean, text, text, text[], jsonb, numeric, uuid, uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.decay(timestamptz, timestamptz, numeric)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.half_life(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.learned(uuid, text, text, text[], numeric, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_evidence(uuid, uuid, integer)', 'execute')::integer;

rollback;
