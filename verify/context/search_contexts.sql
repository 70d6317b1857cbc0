-- Verify pgdocket:context/search_contexts on pg

begin;

select task_id, project_id, context_type, version, language, search_vector, paths
  from docket_private.context_search
 where false;

select 'docket_private.texts_of(jsonb)'::regprocedure;
select 'docket_private.words_of(regconfig, text)'::regprocedure;
select 'docket_private.paths_of(jsonb)'::regprocedure;
select 'docket_private.index_context(docket.task_contexts)'::regprocedure;
select 'docket_private.find_contexts(uuid, text, text[])'::regprocedure;
select 'docket_private.headline(uuid, text, text)'::regprocedure;
select 'docket.search_contexts(uuid, text, text[], text, integer)'::regprocedure;
select 'docket_private.path_and_above(text)'::regprocedure;
select 'docket_private.tasks_naming(uuid, text[])'::regprocedure;
select 'docket.tasks_touching(uuid, text, uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.texts_of(jsonb)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.find_contexts(uuid, text, text[])', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.headline(uuid, text, text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.search_contexts(uuid, text, text[], text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.path_and_above(text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.tasks_naming(uuid, text[])', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.tasks_touching(uuid, text, uuid, integer)', 'execute')::integer;

rollback;
