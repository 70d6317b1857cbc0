-- Verify pgdocket:knowledge/search_insights on pg

begin;

select project_id, pattern, searches, without_results, results, last_results, first_searched_at,
       last_searched_at
  from docket.search_patterns
 where false;

select 1 / (count(*) = 3)::integer
  from docket.settings
 where setting_key in ('record_searches', 'max_search_patterns', 'search_pattern_days');

select 1 / (docket_private.search_pattern('Any') = 'any')::integer;
select 'docket_private.forget_searches(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_search(uuid, text, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_reader', 'docket.search_insights(uuid, boolean, integer)', 'execute')::integer;

rollback;
