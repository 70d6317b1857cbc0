-- Of contexts it is known what they come to, and how often they were used.

begin;
select plan(9);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"title": "A", "task_key": "a"}, {"title": "B", "task_key": "b"}]');
select docket.put_context(docket_test.id('a'), 'note', '"12345678"');
select docket.put_context(docket_test.id('a'), 'note', to_jsonb(repeat('x', 9998)));
select docket.put_context(docket_test.id('b'), 'note', '"12345678"');
select docket.put_context_raw(docket_test.id('b'), 'code', '[ 1 ]');
select docket.put_context(docket_test.id('b'), 'gone', '1');
select docket.delete_context(docket_test.id('b'), 'gone');

select results_eq(
    $$ select s.context_type, s.tasks, s.versions, s.byte_size, s.stored_bytes < s.byte_size,
              s.uses, s.last_written_at, s.last_used_at
         from docket.context_statistics(docket_test.project_id()) as s $$,
    $$ values ('code', 1::bigint, 1::bigint, 5::bigint, false, 0::bigint, docket.clock(),
               null::timestamptz),
              ('gone', 1, 2, 1, false, 0, docket.clock(), null),
              ('note', 2, 3, 10020, true, 0, docket.clock(), null) $$,
    'of a project, by type: what was given, and what is stored of it');
select results_eq(
    $$ select s.context_type, s.tasks, s.versions, s.byte_size
         from docket.context_statistics(docket_test.project_id(), docket_test.id('a')) as s $$,
    $$ values ('note', 1::bigint, 2::bigint, 10010::bigint) $$,
    'or of a task');

-- Uses.
select docket_test.pass('1 hour');
select results_eq(
    $$ select u.context_type, u.uses, u.last_used_at
         from docket.record_context_use(docket_test.id('b')) as u $$,
    $$ values ('code', 1::bigint, docket.clock()), ('note', 1, docket.clock()) $$,
    'whoever works with all that is there says so');
select results_eq(
    $$ select u.context_type, u.uses
         from docket.record_context_use(
                  docket_test.id('b'), array['note', 'note', 'unheard of', 'gone']) as u $$,
    $$ values ('note', 2::bigint) $$,
    'or with some of it');
select is(
    (select sum(u.uses)
       from generate_series(1, 2) as n
      cross join lateral docket.record_context_use(
                docket_test.id('b'), array['code'],
                ('00000000-0000-4000-8000-00000000000' || (n * 0 + 1))::uuid) as u), 4::numeric,
    'the same request twice counts once');
select is(
    (select count(*) from docket.get_context(docket_test.id('a'), 'note')), 1::bigint,
    'who only reads');
select results_eq(
    $$ select s.context_type, s.uses, s.last_used_at
         from docket.context_statistics(docket_test.project_id()) as s
        where s.context_type <> 'gone' $$,
    $$ values ('code', 2::bigint, docket.clock()), ('note', 2, docket.clock()) $$,
    'is not counted');
select throws_ok(
    $$ select docket.record_context_use('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'of a task that there is');
select is_empty(
    $$ select from docket.context_statistics('00000000-0000-7000-8000-000000000000') $$,
    'and of no project nothing is known');

select * from finish();
rollback;
