-- What was learned is as sure as what speaks for it, and less so as time goes by.

begin;
select plan(21);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a');

select results_eq(
    $$ select l.pattern_type, l.confidence, l.weight_for, l.weight_against
         from docket.record_learning(docket_test.project_id(), 'retry', pattern => 'Retries help',
                                     tags => '{net}') as l $$,
    $$ values ('pattern', 0.5, 0::numeric, 0::numeric) $$, 'without evidence nothing is known');
select is(
    (docket.record_learning(docket_test.project_id(), 'retry', true, task_id => docket_test.id('a'),
                            note => 'third try went well',
                            request_id => '00000000-0000-4000-8000-0000000000a1')).confidence,
    0.6667, 'one for it: (1 + 1) / (1 + 0 + 2)');
select is(
    (docket.record_learning(docket_test.project_id(), 'retry', true,
                            request_id => '00000000-0000-4000-8000-0000000000a1')).weight_for,
    1::numeric, 'the same request counts once');
select is(
    (docket.record_learning(docket_test.project_id(), 'retry', false, weight => 2)).confidence,
    0.4, 'two against it: (1 + 1) / (1 + 2 + 2)');
select docket_test.pass('90 days');
select results_eq(
    $$ select l.confidence, l.weight_for, l.weight_against
         from docket.record_learning(docket_test.project_id(), 'retry', true) as l $$,
    $$ values (0.5556, 1.5::numeric, 1::numeric) $$,
    'after a half-life what came before counts half');
select is(
    (select l.weight_for
       from docket.learning_data as l
      where l.project_id = docket_test.project_id()),
    (select sum(round(e.weight * power(0.5, extract(epoch from docket.clock() - e.created_at)
                                            / 86400 / 90), 9))
       from docket.learning_evidence as e
      where e.project_id = docket_test.project_id()
        and e.confirmed),
    'the sums are those of the evidence');
select is(
    (docket.record_learning(docket_test.project_id(), 'retry', pattern => 'Retries help a bit'))
        .confidence,
    0.5556, 'what is written anew is as sure as before');
select docket_test.pass('9000 days');
select results_eq(
    $$ select l.pattern, l.confidence, l.evidence, l.tags
         from docket.learned(docket_test.project_id()) as l $$,
    $$ values ('Retries help a bit', 0.5, 3::bigint, '{net}'::text[]) $$,
    'after a long time nothing is known again');

select docket.update_project(docket_test.project_id(),
                             '{"settings": {"learning_half_life_days": 0}}');
select docket.record_learning(docket_test.project_id(), 'cache', true, 'Caches go stale', 'risk',
                              '{web}');
select docket_test.pass('9000 days');
create function pg_temp.known(
    query text default null, type text default null, tags text[] default null,
    min_confidence numeric default 0, page_size integer default 20
) returns text
language sql
as $$
    select string_agg(l.pattern_key || ' ' || l.confidence, ',')
      from docket.learned(docket_test.project_id(), known.query, known.type, known.tags,
                          known.min_confidence, known.page_size) as l;
$$;
select is(pg_temp.known(), 'cache 0.6667,retry 0.5556', 'without a half-life all counts for ever');
select is(pg_temp.known(page_size => 1), 'cache 0.6667', 'the surest first');
select is(pg_temp.known('stale cache'), 'cache 0.6667', 'by words');
select is(pg_temp.known(type => 'pattern'), 'retry 0.5556', 'by type');
select is(pg_temp.known(tags => '{net,x}'), 'retry 0.5556', 'by tags');
select is(pg_temp.known(min_confidence => 0.6), 'cache 0.6667', 'as sure as wanted');
select is(
    (select string_agg(e.note, ',')
       from docket.learned(docket_test.project_id(), 'retries') as l
      cross join lateral docket.list_evidence(l.learning_id) as e),
    'third try went well', 'with what speaks for it');

select docket.purge_task(docket_test.id('a'));
select is(
    (select count(*) from docket.learning_evidence as e
      where e.project_id = docket_test.project_id() and e.task_id is null), 4::bigint,
    'what a task showed outlives the task');

select throws_ok(
    $$ select docket.record_learning(docket_test.project_id(), 'new', true) $$, 'PD404', null,
    'what is not told can not be learned');
select throws_ok(
    format('select docket.record_learning(docket_test.project_id(), %L, true, %L, weight => %L)',
           w.key, w.pattern, w.weight), 'PD422', null, 'refused: ' || w.what)
  from (values (null, 'P', 1::numeric, 'no key'), ('k', '', 1, 'nothing'),
               ('k', 'P', 'NaN', 'a weight that is none')) as w (key, pattern, weight, what);
select throws_ok(
    $$ select docket.record_learning(docket_test.project_id(), 'k', true, 'P',
                                     task_id => gen_random_uuid()) $$,
    'PD404', null, 'a task that does not exist');

select * from finish();
rollback;
