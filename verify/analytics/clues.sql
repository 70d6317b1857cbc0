-- Verify pgdocket:analytics/clues on pg

begin;

select project_id, task_id, waiting from docket_private.bottlenecks where false;
select project_id, validation_type, revisions, flips, examples
  from docket_private.validation_flips
 where false;
select project_id, agent, tag, good, bad from docket_private.agent_tags where false;
select 'docket_private.tally_bottlenecks()'::regprocedure;
select 'docket_private.tally_validation_flips()'::regprocedure;
select 'docket_private.tally_agent_tags()'::regprocedure;
select 1 / (count(*) = 3)::integer
  from docket.tallies
 where tally in ('bottlenecks', 'validation_flips', 'agent_tags');

rollback;
