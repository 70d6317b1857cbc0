-- Every entry of a file becomes a row to be, with a key of its own, at any depth.

begin;
select plan(11);

create function pg_temp.entries(content text) returns docket_private.file_entry[]
language sql as $$
    select docket_private.file_entries(
        docket_private.file_tags($1::json, docket_private.file_shape($1::json), null));
$$;

create function pg_temp.tasks(content text) returns setof docket_private.file_task
language sql as $$
    select t.*
      from docket_private.file_tasks(
               docket_private.file_tags($1::json, docket_private.file_shape($1::json), null),
               pg_temp.entries($1), null) as f
     cross join unnest(f.tasks) as t;
$$;

create function pg_temp.kinds(content text) returns setof text
language sql as $$
    select o.kind
      from docket_private.file_tasks(
               docket_private.file_tags($1::json, docket_private.file_shape($1::json), null),
               pg_temp.entries($1), null) as f
     cross join unnest(f.oddities) as o;
$$;

select results_eq(
    $$ select e.ordinal, e.parent_ordinal, e.depth, e.item_path, e.local_key
         from unnest(pg_temp.entries(
                  '{"tasks": [{"id": 1, "subtasks": [{"id": 2, "subtasks": [{"id": 3}]}, "x"]},
                              {"id": 4}]}')) as e $$,
    $$ values (1, null, 1, '{tasks,0}'::text[],                       '1'),
              (2, 1,    2, '{tasks,0,subtasks,0}'::text[],            '1.2'),
              (3, 2,    3, '{tasks,0,subtasks,0,subtasks,0}'::text[], '1.2.3'),
              (4, 1,    2, '{tasks,0,subtasks,1}'::text[],            '1.2'),
              (5, null, 1, '{tasks,1}'::text[],                       '4') $$,
    'entries are found at any depth, a task before its subtasks');

select results_eq(
    $$ select docket_private.local_key(k.parent_key, k.parent_id, k.raw_id, k.place)
         from (values (null, null, '7',    2), (null, null, null,  2), ('3',  '3',  '2',   9),
                      ('3',  '3',  '3.2',  9), ('3',  '3',  '3-2', 9), ('3',  '3',  '4.2', 9),
                      ('3',  '3',  null,   9), ('1.2', '2', '2.5', 9))
              as k (parent_key, parent_id, raw_id, place) $$,
    array['7', '2', '3.2', '3.2', '3-2', '3.4.2', '3.9', '1.2.5'],
    'an id may be bare or carry its parent''s');

select is(docket_private.spelled_id('8.10'), '8.10', 'an id is as it is spelled');
select is(docket_private.spelled_id('true'), null, 'what can not name anything is no id');

select results_eq(
    $$ select docket_private.numbered_key(t.key_base, t.key_number), t.legacy_id
         from pg_temp.tasks('{"tasks": [{"id": 1}, {"id": 1}, {"id": "1~2"}, {}]}') as t $$,
    $$ values ('1', 1::bigint), ('1~2', null), ('1~3', null), ('4', null) $$,
    'no two entries have one key, or one number');

select results_eq(
    $$ select t.key_base, t.legacy_id
         from pg_temp.tasks(
                  '{"b": {"tasks": [{"id": 1}]}, "master": {"tasks": [{"id": 1}]}}') as t $$,
    $$ values ('b/1', null), ('1', 1::bigint) $$,
    'tags other than the first stand before the key');

select results_eq(
    $$ select t.title, t.status, t.priority, t.raw_status, t.raw_priority, t.metadata
         from pg_temp.tasks(
                  '{"tasks": [{"id": 1, "title": "a", "status": "done", "priority": "low", "x": [1],
                               "subtasks": [{"id": 1, "description": "\nb\nc", "status": "odd"}]}]}'
                  ) as t $$,
    $$ values ('a', 'completed', 3::smallint, '"done"', '"low"',
               '{"imported": {"x": [1]}}'::jsonb),
              ('b', 'pending', 3::smallint, '"odd"', null, '{"imported": {"status": "odd"}}') $$,
    'what has a column is read, and the rest is in metadata');

select docket_test.at('2026-01-01 09:00+00');
select results_eq(
    $$ select t.completed_at
         from pg_temp.tasks('{"tasks": [{"id": 1, "status": "done"},
                                        {"id": 2, "status": "done", "completedAt": "2025-06-01"},
                                        {"id": 3, "completedAt": "2025-06-01"}]}') as t $$,
    $$ values ('2026-01-01 09:00+00'::timestamptz), ('2025-06-01 00:00+00'), (null) $$,
    'a completed task has the file''s time, else the clock''s');

select results_eq(
    $$ select pg_temp.kinds(
           '{"tasks": [{"id": 1.5, "title": ""}, 7, "x", {"title": 1, "id": {}, "subtasks": 2},
                       {"id": 1.5, "title": "a", "title": "a", "status": 1, "priority": 0}]}') $$,
    array['fractional_id', 'missing_title', 'not_a_task', 'task_is_text', 'unreadable_id',
          'subtasks_not_list', 'not_text', 'duplicate_id', 'fractional_id', 'unknown_priority',
          'unknown_status', 'duplicate_key'],
    'what is odd is named, in the order of the file');

select is(
    (select json_typeof(f.fields[2])
       from (select docket_private.entry_fields('"a"') as fields) as f),
    'string', 'a string is a task of that title');
select is(docket_private.numbered_key('a', 0), 'a', 'the first of a name has no number');

select * from finish();
rollback;
