-- A status is one of eight and moves by the table of transitions; a priority is 1 to 10.

begin;
select plan(18);

select lives_ok(
    $$ select s::docket.task_status
         from unnest(array['pending', 'in_progress', 'review', 'completed', 'failed', 'blocked',
                           'deferred', 'cancelled']) as s $$,
    'the eight statuses');
select throws_ok(
    $$ select 'done'::docket.task_status $$,
    '23514', null, 'a word beside them is none, not even an alias');

select results_eq(
    $$ select w.word, docket_private.read_status(w.word)::text
         from (values ('in-progress'), ('todo'), ('open'), ('done'), ('closed'), ('canceled'),
                      (' Pending '), ('REVIEW')) as w (word) $$,
    $$ values ('in-progress', 'in_progress'), ('todo', 'pending'), ('open', 'pending'),
              ('done', 'completed'), ('closed', 'completed'), ('canceled', 'cancelled'),
              (' Pending ', 'pending'), ('REVIEW', 'review') $$,
    'aliases are understood on input, in any case');
select is(docket_private.read_status(null), null, 'nothing stays nothing');
select throws_ok(
    $$ select docket_private.read_status('finished') $$,
    'PD422', '''finished'' is no task status', 'another word is refused by name');
select throws_ok(
    $$ select docket_private.read_status('') $$,
    'PD422', ''''' is no task status', 'so is an empty one');

select results_eq(
    $$ select w.word, docket_private.read_priority(w.word)::integer
         from (values ('"low"'::jsonb), ('"medium"'), ('"High"'), ('"critical"'), ('7'), ('"7"'))
                  as w (word) $$,
    $$ values ('"low"'::jsonb, 3), ('"medium"', 5), ('"High"', 8), ('"critical"', 10), ('7', 7),
              ('"7"', 7) $$,
    'a priority is a number or a label');
select is(docket_private.read_priority(null), null, 'no priority stays none');
select throws_ok(
    $$ select docket_private.read_priority('0') $$,
    'PD422', '0 is no priority', '0 is too low');
select throws_ok(
    $$ select docket_private.read_priority('11') $$,
    'PD422', '11 is no priority', '11 is too high');
select throws_ok(
    $$ select docket_private.read_priority('99999') $$,
    'PD422', '99999 is no priority', 'so is what fits no smallint');
select throws_ok(
    $$ select docket_private.read_priority('"NaN"') $$,
    'PD422', '"NaN" is no priority', 'so is what is no number');
select throws_ok(
    $$ select docket_private.read_priority('"urgent"') $$,
    'PD422', '"urgent" is no priority', 'another word is refused');
select throws_ok(
    $$ select docket_private.read_priority('{"a": 1}') $$,
    'PD422', null, 'so is an object');

select results_eq(
    $$ select n, docket.priority_label(n::smallint) from generate_series(1, 10) as n $$,
    $$ values (1, 'low'), (2, 'low'), (3, 'low'), (4, 'medium'), (5, 'medium'), (6, 'medium'),
              (7, 'high'), (8, 'high'), (9, 'critical'), (10, 'critical') $$,
    'each number has its label, which reads back as a number of the same label');

select is(
    (select count(*) from docket.task_transitions), 37::bigint,
    'of the 56 pairs of statuses, 37 are transitions');
select is_empty(
    $$ select from docket.task_transitions as t where t.from_status = t.to_status $$,
    'none leads to itself');
select is_empty(
    $$ select s
         from unnest(array['in_progress', 'review', 'completed', 'failed', 'blocked', 'deferred',
                           'cancelled']) as s
        where not exists (
                  select
                    from docket.task_transitions as t
                   where t.from_status = s
                     and t.to_status = 'pending') $$,
    'every status leads back to pending: nothing is lost for good');

select * from finish();
rollback;
