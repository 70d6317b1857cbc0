-- Named graphs. An edge (task, depends_on) reads "task waits for depends_on".

create or replace function docket_test.edges(graph_name text)
returns table (task text, depends_on text)
language sql
immutable
as $$
    select e.task, e.depends_on
      from (values ('chain',   'b', 'a'), ('chain',   'c', 'b'), ('chain',   'd', 'c'),
                   ('diamond', 'b', 'a'), ('diamond', 'c', 'a'),
                   ('diamond', 'd', 'b'), ('diamond', 'd', 'c'),
                   ('fan_in',  'd', 'a'), ('fan_in',  'd', 'b'), ('fan_in',  'd', 'c'),
                   ('fan_out', 'b', 'a'), ('fan_out', 'c', 'a'), ('fan_out', 'd', 'a'))
           as e (graph_name, task, depends_on)
     where e.graph_name = edges.graph_name
     union all
    -- Two, three and two tasks: each waits for the whole layer above it.
    select lower_task, upper_task
      from (values (array['a1', 'a2'],       array['b1', 'b2', 'b3']),
                   (array['b1', 'b2', 'b3'], array['c1', 'c2']))
           as layer (upper_tasks, lower_tasks)
     cross join unnest(layer.upper_tasks) as upper_task
     cross join unnest(layer.lower_tasks) as lower_task
     where edges.graph_name = 'layered';
$$;

comment on function docket_test.edges(text) is
'The edges of a named graph, by task key.

chain: d waits for c, c for b, b for a.     diamond: d waits for b and c, both wait for a.
fan_in: d waits for a, b and c.             fan_out: b, c and d wait for a.
layered: a1 a2, then b1 b2 b3, then c1 c2, each waiting for the whole layer before.';

create or replace function docket_test.graph(name text) returns uuid
language plpgsql
as $$
declare
    v_project_id uuid := docket_test.project_id();
    v_row        record;
begin
    if not exists (select from docket_test.edges(graph.name)) then
        raise exception 'there is no graph named %', graph.name;
    end if;

    if v_project_id is null then
        v_project_id := docket_test.project(replace(graph.name, '_', '-'));
    end if;

    for v_row in
        select distinct k.key
          from docket_test.edges(graph.name) as e
         cross join unnest(array[e.task, e.depends_on]) as k (key)
         order by k.key
    loop
        perform docket.create_task(
            project_id => v_project_id, title => 'Task ' || v_row.key, task_key => v_row.key);
    end loop;

    perform docket.add_dependency(
                task_id => docket_test.id(e.task), depends_on_id => docket_test.id(e.depends_on))
       from docket_test.edges(graph.name) as e
      order by e.task, e.depends_on;

    return v_project_id;
end;
$$;

comment on function docket_test.graph(text) is
    'Makes the tasks and dependencies of a named graph, in the fixture''s project or, before there is one, in a project of its own. Returns the project''s id.';
