-- Tasks are found by key, number or id, and listed by every condition, in a stable order.

begin;
select plan(41);

select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;

select count(*)
  from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
           '{"task_key": "a", "title": "A", "priority": 3, "tags": ["x", "y"], "legacy_id": 7,
             "affected_files": ["src/a.py"], "requirements": {"cpu": 1, "os": "any"}}'::jsonb,
           '{"task_key": "b", "title": "B", "priority": 8, "tags": ["x"], "assigned_to": "ann",
             "metadata": {"team": {"name": "core"}}}'::jsonb,
           '{"task_key": "c", "title": "C", "priority": 8, "tags": ["y", "z"], "status": "done",
             "assigned_to": "bob"}'::jsonb,
           '{"task_key": "d", "title": "D", "status": "blocked", "parent": "a"}'::jsonb,
           jsonb_build_object('task_key', 'e', 'title', 'E', 'priority', 'critical',
                              'workflow_id', (select f.workflow_id from flows as f)),
           '{"task_key": "7", "title": "Seven"}'::jsonb,
           '{"task_key": "f", "title": "F", "priority": 5}'::jsonb));
select docket.delete_task(docket_test.id('f'));

-- The keys that a call of list_tasks() gives, in its order.
create function pg_temp.listed(arguments text) returns text[]
language plpgsql
as $$
declare
    v_keys text[];
begin
    execute format(
        'select array_agg(t.task_key) '
        '  from docket.list_tasks(docket_test.project_id() %s) as t',
        ', ' || nullif(listed.arguments, '')) into v_keys;
    return coalesce(v_keys, '{}');
end;
$$;

select is(pg_temp.listed(''), array['7', 'e', 'd', 'c', 'b', 'a'], 'all of them, the newest first');
select is(pg_temp.listed($$ statuses => '{done}' $$), array['c'], 'by one status, or its alias');
select is(
    pg_temp.listed($$ statuses => '{completed, blocked}' $$), array['d', 'c'], 'by several');
select is(pg_temp.listed($$ statuses => '{}' $$), '{}'::text[], 'no status at all finds nothing');
select is(
    pg_temp.listed($$ min_priority => '8' $$), array['e', 'c', 'b'], 'by a priority and above');
select is(pg_temp.listed($$ min_priority => 'critical' $$), array['e'], 'or its label');
select is(pg_temp.listed($$ assigned_to => 'ann' $$), array['b'], 'by who has it');
select is(pg_temp.listed($$ tags_all => '{x, y}' $$), array['a'], 'by all of some tags');
select is(pg_temp.listed($$ tags_any => '{y, z}' $$), array['c', 'a'], 'by any of some');
select is(pg_temp.listed($$ workflow_id => (select workflow_id from flows) $$), array['e'],
    'by workflow');
select is(pg_temp.listed($$ parent_task_id => docket_test.id('a') $$), array['d'], 'by parent');
select is(pg_temp.listed($$ affected_file => 'src/a.py' $$), array['a'], 'by a path');
select is(
    pg_temp.listed($$ requirements => '{"cpu": 1}' $$), array['a'],
    'by what its requirements contain');
select is(
    pg_temp.listed($$ metadata => '{"team": {"name": "core"}}' $$), array['b'],
    'by what its metadata contains, at any depth');
select is(
    pg_temp.listed($$ statuses => '{pending}', min_priority => '3', tags_any => '{x}' $$),
    array['b', 'a'],
    'by several conditions at once');
select is(
    pg_temp.listed($$ tags_any => '{x}', assigned_to => 'bob' $$), '{}'::text[],
    'of which each holds');
select is(
    pg_temp.listed($$ include_archived => true, min_priority => '5' $$),
    array['f', '7', 'e', 'd', 'c', 'b'],
    'what was put away is listed when it is asked for');
select is(
    pg_temp.listed($$ order_by => 'priority' $$), array['e', 'b', 'c', 'd', '7', 'a'],
    'by priority the most urgent first, of equals the oldest');

-- Pages.
select is(pg_temp.listed('page_size => 2'), array['7', 'e'], 'a page has its size');
select is(
    pg_temp.listed($$ page_size => 2, after => docket_test.id('e') $$), array['d', 'c'],
    'the next begins after its last row');
