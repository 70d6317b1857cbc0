-- Verify pgdocket:graph/readiness on pg

begin;

-- Without one of these the ready tasks would not be the ready tasks.
select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_trigger as g
 where g.tgrelid = 'docket.tasks'::regclass
   and g.tgname in ('tasks_follow_insert', 'tasks_follow_update', 'tasks_follow_delete')
   and g.tgenabled in ('O', 'A');

rollback;
