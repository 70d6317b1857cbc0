-- Verify pgdocket:queue/claim_across_projects on pg

begin;

select agent, project_id, taken_at
  from docket_private.claim_turns
 where false;
select 'docket.claim_across_projects(text, uuid[], integer, integer, text[], text[], uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.claim_across_projects(text, uuid[], integer, integer, text[], text[], uuid)', 'execute')::integer;

rollback;
