-- A project is searched in its language, and in those that its rows may still be read by.

begin;
select plan(16);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket_test.member('tap_languages');

create function pg_temp.languages() returns text[]
language sql
as $$ select docket_private.search_languages(docket_test.project_id()) $$;
create function pg_temp.found(query text) returns text[]
language sql
as $$
    select array_agg(t.task_key order by t.task_key)
      from docket.search_tasks(docket_test.project_id(), found.query) as t;
$$;

select is(pg_temp.languages(), '{english}', 'it is the docket''s');
select is(
    docket_private.search_languages('00000000-0000-4000-8000-000000000000'), '{english}',
    'of a project that is not there too');

-- Without the trigger that reads anew: as for a project of many rows.
alter table docket.projects disable trigger projects_words_update;
select docket.create_task(docket_test.project_id(), 'Two houses', task_key => 'en');
select docket.update_project(
    docket_test.project_id(), '{"settings": {"search_language": "german"}}');
select is(pg_temp.languages(), '{german,english}', 'a new language comes first');
select docket.create_task(docket_test.project_id(), 'Zwei Häuser', task_key => 'de');
select results_eq(
    $$ select s.title, s.language
         from docket_private.task_search as s
        where s.project_id = docket_test.project_id()
        order by s.title $$,
    $$ values ('Two houses', 'english'), ('Zwei Häuser', 'german') $$,
    'each row says what it was read by');
select is(pg_temp.found('haus'), '{de}', 'what is written is found in the new language');
select is(pg_temp.found('housing'), '{en}', 'and what was there in the old one');
select is(pg_temp.found('two -housing'), null, 'which is asked alone for it');
update docket.tasks
   set description = 'Kein Haus'
 where task_id = docket_test.id('en');
select is(pg_temp.found('hauses'), '{de,en}', 'what is changed is in the new language');

update docket.settings set value = '"french"' where setting_key = 'search_language';
select is(pg_temp.languages(), '{german,english}', 'a project that has its own keeps it');
select docket.update_project(docket_test.project_id(), '{"settings": {}}');
select is(pg_temp.languages(), '{french,german,english}', 'or takes the docket''s');
update docket.settings set value = '"english"' where setting_key = 'search_language';
select is(pg_temp.languages(), '{english,french,german}', 'which may change, and change back');

select throws_ok(
    $$ select docket.update_project(docket_test.project_id(),
                                    '{"settings": {"search_language": "klingon"}}') $$,
    'PD422', '''klingon'' is no language that words are read by', 'it is one that is known');
select throws_ok(
    $$ select docket.create_project('two', settings => '{"search_language": 7}') $$,
    'PD422', '''7'' is no language that words are read by', 'also of a new project');
select throws_ok(
    $$ update docket.settings set value = '"klingon"' where setting_key = 'search_language' $$,
    'PD422', null, 'and of the docket');
select is(
    (select (docket.create_project('two', settings => '{"search_language": "simple"}')).settings),
    '{"search_language": "simple"}', 'a new project may have its own');
select is(
    docket_private.words_asked('{english,german}', '"the houses" -cars')::text,
    (websearch_to_tsquery('english', '"the houses" -cars')
     || websearch_to_tsquery('german', '"the houses" -cars'))::text,
    'a query is asked in any of some languages');

select * from finish();
rollback;
