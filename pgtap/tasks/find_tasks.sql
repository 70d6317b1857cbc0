-- find_tasks() and count_tasks(): free questions about tasks, none of which can do harm.

begin;
set local client_min_messages = warning;
select plan(38);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
      {"task_key": "a", "title": "Cache the tokens", "priority": "high", "tags": ["web", "api"],
       "metadata": {"team": "blue", "n": 1}, "requirements": {"fast": true},
       "assigned_to": "ann"},
      {"task_key": "b", "title": "Print it", "priority": 3, "tags": ["api"],
       "affected_files": ["m.py", "n.py"], "acceptance_criteria": ["it prints"]},
      {"task_key": "c", "title": "100% of %1$I", "due_at": "2031-01-01",
       "assigned_to": "o''neil\\"},
      {"task_key": "gone", "title": "Put away"}]');
select docket.delete_task(docket_test.id('gone'));

create function pg_temp.found(filters jsonb) returns text
language sql
as $$
    select string_agg(t.task_key, ' ' order by t.task_key)
      from docket.find_tasks(docket_test.project_id(), filters) as t;
$$;

select is(pg_temp.found(f.filters), f.keys, f.filters::text)
  from (values
           ('{}'::jsonb,                                                'a b c'),
           ('{"priority": {">=": 5}}',                                  'a c'),
           ('{"priority": "high"}',                                     'a'),
           ('{"priority": ["low", 8]}',                                 'a b'),
           ('{"priority": {">": 3, "<": 8}}',                           'c'),
           ('{"status": ["todo", "done"], "assigned_to": null}',        'b'),
           ('{"status": {"<>": "pending"}}',                            null),
           ('{"assigned_to": {"is_null": false}}',                      'a c'),
           ('{"assigned_to": {"not_in": ["ann"]}}',                     'c'),
           ('{"assigned_to": "o''neil\\"}',                             'c'),
           ('{"title": {"contains": "PRINT"}}',                         'b'),
           ('{"title": "100% of %1$I"}',                                'c'),
           ('{"title": "x''; drop table docket.tasks; --"}',            null),
           ('{"tags": ["api"]}',                                        'a b'),
           ('{"tags": {"any": ["web", "no"]}}',                         'a'),
           ('{"tags": {"all": ["web", "api"], "none": ["no"]}}',        'a'),
           ('{"tags": {"none": ["web"]}}',                              'b c'),
           ('{"affected_files": ["n.py"]}',                             'b'),
           ('{"affected_files": {"any": ["x.py", "m.py"]}}',            'b'),
           ('{"metadata": {"team": "blue"}}',                           'a'),
           ('{"requirements": {"fast": true}}',                         'a'),
           ('{"acceptance_criteria": ["it prints"]}',                   'b'),
           ('{"results": null}',                                        'a b c'),
           ('{"text": "token"}',                                        'a'),
           ('{"due_at": {"<": "2032-01-01"}}',                          'c'),
           ('{"archived_at": {"is_null": false}}',                      'gone'))
       as f (filters, keys);

select results_eq(
    $$ select t.task_key
         from docket.find_tasks(docket_test.project_id(), order_by => 'priority') as t $$,
    array['a', 'c', 'b'],
    'the greatest come first');
select results_eq(
    $$ select t.task_key
         from docket.find_tasks(docket_test.project_id(), order_by => 'assigned_to',
                                is_descending => false) as t $$,
    array['a', 'c', 'b'],
    'or last, and what is null comes after all');
select results_eq(
    $$ select t.task_key
         from docket.find_tasks(docket_test.project_id(), order_by => 'assigned_to',
                                is_descending => false, after => docket_test.id('a'),
                                page_size => 1) as t $$,
    array['c'],
    'a page goes on after the last one');
select results_eq(
    $$ select t.task_key
         from docket.find_tasks(docket_test.project_id(), order_by => 'assigned_to',
                                is_descending => false, after => docket_test.id('c')) as t $$,
    array['b'],
    'and into what is null');
select results_eq(
    $$ select c.value, c.tasks from docket.count_tasks(docket_test.project_id(), 'tags') as c $$,
    $$ values ('api', 2::bigint), ('web', 1) $$,
    'tags are counted one by one');
select results_eq(
    $$ select c.value, c.tasks
         from docket.count_tasks(docket_test.project_id(), 'assigned_to',
                                 '{"priority": {">": 3}}') as c $$,
    $$ values ('ann', 1::bigint), ('o''neil\', 1) $$,
    'only those are counted that are asked for');

select throws_ok(
    $$ select pg_temp.found('{"colour": "blue"}') $$, 'PD422', null,
    'a column that there is not');
select throws_ok(
    $$ select pg_temp.found('{"title": {"~": "x"}}') $$, 'PD422', null,
    'an operator that there is not');
select throws_ok(
    $$ select pg_temp.found('{"priority": {">": [1]}}') $$, 'PD422', null,
    'a list where one value is asked for');
select throws_ok(
    $$ select pg_temp.found('{"status": "gone"}') $$, 'PD422', null,
    'a status that there is not');
select throws_ok(
    $$ select docket.find_tasks(docket_test.project_id(), order_by => 'title desc; --') $$,
    'PD422', null,
    'an order that is no column');
select throws_ok(
    $$ select docket.count_tasks(docket_test.project_id(), 'metadata') $$, 'PD422', null,
    'groups by what holds more than one value');

select * from finish();
rollback;
