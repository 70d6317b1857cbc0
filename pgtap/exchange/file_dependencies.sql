-- References are resolved within their tag, siblings first, and what is kept of them has no cycle.

begin;
select plan(12);

create function pg_temp.edges(tasks text) returns setof text
language sql as $$
    select format('%s->%s', t.local_key, d.local_key)
      from (select docket_private.file_entries(docket_private.file_tags(
                       format('{"tasks": %s}', $1)::json, 'flat', null)) as entries) as f
     cross join docket_private.file_dependencies(f.entries, null) as r
     cross join unnest(r.edges) with ordinality as e
      join unnest(f.entries) as t on t.ordinal = e.ordinal
      join unnest(f.entries) as d on d.ordinal = e.target
     order by e.ordinality;
$$;

create function pg_temp.kinds(tasks text) returns setof text
language sql as $$
    select o.kind
      from docket_private.file_dependencies(
               docket_private.file_entries(docket_private.file_tags(
                   format('{"tasks": %s}', $1)::json, 'flat', null)), null) as r
     cross join unnest(r.oddities) as o;
$$;

select results_eq(
    $$ select pg_temp.edges('[{"id": 1}, {"id": "2", "dependencies": [1]},
                              {"id": 3, "dependencies": ["1", 2, "2"]}]') $$,
    array['2->1', '3->1', '3->2'],
    'numbers and strings name tasks, and an edge is there once');
select results_eq(
    $$ select pg_temp.edges('[{"id": 1}, {"id": 2, "subtasks": [
                                 {"id": 1}, {"id": 2, "dependencies": [1]}]},
                              {"id": 3, "dependencies": ["2.1"]}]') $$,
    array['2.2->2.1', '3->2.1'],
    'a bare number in a subtask is its sibling, one with a dot a subtask anywhere');
select results_eq(
    $$ select pg_temp.edges('[{"id": 5}, {"id": 2, "subtasks": [{"id": 1, "dependencies": [5]}]}]') $$,
    array['2.1->5'], 'where there is no sibling it is a task');
select results_eq(
    $$ select pg_temp.kinds('[{"id": 5}, {"id": 2, "subtasks": [{"id": 1, "dependencies": [5]}]}]') $$,
    array['ambiguous_dependency'], 'which is said');
select results_eq(
    $$ select pg_temp.edges('[{"id": 8, "subtasks": [{"id": 8.1}, {"id": 8.10, "dependencies": [8.1]},
                                 {"id": "8-3", "dependencies": ["8.10", "8-3"]}]}]') $$,
    array['8.10->8.1', '8-3->8.10'],
    'ids are compared as they are spelled');
select results_eq(
    $$ select pg_temp.edges('[{"id": 1}, {"id": 2}, {"id": 3, "dependencies": ["1, 2,"]},
                              {"id": 4, "dependencies": "3"}]') $$,
    array['3->1', '3->2', '4->3'], 'several in one string are several');
select results_eq(
    $$ select pg_temp.kinds('[{"id": 1, "dependencies": [9, 1, null, {}, "2,2"],
                               "subtasks": [{"id": 7, "dependencies": ["1"]}]},
                              {"id": 2, "dependencies": {}}]') $$,
    array['dangling_dependency', 'self_dependency', 'null_dependency', 'unreadable_dependency',
          'joined_dependencies', 'duplicate_dependency', 'ambiguous_dependency',
          'ancestor_dependency', 'dependencies_not_list', 'unreadable_dependency'],
    'what can not be stored is named');
select is_empty(
    $$ select pg_temp.kinds('[{"id": 1, "dependencies": null}, {"id": 2}]') $$,
    'no dependencies are nothing odd');

select is(
    docket_private.cyclic_edges('{2, 3, 3}', '{1, 1, 2}'), '{f, f, f}'::boolean[],
    'a file in order has no cycle');
select is(
    docket_private.cyclic_edges('{1, 2, 3}', '{2, 3, 1}'), '{f, f, t}'::boolean[],
    'of a cycle the edge that closes it is left out');
select is(
    docket_private.cyclic_edges('{1, 1, 2, 3, 4}', '{2, 3, 4, 4, 1}'), '{f, f, f, f, t}'::boolean[],
    'one edge may close two cycles');
select is(
    docket_private.cyclic_edges('{5, 5, 6, 9, 10}', '{6, 1, 5, 10, 9}'),
    '{f, f, t, f, t}'::boolean[],
    'cycles apart from each other are all found');

select * from finish();
rollback;
