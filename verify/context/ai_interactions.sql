-- Verify pgdocket:context/ai_interactions on pg

begin;

select interaction_id, project_id, task_id, attempt_id, session_id, conversation_id, agent_name,
       agent_id, agent_version, interaction_type, operation_name, provider_name, request_model,
       request_parameters, response_model, response_id, finish_reasons, input_tokens,
       output_tokens, cache_read_input_tokens, cache_creation_input_tokens,
       reasoning_output_tokens, time_to_first_chunk_ms, execution_time_ms, tool_calls, success,
       error_type, cost_amount, cost_currency, cost_source, request_data, response_data,
       conventions_version, metadata, created_at, created_by
  from docket.ai_interactions
 where false;

select 1 / count(*)
  from docket.partition_policies
 where table_name = 'ai_interactions';

select 1 / (count(*) = 3)::integer
  from docket.settings
 where setting_key in ('max_interaction_bytes', 'genai_conventions_version', 'currency');

rollback;