select is(
    pg_temp.listed($$ page_size => 4, order_by => 'priority', after => docket_test.id('b') $$),
    array['c', 'd', '7', 'a'],
    'by priority as well');
select is(
    pg_temp.listed($$ after => docket_test.id('a') $$), '{}'::text[],
    'after the last there is none');

create function pg_temp.walk(arguments text) returns text[]
language plpgsql
as $$
declare
    v_keys  text[] := '{}';
    v_page  text[];
    v_after text   := '';
begin
    loop
        v_page := pg_temp.listed('page_size => 2' || walk.arguments || v_after);
        exit when v_page = '{}';
        v_keys := v_keys || v_page;
        v_after := format(', after => docket_test.id(%L)', v_page[cardinality(v_page)]);
        -- What is made or changed while somebody pages does not repeat or hide a row.
        perform docket.create_task(docket_test.project_id(), 'Between', priority => '10');
    end loop;
    return v_keys;
end;
$$;
select is(
    pg_temp.walk(''), array['7', 'e', 'd', 'c', 'b', 'a'],
    'page by page each row comes once, while new ones are made');
select docket.delete_task(t.task_id)
  from docket.list_tasks(docket_test.project_id()) as t
 where t.title = 'Between';
select is(
    (pg_temp.walk(', order_by => ''priority'''))[1:1], array['e'],
    'by priority too, the first first');

select is(pg_temp.listed('page_size => 0'), pg_temp.listed('page_size => 1'),
    'a page has a row at least');
select throws_ok(
    $$ select docket.list_tasks(docket_test.project_id(), statuses => '{finished}') $$,
    'PD422', '''finished'' is no task status', 'a status that is none is refused');
select throws_ok(
    $$ select docket.list_tasks(docket_test.project_id(), min_priority => 'urgent') $$,
    'PD422', '"urgent" is no priority', 'so is a priority that is none');
select is(
    pg_temp.listed($$ assigned_to => ''' or true --' $$), '{}'::text[],
    'a value that looks like SQL is a value');

-- One task.
select is(docket.task_id(docket_test.project_id(), 'a'), docket_test.id('a'), 'a key names a task');
select is(
    docket.task_id(docket_test.project_id(), '7'), docket_test.id('7'),
    'the key goes before an old number');
select is(
    docket.task_id(docket_test.project_id(), docket_test.id('b')::text), docket_test.id('b'),
    'an id names it too');
select is(
    docket.task_id(docket_test.project_id(), upper(docket_test.id('b')::text)), docket_test.id('b'),
    'however it is written');
select docket.purge_task(docket_test.id('7'));
select is(
    docket.task_id(docket_test.project_id(), '7'), docket_test.id('a'),
    'an old number names it, too');
select throws_ok(
    $$ select docket.task_id(docket_test.project_id(), 'nothing') $$,
    'PD404', 'task "nothing" does not exist', 'what names nothing is refused');
select throws_ok(
    $$ select docket.task_id(docket_test.project_id(), repeat('9', 40)) $$,
    'PD404', null, 'so is a number that no column holds');
select is(
    (select to_jsonb(docket.get_task(docket_test.id('a'))) = to_jsonb(t)
       from docket.tasks as t
      where t.task_id = docket_test.id('a')), true,
    'get_task() gives every field');
select throws_ok(
    $$ select docket.get_task('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist',
    'and refuses an id that no task has');
select throws_ok(
    $$ select docket.get_task(null) $$,
    'PD404', 'task null does not exist', 'null is no id');

-- What is pending.
select results_eq(
    $$ select t.task_key
         from docket.get_pending_tasks(docket_test.project_id()) as t
        where t.title <> 'Between' $$,
    array['e', 'b', 'a'],
    'pending tasks come the most urgent first');
select is(
    (select count(*) from docket.get_pending_tasks(docket_test.project_id(), 2)), 2::bigint,
    'as many as are asked for');

select docket_test.project('two');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'a');
select is(pg_temp.listed(''), array['a'], 'another project''s tasks are in no list of this one');

select * from finish();
rollback;
