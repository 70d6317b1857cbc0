-- topological_order() lists each task after everything that it waits for, by pages.

begin;
select plan(5);

select docket_test.graph('chain');
select docket.create_task(docket_test.project_id(), 'Alone', task_key => 'z');
select docket.add_dependency(docket_test.id('a'), docket_test.id('z'));
select docket.create_task(docket_test.project_id(), 'Free', task_key => 'y');

create function pg_temp.page(after text, page_size integer) returns text
language sql
as $$
    select string_agg(t.task_key, ' ' order by t.place)
      from (select o.task_key, row_number() over () as place
              from docket.topological_order(
                       docket_test.project_id(), null,
                       case when page.after <> '' then docket_test.id(page.after) end,
                       page.page_size) as o) as t;
$$;

select is(pg_temp.page('', 10), 'y z a b c d', 'each task comes after what it waits for');
select is(pg_temp.page('', 2), 'y z', 'a page has its size');
select is(pg_temp.page('z', 3), 'a b c', 'the next begins after its last task');
update docket.tasks set status = 'completed' where task_id = docket_test.id('a');
update docket.tasks set archived_at = docket.clock() where task_id = docket_test.id('b');
select is(pg_temp.page('', 10), 'y z a c d', 'completed tasks are there, archived ones are not');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
update docket.tasks
   set workflow_id = (select f.workflow_id from flows as f)
 where task_id in (docket_test.id('d'), docket_test.id('a'));
select is(
    (select array_agg(o.task_key)
       from flows as f
      cross join docket.topological_order(docket_test.project_id(), f.workflow_id) as o),
    array['a', 'd'], 'a workflow has the order of the whole');

select * from finish();
rollback;
