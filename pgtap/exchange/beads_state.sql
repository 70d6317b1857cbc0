-- What beads would offer next, of the file as it would stand now.

begin;
select plan(12);

select docket_test.at('2026-11-22 12:00:00Z');

create function pg_temp.import(variadic lines text[]) returns uuid
language sql as $$
    select (docket.import_beads(
                'p-' || md5(array_to_string($1, '')), 'f',
                convert_to(array_to_string($1, e'\n'), 'UTF8')) ->> 'project_id')::uuid;
$$;

create function pg_temp.ready(project_id uuid) returns text[]
language sql as $$
    select array(
        select n.reference
          from docket.next_by_rule($1, 'beads', page_size => 100) as n
         order by n.place);
$$;

create function pg_temp.issue(
    id text, others jsonb default '{}', variadic dependencies text[] default '{}'
) returns text
language sql as $$
    select (jsonb_build_object(
                'id', $1, 'title', $1, 'status', 'open', 'priority', 2, 'dependencies', (
                select jsonb_agg(jsonb_build_object(
                           'type', split_part(d, ' ', 1), 'depends_on_id', split_part(d, ' ', 2)))
                  from unnest($3) as d)) || $2)::text;
$$;

create temporary table made as
    select pg_temp.import(
        pg_temp.issue('a', '{"created_at": "2026-01-01T00:00:00.000000001Z"}'),
        pg_temp.issue('b', '{"created_at": "2026-01-01T00:00:00.000000002Z"}'),
        pg_temp.issue('c', '{"created_at": "2026-01-01T01:00:00+02:00"}'),
        pg_temp.issue('d', '{"priority": 0, "created_at": "2020-01-01T00:00:00Z"}'),
        pg_temp.issue('e', '{}', 'blocks a'),
        pg_temp.issue('f', '{}', 'parent-child e'),
        pg_temp.issue('g', '{"status": "closed"}', 'blocks a'),
        pg_temp.issue('h', '{"pinned": true}'),
        pg_temp.issue('i', '{"issue_type": "message"}'),
        pg_temp.issue('j', '{"defer_until": "2027-01-01T00:00:00Z"}'),
        pg_temp.issue('k', '{}', 'parent-child j'),
        pg_temp.issue('l', '{"ephemeral": true}')) as project_id;

select is(pg_temp.ready(m.project_id), '{d,b,a,c}',
          'by priority, then the newest to the thousandth of a millionth of a second')
  from made as m;

-- What changed here counts.
select docket.update_task_status(docket.task_id(m.project_id, 'a'), 'completed') from made as m;
select is(pg_temp.ready(m.project_id), '{d,e,f,b,c}', 'what blocked is done, and so are its parts free')
  from made as m;
select docket.add_dependency(
           docket.task_id(m.project_id, 'd'), docket.task_id(m.project_id, 'b')) from made as m;
select is(pg_temp.ready(m.project_id), '{e,f,b,c}', 'a dependency added here blocks')
  from made as m;
select docket.remove_dependency(
           docket.task_id(m.project_id, 'd'), docket.task_id(m.project_id, 'b')) from made as m;
select docket.update_task(docket.task_id(m.project_id, 'c'), '{"priority": 10}') from made as m;
select is((pg_temp.ready(m.project_id))[1:2], '{c,d}', 'a priority set here counts')
  from made as m;
select docket.create_task(m.project_id, 'made here', task_key => 'z', priority => 'low')
  from made as m;
select is((pg_temp.ready(m.project_id))[6], 'z', 'a task made here is offered')
  from made as m;

select is(
    pg_temp.ready(pg_temp.import(
        pg_temp.issue('a', '{}', 'waits-for b'),
        pg_temp.issue('b', '{"status": "closed"}'),
        pg_temp.issue('c', '{"status": "in_progress"}', 'parent-child b'),
        pg_temp.issue('d', '{}', 'related c', 'tracks c'))),
    '{d}', 'waits-for holds while a child is open, other types never');
select is(
    pg_temp.ready(pg_temp.import(
        pg_temp.issue('a', '{}', 'waits-for b'),
        pg_temp.issue('b', '{"status": "closed"}'),
        pg_temp.issue('c', '{"status": "closed"}', 'parent-child b'))),
    '{a}', 'and no longer than that');
select is(
    pg_temp.ready(pg_temp.import(
        pg_temp.issue('a', '{}', 'blocks gone'),
        pg_temp.issue('b', '{}', 'conditional-blocks a'),
        pg_temp.issue('c', '{}', 'blocks p'),
        pg_temp.issue('p', '{"status": "pinned"}'))),
    '{a,c}', 'what is missing or pinned does not block');
select is(
    pg_temp.ready(pg_temp.import(
        pg_temp.issue('a', '{}', 'blocks b'), pg_temp.issue('b', '{}', 'blocks a'))),
    '{}', 'what goes round in the file is never ready');

-- A project that has no file of beads.
select docket_test.project();
select docket.create_task(docket_test.project_id(), 'One', task_key => 'one');
select docket.create_task(
           docket_test.project_id(), 'Two', task_key => 'two',
           depends_on => array[docket_test.id('one')]);
select is(pg_temp.ready(docket_test.project_id()), '{one}',
          'tasks without a file are judged as issues');
select results_eq(
    $$ select n.status, n.priority
         from docket.next_by_rule(docket_test.project_id(), 'beads') as n $$,
    $$ values ('open', '2') $$,
    'and told in the words of beads');
select is_empty(
    $$ select s.issue_id
         from made as m
        cross join lateral docket_private.beads_state(
                  m.project_id, (select i.import_id from docket.imports as i
                                  where i.project_id = m.project_id)) as s
        where s.issue_id in ('b', 'e', 'f', 'h', 'j') and s.ours <> s.base $$,
    'what was not changed here is as it was written');

select * from finish();
rollback;
