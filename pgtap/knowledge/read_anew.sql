-- A project that changes its language is found in it: what is little at once, more by and by.

begin;
select plan(17);

create role tap_anew_ops;
grant docket_maintenance to tap_anew_ops;

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Zwei Häuser', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Eins', task_key => 'b');
select docket.put_context(docket_test.id('b'), 'notes', '"Alle Häuser sind alt"');
select docket.record_interaction(
    docket_test.id('b'), 'ann', 'review', true, response_data => '"Viele Häuser"');
select docket.put_knowledge(
    docket_test.project_id(), 'bauen', 'Bauen', e'# Wie\nHäuser baut man.');
select docket.put_knowledge(
    docket_test.project_id(), 'build', 'Build', e'# How\nHäuser are built.', language => 'english');
select docket.record_learning(docket_test.project_id(), 'alt', true, 'Alte Häuser sind feucht');

create function pg_temp.found(query text) returns text[]
language sql
as $$
    select array_agg(s.kind || ' ' || s.key order by s.kind, s.key)
      from docket.search(docket_test.project_id(), found.query) as s;
$$;
create function pg_temp.learned(query text) returns bigint
language sql
as $$ select count(*) from docket.learned(docket_test.project_id(), learned.query); $$;
create function pg_temp.speak(language text) returns docket.projects
language sql
as $$
    select docket.update_project(
               docket_test.project_id(),
               jsonb_build_object('settings', jsonb_build_object('search_language', language)));
$$;

select is(pg_temp.found('haus'), null, 'English has no house in "Häuser"');
select is(pg_temp.learned('haus'), 0::bigint, 'nor in a pattern');
select pg_temp.speak('german');
select is(
    pg_temp.found('haus'),
    '{"context b notes","interaction b review","knowledge bauen","task a"}',
    'German has, once the project speaks it');
select is(pg_temp.learned('haus'), 1::bigint, 'in a pattern too');
select is(
    (select array_agg(k.version) from docket.knowledge_base as k
      where k.project_id = docket_test.project_id()), '{1,1}', 'no document has a new version');
select is(pg_temp.found('building'), '{"knowledge build"}', 'one in its own language keeps it');

-- More than is done at once.
select count(*)
  from docket.create_tasks(docket_test.project_id(), (
           select jsonb_agg(jsonb_build_object('title', 'Nette Kühe ' || n))
             from generate_series(1, 700) as n));
select pg_temp.speak('simple');
create temp view left_over as
    select s.language, count(*) as number
      from docket_private.task_search as s
     where s.project_id = docket_test.project_id()
     group by s.language;
select results_eq(
    'select * from left_over order by language',
    $$ values ('german', 202::bigint), ('simple', 500) $$, 'five hundred rows are read at once');
select is(
    (select count(*) from docket.search_tasks(docket_test.project_id(), 'kuh', 1000)),
    202::bigint, 'the others are found as before');
select is(
    (select count(*) from docket.search_tasks(docket_test.project_id(), 'kühe', 1000)),
    702 - 2::bigint, 'and all by what is the same in both');

update docket.maintenance_steps set at_most = 150 where step = 'words';
set local role tap_anew_ops;
select results_eq(
    $$ select m.done, m.has_more from docket.maintain('{words}') as m $$,
    $$ values (150::bigint, true) $$, 'maintenance goes on with them, in steps');
select results_eq(
    $$ select m.done, m.has_more from docket.maintain('{words}') as m $$,
    $$ values (56::bigint, false) $$, 'with all kinds of them');
reset role;
select is(
    (select count(*) from left_over as l where l.language <> 'simple'), 0::bigint,
    'until none is left');
select is(pg_temp.found('haus'), null, 'in the former language nothing is found any more');
select is(
    docket_private.search_languages(docket_test.project_id()), '{simple,german,english}',
    'for a day the former ones are asked all the same');
select docket_test.pass('25 hours');
set local role tap_anew_ops;
select is((select m.done from docket.maintain('{words}') as m), 0::bigint, 'then nothing is left');
reset role;
select is(
    docket_private.search_languages(docket_test.project_id()), '{simple}',
    'and they are forgotten');

-- Another project's are not touched.
select docket_test.project('two');
select docket.create_task(docket_test.project_id(), 'Houses', task_key => 'c');
select pg_temp.speak('german');
select is(
    (select count(*) from docket_private.task_search as s
      where s.language = 'german'), 1::bigint, 'each project has its own');

select * from finish();
rollback;
