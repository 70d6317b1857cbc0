-- Verify pgdocket:graph/weigh_tasks on pg

begin;

select 'docket_private.reorder_ready(uuid)'::regprocedure;
select 'docket_private.weigh_tasks(uuid)'::regprocedure;
select 'docket_private.follow_claim_order()'::regprocedure;
select 'docket_private.follow_default_claim_order()'::regprocedure;
select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_trigger as t
 where t.tgname in (
           'projects_claim_order_insert', 'projects_claim_order_update', 'settings_claim_order');

rollback;
