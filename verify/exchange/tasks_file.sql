-- Verify pgdocket:exchange/tasks_file on pg

begin;

select 1 / (docket_private.file_shape('{"tasks": []}') = 'flat')::integer,
       1 / (docket_private.file_shape('{"a": {"tasks": []}}') = 'tagged')::integer,
       1 / (cardinality(docket_private.file_tags('{"tasks": []}', 'flat', null)) = 1)::integer,
       1 / (docket_private.known_status('"done"') = 'completed')::integer,
       1 / (docket_private.known_priority('"high"') = 8)::integer,
       1 / (docket_private.known_time('"2026-01-01T00:00:00Z"') = '2026-01-01 00:00+00')::integer,
       1 / (docket_private.shown_json('1', null) = '1')::integer,
       1 / (docket_private.other_keys('{"a": 1, "b": 2}', '{b}', null) = '{"a": 1}')::integer,
       1 / (select count(*) from docket_private.repeated_keys('{"a": 1, "a": 2}', '{}', null));

select 'docket_private.refuse_shape(text, text, json)'::regprocedure;

rollback;
