-- A workflow belongs to one project, has a name of its own there, and a status out of four.

begin;
select plan(8);

select docket_test.project('one');

create function pg_temp.insert_workflow(
    name text, status text default 'active', requirements jsonb default '{}'
) returns void
language sql
as $$
    insert into docket.workflows (workflow_id, project_id, name, status, requirements)
    select docket_private.new_id(docket_test.project_id()), docket_test.project_id(),
           insert_workflow.name, insert_workflow.status, insert_workflow.requirements
$$;

select lives_ok(
    $$ select pg_temp.insert_workflow(s.status, s.status)
         from unnest(array['active', 'paused', 'completed', 'cancelled']) as s (status) $$,
    'it is active, paused, completed or cancelled');
select throws_ok(
    $$ select pg_temp.insert_workflow('x', 'started') $$,
    '23514', null, 'and nothing else');
select throws_ok(
    $$ select pg_temp.insert_workflow('active') $$,
    '23505', null, 'its name is unique in the project');
select throws_ok(
    $$ select pg_temp.insert_workflow('') $$,
    '23514', null, 'and not empty');
select throws_ok(
    $$ select pg_temp.insert_workflow('x', requirements => '[]') $$,
    '23514', null, 'its requirements are an object');
select throws_ok(
    $$ insert into docket.workflows (workflow_id, project_id, name)
       select id, id, 'x' from docket_private.new_id() as id $$,
    '23503', null, 'its project exists');

insert into docket.tasks (project_id, title, workflow_id)
select w.project_id, 'A task', w.workflow_id
  from docket.workflows as w
 where w.project_id = docket_test.project_id()
   and w.name = 'active';
select throws_matching(
    $$ delete from docket.workflows where name = 'active' $$,
    'tasks_workflow_fkey', 'a workflow that has tasks is not removed under them');

select docket_test.project('two');
select lives_ok(
    $$ select pg_temp.insert_workflow('active') $$,
    'another project has its own names');

select * from finish();
rollback;
