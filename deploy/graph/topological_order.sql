-- Deploy pgdocket:graph/topological_order to pg
-- requires: graph/blockers

begin;
set local role docket_owner;

-- The ranks are kept with every dependency, so the order is there to be read.
create function docket.topological_order(
    project_id  uuid,
    workflow_id uuid    default null,
    after       uuid    default null,
    page_size   integer default 1000
) returns setof docket.tasks
language sql
stable
begin atomic
    select t.*
      from docket.tasks as t
      left join docket_private.task_nodes as n
        on n.project_id = t.project_id
       and n.task_id = t.task_id
     where t.project_id = topological_order.project_id
       and (topological_order.workflow_id is null or t.workflow_id = topological_order.workflow_id)
       and t.archived_at is null
       and (topological_order.after is null
            or (coalesce(n.rank, -9223372036854775808), t.task_id)
               > (coalesce((
                      select a.rank
                        from docket_private.task_nodes as a
                       where a.project_id = topological_order.project_id
                         and a.task_id = topological_order.after), -9223372036854775808),
                  topological_order.after))
     order by coalesce(n.rank, -9223372036854775808), t.task_id
     limit least(greatest(topological_order.page_size, 1), 1000);
end;

comment on function docket.topological_order(uuid, uuid, uuid, integer) is
'The tasks of a project in an order in which they can be done one after the other: each comes after
everything that it waits for.

`project_id` is the project, `workflow_id` narrows it to one workflow, `after` is the id of the
last task of the previous page, `page_size` in rows (1 to 1000). Completed tasks are there,
archived ones are not. Returns tasks. Raises nothing.';

revoke all on function docket.topological_order(uuid, uuid, uuid, integer) from public;
grant execute on function docket.topological_order(uuid, uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
