-- add_dependencies() adds many or none, and answers in the order of the question.

begin;
select plan(23);

select docket_test.project('other');
select docket.create_task(docket_test.project_id(), 'Far', task_key => 'far');
create temporary table far as select docket_test.id('far') as task_id;
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "c", "title": "C"}, {"task_key": "d", "title": "D"}]');

-- Pairs of keys, "b>a c>b", as the function takes them.
create function pg_temp.pairs(pairs text, fields jsonb default '{}') returns jsonb
language sql
as $$
    select jsonb_agg(
               jsonb_build_object(
                   'task_id', docket_test.id(split_part(p.pair, '>', 1)),
                   'depends_on_id', docket_test.id(split_part(p.pair, '>', 2))) || pairs.fields
               order by p.place)
      from string_to_table(pairs.pairs, ' ') with ordinality as p (pair, place);
$$;

create function pg_temp.added(dependencies jsonb) returns text
language sql
as $$
    select string_agg(docket_test.key(d.task_id) || '>' || docket_test.key(d.depends_on_id), ' ')
      from docket.add_dependencies(docket_test.project_id(), added.dependencies) as d;
$$;

select is(
    pg_temp.added(pg_temp.pairs('d>c b>a d>b c>a')), 'd>c b>a d>b c>a',
    'what was added comes back in its order');
select is(
    pg_temp.added(pg_temp.pairs('c>a d>a c>a')), 'c>a d>a',
    'what was there, or is said twice, comes once');
select is(
    (select count(*) from docket.task_dependencies where project_id = docket_test.project_id()),
    5::bigint, 'and is there once');
select results_eq(
    $$ select d.strength, d.dependency_type::text, d.metadata
         from docket.add_dependencies(
                  docket_test.project_id(),
                  pg_temp.pairs('d>a', '{"strength": 0.75, "metadata": {"from": "x"}}')) as d $$,
    $$ values (0.75, 'blocks', '{}'::jsonb) $$,
    'what was there takes a new strength, and nothing else');
select results_eq(
    $$ select d.strength, d.dependency_type::text, d.metadata
         from docket.add_dependencies(
                  docket_test.project_id(),
                  pg_temp.pairs('a>d', '{"dependency_type": "related", "strength": null,
                                         "metadata": {"from": "x"}}')) as d $$,
    $$ values (null::numeric, 'related', '{"from": "x"}'::jsonb) $$,
    'other types go along, with all they have');
select is(pg_temp.added('[]'), null, 'nothing adds nothing');

select throws_ok(
    $$ select pg_temp.added(pg_temp.pairs('b>c a>b')) $$,
    'PDCYC', null, 'one cycle refuses all');
select is(
    (select count(*)
       from docket.task_dependencies
      where project_id = docket_test.project_id() and dependency_type = 'blocks'),
    5::bigint, 'and nothing of it is left');
select throws_ok(
    $$ select pg_temp.added(pg_temp.pairs('b>c a>a')) $$,
    'PDCYC', 'dependency cycle: a -> a', 'so does one on itself');
select throws_ok(
    $$ select docket.add_dependencies(docket_test.project_id(), jsonb_build_array(
           jsonb_build_object('task_id', docket_test.id('a'), 'depends_on_id', f.task_id)))
         from far as f $$,
    'PD404', format('task %s does not exist', f.task_id), 'a task of another project is none')
  from far as f;

select throws_ok(
    format('select pg_temp.added(%L)', w.dependencies), 'PD422', w.message, w.message)
  from (values ('{}', 'dependencies is not a JSON array'),
               ('[1]', 'dependency number 1 is not a JSON object'),
               ('[{"task_id": "3.2"}]', 'dependency number 1 has no task_id'))
       as w (dependencies, message);
select throws_ok(
    format('select pg_temp.added(pg_temp.pairs(%L, %L))', 'b>c', w.fields),
    'PD422', 'dependency number 1 ' || w.reason, w.reason)
  from (values ('{"depends_on_id": null}', 'has no depends_on_id'),
               ('{"strength": 2}', 'has a strength that is not between 0 and 1'),
               ('{"strength": "much"}', 'has a strength that is no number'),
               ('{"metadata": []}', 'has metadata that are no object'),
               ('{"weight": 1}', 'has a field weight that dependencies do not have'))
       as w (fields, reason);
select throws_ok(
    $$ select pg_temp.added((
           select jsonb_agg(pg_temp.pairs('b>c') -> 0) from generate_series(1, 10001))) $$,
    'PD413', '10001 dependencies in one call', 'a call takes so many and no more');

-- What they wait for.
select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "p", "title": "P", "status": "done"}, {"task_key": "q", "title": "Q"},
           {"task_key": "r", "title": "R"}]');
create function pg_temp.ask(fields jsonb, more jsonb default '{}') returns text
language sql
as $$
    select string_agg(docket_test.key(d.task_id) || ' ' || d.satisfied_by, ', ')
      from docket.add_dependencies(docket_test.project_id(), jsonb_build_array(
               jsonb_build_object('task_id', docket_test.id('q'),
                                  'depends_on_id', docket_test.id('p')) || ask.fields,
               jsonb_build_object('task_id', docket_test.id('r'),
                                  'depends_on_id', docket_test.id('p')) || ask.more)) as d;
$$;
select is(
    pg_temp.ask('{"satisfied_by": "merged"}'), 'q merged, r completed',
    'each says what satisfies it');
select is(
    pg_temp.ask('{}', '{"satisfied_by": "Merged"}'), 'q merged, r merged',
    'what is there stays, or asks for something else');
select is_empty(
    $$ select from docket.ready_tasks as r where r.project_id = docket_test.project_id() $$,
    'and is waited for');
select throws_ok(
    $$ select pg_temp.ask('{"satisfied_by": "merged", "dependency_type": "related"}') $$,
    'PD422', 'a dependency of type related waits for nothing',
    'what orders nothing asks for nothing');

select * from finish();
rollback;
