-- Verify pgdocket:context/interaction_search on pg

begin;

select interaction_id, project_id, created_at, language, search_vector
  from docket.interaction_search
 where false;

select 1 / count(*)
  from docket.partition_policies
 where table_name = 'interaction_search';

select 1 / (count(*) = 2)::integer
  from pg_catalog.pg_trigger
 where tgrelid = 'docket.ai_interactions'::regclass
   and tgname in ('ai_interactions_search_insert', 'ai_interactions_search_delete');

select 'docket_private.find_interactions(uuid, text)'::regprocedure;
select 'docket_private.interaction_texts(docket.ai_interactions)'::regprocedure;
select 'docket.search_interactions(uuid, text, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_reader', 'docket.search_interactions(uuid, text, text, integer)', 'execute')::integer;

rollback;
