-- Verify pgdocket:graph/links on pg

begin;

-- Without one of these the graph would not notice.
select 1 / (count(*) = 4)::integer
  from pg_catalog.pg_trigger as g
 where g.tgrelid = 'docket.task_dependencies'::regclass
   and g.tgname in ('task_dependencies_follow_insert', 'task_dependencies_follow_update',
                    'task_dependencies_follow_delete', 'task_dependencies_follow_truncate')
   and g.tgenabled in ('O', 'A');

rollback;
