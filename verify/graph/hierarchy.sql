-- Verify pgdocket:graph/hierarchy on pg

begin;

select 1 / (count(*) = 2)::integer
  from pg_catalog.pg_trigger as g
 where g.tgrelid = 'docket.tasks'::regclass
   and g.tgname in ('tasks_check_parent', 'tasks_check_new_parents');

rollback;
