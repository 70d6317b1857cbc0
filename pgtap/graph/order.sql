-- The order of the graph agrees with every dependency; where none can, the cycle is told.

begin;
select plan(19);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), (
           select jsonb_agg(jsonb_build_object('task_key', 't' || i, 'title', 'T' || i) order by i)
             from generate_series(1, 80) as i));

create function pg_temp.depend(task text, depends_on text) returns void
language sql
as $$
    select docket.add_dependency(docket_test.id(depend.task), docket_test.id(depend.depends_on));
$$;

create function pg_temp.ordered() returns text[]
language sql
as $$
    select array_agg(docket_test.key(n.task_id) order by n.rank, n.task_id)
      from docket_private.task_nodes as n
     where n.project_id = docket_test.project_id();
$$;

create function pg_temp.is_sound() returns boolean
language sql
as $$
    select not exists (select from docket.graph_health(docket_test.project_id()));
$$;

-- One at a time.
select pg_temp.depend('t2', 't1');
select is(pg_temp.ordered(), array['t1', 't2'], 'a new pair is in order');
select pg_temp.depend('t1', 't3');
select is(pg_temp.ordered(), array['t3', 't1', 't2'], 'a new blocker goes below its task');
select pg_temp.depend('t4', 't2');
select is(pg_temp.ordered(), array['t3', 't1', 't2', 't4'], 'a new dependent goes on top');
select pg_temp.depend('t6', 't5');
select pg_temp.depend('t2', 't6');
select is(
    (select array_agg(o.key)
       from unnest(pg_temp.ordered()) as o (key)
      where o.key in ('t2', 't4', 't5', 't6')),
    array['t5', 't6', 't2', 't4'],
    'what has to come before moves, and takes along what it waits for');
select ok(pg_temp.is_sound(), 'the order agrees with everything');

select throws_ok(
    $$ select pg_temp.depend('t3', 't2') $$,
    'PDCYC', 'dependency cycle: t3 -> t2 -> t1 -> t3', 'a cycle is told from its new edge on');
select throws_ok(
    $$ select docket.add_dependency(docket_test.id('t1'), docket_test.id('t2')) $$,
    'PDCYC', 'dependency cycle: t1 -> t2 -> t1', 'by its shortest way');

-- All that the error carries.
create function pg_temp.refusal(statement text) returns jsonb
language plpgsql
as $$
declare
    v_schema     text;
    v_table      text;
    v_constraint text;
    v_detail     text;
    v_hint       text;
    v_message    text;
begin
    execute refusal.statement;
    return null;
exception
    when sqlstate 'PDCYC' then
        get stacked diagnostics v_schema = schema_name, v_table = table_name,
                                v_constraint = constraint_name, v_detail = pg_exception_detail,
                                v_hint = pg_exception_hint, v_message = message_text;
        return jsonb_build_object(
            'where', v_schema || '.' || v_table || '.' || v_constraint,
            'message', v_message, 'hint', v_hint) || v_detail::jsonb;
end;
$$;

create temporary table told as
select pg_temp.refusal($$ select pg_temp.depend('t3', 't2') $$) as error;
select is(
    (select error ->> 'where' from told), 'docket.task_dependencies.task_dependencies_acyclic',
    'the error names schema, table and constraint');
select is(
    (select error -> 'path' from told),
    to_jsonb(array[docket_test.id('t3'), docket_test.id('t2'), docket_test.id('t1')]),
    'the path, by id');
select is(
    (select error -> 'edge' from told),
    jsonb_build_object('task', docket_test.id('t3'), 'depends_on', docket_test.id('t2')),
    'the edge that would close it');
select is((select error ->> 'length' from told), '3', 'and how long it is');
select matches(
    (select error ->> 'hint' from told), 'reads "a depends on b"', 'the hint says how to read it');

-- A long one.
select docket.add_dependencies(docket_test.project_id(), (
    select jsonb_agg(jsonb_build_object(
               'task_id', docket_test.id('t' || i), 'depends_on_id', docket_test.id('t' || i + 1)))
      from generate_series(11, 79) as i));
select ok(pg_temp.is_sound(), 'seventy edges against the order are ordered together');
select is(
    pg_temp.refusal($$ select pg_temp.depend('t80', 't11') $$) ->> 'message',
    'dependency cycle: t80 -> t11 -> t12 -> t13 -> t14 -> t15 -> t16 -> t17 -> t18 -> t19'
    ' -> ... (50 more) ... -> t70 -> t71 -> t72 -> t73 -> t74 -> t75 -> t76 -> t77 -> t78 -> t79'
    ' -> t80',
    'of a long cycle both ends are told');

-- Many at once, with a cycle among them.
select is(
    pg_temp.refusal($$
        insert into docket.task_dependencies (task_id, project_id, depends_on_id)
        select docket_test.id('t' || a), docket_test.project_id(), docket_test.id('t' || b)
          from (select i as a, i - 1 as b from generate_series(12, 80) as i) as e $$) ->> 'length',
    '2', 'a batch that closes cycles is refused with a shortest one');
select is(
    pg_temp.refusal($$
        insert into docket.task_dependencies (task_id, project_id, depends_on_id)
        values (docket_test.id('t7'), docket_test.project_id(), docket_test.id('t8')),
               (docket_test.id('t8'), docket_test.project_id(), docket_test.id('t9')),
               (docket_test.id('t9'), docket_test.project_id(), docket_test.id('t7')) $$)
        ->> 'length',
    '3', 'a cycle of new edges alone is found');
select ok(pg_temp.is_sound(), 'nothing of what was refused is left');

-- No room.
update docket_private.task_nodes as n
   set rank = o.place
  from (select m.task_id, row_number() over (order by m.rank, m.task_id) as place
          from docket_private.task_nodes as m
         where m.project_id = docket_test.project_id()) as o
 where n.project_id = docket_test.project_id()
   and n.task_id = o.task_id;
select pg_temp.depend('t80', 't5');
select pg_temp.depend('t80', 't4');
select pg_temp.depend('t79', 't10');
select ok(pg_temp.is_sound(), 'where there is no room between two ranks, room is made');
select throws_ok(
    $$ select pg_temp.depend('t5', 't11') $$,
    'PDCYC', null, 'and the order is still the same');

select * from finish();
rollback;
