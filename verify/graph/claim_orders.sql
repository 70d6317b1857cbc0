-- Verify pgdocket:graph/claim_orders on pg

begin;

select project_id, claim_order, weighed_version, weighed_edges, weighed_at
  from docket_private.claim_orders
 where false;
select project_id, task_id, weight
  from docket_private.task_weights
 where false;
select 'docket_private.urgency(text, smallint, bigint)'::regprocedure;

rollback;
