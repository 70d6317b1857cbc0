-- Versions go when their type keeps them no longer; the latest stays, and what is pinned.

begin;
select plan(22);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"title": "A", "task_key": "a"}, {"title": "B", "task_key": "b"}]');

create function pg_temp.put(key text, context_type text, how_many integer) returns void
language plpgsql
as $$
begin
    for n in 1 .. put.how_many loop
        perform docket_test.pass('1 day');
        perform docket.put_context(docket_test.id(put.key), put.context_type, to_jsonb(n));
    end loop;
end
$$;
create function pg_temp.kept(key text, context_type text) returns integer[]
language sql
as $$
    select array_agg(h.version)
      from docket.context_history(docket_test.id(kept.key), kept.context_type) as h
$$;

-- One version a day, the last of all today.
select pg_temp.put('a', 'few', 5), pg_temp.put('a', 'days', 5), pg_temp.put('a', 'all', 3);
select pg_temp.put('b', 'few', 2), pg_temp.put('b', 'both', 5);
select results_eq(
    $$ select * from docket.prune_contexts(docket_test.project_id()) $$,
    $$ values (0::bigint, 0::bigint) $$,
    'where nothing is said everything is kept');

select docket.register_context_type(docket_test.project_id(), 'few', keep_versions => 2);
select docket.register_context_type(docket_test.project_id(), 'days', keep_days => 11);
select docket.register_context_type(
    docket_test.project_id(), 'both', keep_versions => 1, keep_days => 1);
select docket.pin_context(docket_test.id('a'), 'few', 1, 'the release');
select results_eq(
    $$ select * from docket.prune_contexts(docket_test.project_id(), 1) $$,
    $$ values (1::bigint, 1::bigint) $$,
    'as many go as were asked for');
select is(pg_temp.kept('a', 'days'), array[2, 3, 4, 5], 'one here');
select docket.prune_contexts(docket_test.project_id());
select is(pg_temp.kept('a', 'few'), array[1, 4, 5], 'the newest are kept, and what is pinned');
select is(pg_temp.kept('a', 'days'), array[3, 4, 5], 'what was replaced not long ago');
select is(pg_temp.kept('b', 'both'), array[3, 4, 5], 'what is either');
select is(pg_temp.kept('b', 'few'), array[1, 2], 'where there is no more');
select is(pg_temp.kept('a', 'all'), array[1, 2, 3], 'and of all others all');
select results_eq(
    $$ select l.old_values ->> 'version', l.old_values ->> 'content_hash'
         from docket.audit_log as l
        where l.table_name = 'task_contexts'
          and l.operation = 'delete'
          and l.row_id = docket_test.id('b')
          and l.old_values ->> 'context_type' = 'both'
        order by l.old_values ->> 'version' $$,
    $$ values ('1', sha256('1')::text), ('2', sha256('2')::text) $$,
    'the journal knows what went, by its hash');
select docket_test.pass('1 year');
select docket.prune_contexts(docket_test.project_id());
select is(pg_temp.kept('a', 'days'), array[5], 'the latest stays, however old');
select docket.delete_context(docket_test.id('a'), 'few');
select docket.prune_contexts(docket_test.project_id());
select is(pg_temp.kept('a', 'few'), array[1, 5, 6], 'also of what was deleted');

-- What is not pinned any more.
select throws_ok(
    $$ select docket.unpin_context(docket_test.id('a'), 'few', 1, 'something else') $$,
    'PD404', null, 'a version is pinned for something');
select is(
    (docket.unpin_context(docket_test.id('a'), 'few', 1, 'the release')).version, 1,
    'and let go');
select docket.prune_contexts(docket_test.project_id());
select is(pg_temp.kept('a', 'few'), array[5, 6], 'then it goes as well');
select throws_ok(
    $$ select docket.pin_context(docket_test.id('a'), 'few', 1, 'x') $$,
    'PD404', 'the task has no version 1 of context "few"', 'what is gone is not pinned');
select throws_ok(
    $$ select docket.pin_context(docket_test.id('a'), 'few', 6, '') $$, 'PD422', null,
    'nor is anything for nothing');

-- As maintenance does it: the next tasks, then the next, then from the beginning.
select pg_temp.put('b', 'few', 5);
select is(docket_private.prune_next_contexts(3), 3::bigint, 'a step of maintenance does so many');
select is(docket_private.prune_next_contexts(100), 2::bigint, 'and the next the others');
select is(docket_private.prune_next_contexts(100), 0::bigint, 'until nothing is left');
select pg_temp.put('a', 'few', 5);
select is(docket_private.prune_next_contexts(100), 5::bigint, 'and begins again');

create role tap_pruner in role docket_app;
select docket_test.member('tap_pruner', 'reader');
set local role tap_pruner;
select throws_ok(
    $$ select docket.prune_contexts(docket_test.project_id()) $$, 'PD403', null,
    'who only reads removes nothing');
reset role;
select docket.purge_task(docket_test.id('a'));
select is(
    (select count(*) from docket.context_pins), 0::bigint,
    'with a task go its contexts, pinned or not');

select * from finish();
rollback;
