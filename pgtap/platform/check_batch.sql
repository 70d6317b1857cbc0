-- A batch is an array of so many objects at most, with fields that are known.

begin;
select plan(10);

create function pg_temp.check_batch(batch jsonb, may_be_empty boolean default false) returns void
language sql
as $$
    select docket_private.check_batch(
               check_batch.batch, 'loans', 'loan', 'Give loans.', '{title,due}',
               check_batch.may_be_empty);
$$;

select lives_ok($$ select pg_temp.check_batch('[{"title": 1}, {}]') $$, 'a batch');
select throws_ok(
    format($$ select pg_temp.check_batch(%L) $$, w.batch), 'PD422',
    'loans is not a JSON array of loans', coalesce(w.batch, 'null') || ' is none')
  from (values (null), ('null'), ('{}'), ('[]')) as w (batch);
select lives_ok($$ select pg_temp.check_batch('[]', true) $$, 'unless it may be empty');
select throws_ok(
    $$ select pg_temp.check_batch('[{}, 1, {"a": 1}]') $$, 'PD422',
    'loan number 2 is not a JSON object', 'its elements are objects');
select throws_ok(
    $$ select pg_temp.check_batch('[{}, {"title": 1, "b": 2, "a": 3}]') $$, 'PD422',
    'loan number 2 has a field a that loans do not have', 'with fields that are known');
select lives_ok(
    $$ select docket_private.check_batch('[{"a": 1}]', 'loans', 'loan', 'Give loans.') $$,
    'or any');
select docket.update_setting('max_batch_size', '2');
select throws_ok(
    $$ select pg_temp.check_batch('[1, 2, 3]') $$, 'PD413', '3 loans in one call',
    'and no more than the setting allows');

select * from finish();
rollback;
