-- What a file and the database tell of one thing becomes one, and no change of either is lost.

begin;
select plan(22);

create function pg_temp.merged(
    base jsonb, theirs jsonb, ours jsonb, said jsonb default null, resolutions jsonb default '{}'
) returns table (field text, verdict text, is_conflict boolean, value jsonb)
language sql as $$
    select m.field, m.verdict, m.is_conflict, m.value
      from docket_private.merge_pieces(
               array[row ('p', $1, $4, $2, $3)::docket_private.merge_piece], '{s}', $5) as m;
$$;

select is_empty($$ select pg_temp.merged('{"a": 1}', '{"a": 1}', '{"a": 1}') $$,
                'what nobody changed is not worth a word');
select is_empty($$ select pg_temp.merged('{"a": 1}', '{"a": 2}', '{"a": 2}') $$,
                'nor what both changed alike');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1, "b": 1}', '{"a": 2, "b": 1}', '{"a": 1, "b": 3}') $$,
    $$ values ('a', 'theirs', false, '2'::jsonb), ('b', 'ours', false, '3') $$,
    'what one side changed counts, field by field');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', '{"a": 2}', '{"a": 3}') $$,
    $$ values ('a', 'conflict', true, null::jsonb) $$,
    'what both changed differently is a conflict');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', '{"a": 2}', '{"a": 3}', null, '{"*": "ours"}') $$,
    $$ values ('a', 'ours', true, '3'::jsonb) $$,
    'which somebody decides, for all');
select results_eq(
    $$ select m.field, m.verdict
         from pg_temp.merged('{"a": 1, "b": 1}', '{"a": 2, "b": 2}', '{"a": 3, "b": 3}', null,
                             '{"*": "ours", "p": {"a": "theirs"}}') as m $$,
    $$ values ('a', 'theirs'), ('b', 'ours') $$,
    'or for one field');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', '{}', '{"a": 1}') $$,
    $$ values ('a', 'theirs', false, null::jsonb) $$,
    'a field may go');
select results_eq(
    $$ select * from pg_temp.merged('{"a": null}', '{"a": null}', '{}') $$,
    $$ values ('a', 'ours', false, null::jsonb) $$,
    'and null is a value');

select results_eq(
    $$ select * from pg_temp.merged('{"s": [1, 2]}', '{"s": [2, 3]}', '{"s": [4, 1, 2]}') $$,
    $$ values ('s', 'both', false, '[4, 2, 3]'::jsonb) $$,
    'sets are merged by element');
select is(docket_private.merged_set('null', '[1]', null), '[1]', 'and may begin with nothing');

select results_eq(
    $$ select * from pg_temp.merged(null, '{"a": 1}', null) $$,
    $$ values (null::text, 'theirs', false, '{"a": 1}'::jsonb) $$,
    'what is new in the file comes in');
select results_eq(
    $$ select * from pg_temp.merged(null, null, '{"a": 1}') $$,
    $$ values (null::text, 'ours', false, '{"a": 1}'::jsonb) $$,
    'what is new here stays');
select results_eq(
    $$ select * from pg_temp.merged(null, '{"a": 1, "b": 1}', '{"a": 2, "b": 1}') $$,
    $$ values ('a', 'conflict', true, null::jsonb) $$,
    'what both made of one name is compared');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', null, '{"a": 1}') $$,
    $$ values (null::text, 'theirs', false, null::jsonb) $$,
    'what the file has no more goes');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', null, '{"a": 2}') $$,
    $$ values (null::text, 'conflict', true, null::jsonb) $$,
    'unless it was changed here');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', '{"a": 1}', null) $$,
    $$ values (null::text, 'ours', false, null::jsonb) $$,
    'what is gone here stays gone');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', '{"a": 2}', null, null, '{"p": {"": "theirs"}}') $$,
    $$ values (null::text, 'theirs', true, '{"a": 2}'::jsonb) $$,
    'unless it was changed there, and somebody wants it back');

select is_empty(
    $$ select * from pg_temp.merged('{"a": 1}', '{"a": 2}', '{"a": 2}', '{"a": 2}') $$,
    'what was written into the file and came back is agreed');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1, "b": 1}', '{"a": 2, "b": 1}', '{"a": 3, "b": 2}',
                                    '{"a": 2, "b": 2}') $$,
    $$ values ('a', 'ours', false, '3'::jsonb), ('b', 'ours', false, '2') $$,
    'what changed here since then counts, and what has not arrived there was not changed there');
select results_eq(
    $$ select * from pg_temp.merged('{"a": 1}', '{"a": 4}', '{"a": 2}', '{"a": 2}') $$,
    $$ values ('a', 'conflict', true, null::jsonb) $$,
    'another value in its place is a change of its own');

select is(
    docket_private.spliced_bytes(
        'abcdef', '{7,2,4,4}', '{0,2,1,0}',
        array['!'::bytea, 'XX', '', 'new']),
    'aXXnewef!'::bytea,
    'bytes are put in their places, insertions first where one begins');
select throws_ok(
    $$ select docket_private.require_resolutions('{"p": "mine"}') $$,
    'PD422', 'that says of no conflict whose side counts: {"p": "mine"}',
    'who decides says ours or theirs');

select * from finish();
rollback;
