-- The graph for pictures: nodes and edges in rows, and in one document.

begin;
select plan(12);

select docket_test.graph('diamond');
select docket.add_dependency(docket_test.id('b'), docket_test.id('c'), 'related', 0.5);
create role tap_draw_member;
create role tap_draw_stranger;
grant docket_reader to tap_draw_member, tap_draw_stranger;
select docket_test.member('tap_draw_member', 'reader');

select set_eq(
    $$ select g.element, g.task_key, g.depends_on_key, g.dependency_type::text
         from docket.task_dependency_graph as g
        where g.project_id = docket_test.project_id() $$,
    $$ values ('node', 'a', null, null), ('node', 'b', null, null), ('node', 'c', null, null),
              ('node', 'd', null, null), ('edge', 'b', 'a', 'blocks'), ('edge', 'c', 'a', 'blocks'),
              ('edge', 'd', 'b', 'blocks'), ('edge', 'd', 'c', 'blocks'),
              ('edge', 'b', 'c', 'related') $$,
    'the view has a row for each node and each edge');

create temporary table drawn as
select docket.graph(docket_test.project_id()) as graph;
select is(
    (select array_agg(n.node ->> 'task_key')
       from drawn as d cross join jsonb_array_elements(d.graph -> 'nodes') as n (node)),
    array['a', 'b', 'c', 'd'], 'the document has the nodes in an order that works');
select is(
    (select jsonb_array_length(d.graph -> 'edges') from drawn as d), 5, 'and all edges');
select is(
    (select n.node - 'task_id'
       from drawn as d cross join jsonb_array_elements(d.graph -> 'nodes') as n (node)
      where n.node ->> 'task_key' = 'd'),
    '{"task_key": "d", "title": "Task d", "status": "pending", "priority": 5, "parent_task_id": null,
      "workflow_id": null, "assigned_to": null, "unmet": 2, "is_ready": false}'::jsonb,
    'a node has what a picture shows');
select is(
    (select e.edge
       from drawn as d cross join jsonb_array_elements(d.graph -> 'edges') as e (edge)
      where e.edge ->> 'dependency_type' = 'related'),
    jsonb_build_object('task_id', docket_test.id('b'), 'depends_on_id', docket_test.id('c'),
                       'dependency_type', 'related', 'satisfied_by', 'completed', 'strength', 0.5),
    'so has an edge');

select is(
    (select concat_ws(' ', jsonb_array_length(g -> 'nodes'), jsonb_array_length(g -> 'edges'),
                      g ->> 'left_out', g #>> '{nodes,2,task_key}')
       from docket.graph(docket_test.project_id(), max_tasks => 3) as g),
    '3 3 1 c', 'no more than asked for, the first ones, with the edges between them');
update docket.tasks set status = 'completed' where task_id = docket_test.id('a');
select is(
    (select jsonb_array_length(g -> 'nodes') || ' ' || jsonb_array_length(g -> 'edges')
       from docket.graph(docket_test.project_id(), include_completed => false) as g),
    '3 3', 'what is completed can be left out, with its edges');
update docket.tasks set archived_at = docket.clock() where task_id = docket_test.id('d');
select is(
    (select jsonb_array_length(g -> 'nodes') || ' ' || jsonb_array_length(g -> 'edges')
       from docket.graph(docket_test.project_id()) as g),
    '3 3', 'what was put away always is');
select is(
    (select count(*) from docket.task_dependency_graph as g
      where g.project_id = docket_test.project_id()),
    6::bigint, 'in the view, too');
select is(
    docket.graph('00000000-0000-7000-8000-000000000000'),
    '{"nodes": [], "edges": [], "left_out": 0}'::jsonb, 'a project that there is not has an empty graph');

set local role tap_draw_member;
select is((select count(*) from docket.task_dependency_graph), 6::bigint, 'a member sees it');
set local role tap_draw_stranger;
select is((select count(*) from docket.task_dependency_graph), 0::bigint, 'a stranger does not');
reset role;

select * from finish();
rollback;
