-- Verify pgdocket:knowledge/embeddings on pg

begin;

select project_id, model, dimensions, created_at, created_by
  from docket.embedding_models
 where false;
select row_id, project_id, kind, context_type, chunk, model, embedding, task_id, knowledge_id,
       said_at, created_at, created_by
  from docket.embeddings
 where false;

select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_trigger
 where tgname in ('tasks_embeddings', 'task_contexts_embeddings', 'knowledge_base_embeddings');

select 'docket_private.check_embeddings(jsonb)'::regprocedure;
select 'docket_private.find_embeddings(uuid, text[], text, double precision[], integer)'::regprocedure;
select 'docket_private.sweep_embeddings(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_embeddings(uuid, text, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.put_embedding(uuid, text, uuid, text, double precision[], text, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_reader', 'docket.missing_embeddings(uuid, text, text[], integer)', 'execute')::integer;

rollback;
