-- put_knowledge() makes a document or its next version; the same again makes none.

begin;
select plan(19);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

create temporary table made as
select k.*
  from docket.put_knowledge(
           docket_test.project_id(), 'deploy.md', 'Deploying', '# Rollback', 'guide', '{ops}',
           '["https://example.invalid/"]', '2026-06-01',
           request_id => '00000000-0000-4000-8000-0000000000a1') as k;

select results_eq(
    $$ select m.kind, m.title, m.tags, m.sources, m.review_at, m.language, m.version
         from made as m $$,
    $$ values ('guide', 'Deploying', '{ops}'::text[], '["https://example.invalid/"]'::jsonb,
               '2026-06-01'::timestamptz, null::text, 1::bigint) $$,
    'a document, in the language of the project');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'x', 'y', 'z',
                          request_id => '00000000-0000-4000-8000-0000000000a1')).document_key,
    'deploy.md', 'the same request is answered with the same');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'deploy.md', 'Deploying', '# Rollback', 'guide',
                          '{ops}', '["https://example.invalid/"]', '2026-06-01')).version,
    1::bigint, 'the same again makes no version');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'deploy.md', 'Deploying', 'Other',
                          expected_version => 1)).version,
    2::bigint, 'another text makes one');
select is(
    (select k.tags from docket.knowledge_base as k where k.document_key = 'deploy.md'),
    '{}', 'all is replaced');
select throws_ok(
    $$ select docket.put_knowledge(docket_test.project_id(), 'deploy.md', 'D', 'E',
                                   expected_version => 1) $$,
    'PDVER', 'document deploy.md is at version 2, not 1', 'who has read an older one is told');
select throws_ok(
    $$ select docket.put_knowledge(docket_test.project_id(), 'new.md', 'D', 'E',
                                   expected_version => 1) $$,
    'PDVER', null, 'and who has read one that is not there');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'new.md', 'D', 'E',
                          expected_version => 0)).version,
    1::bigint, 'a new one has been read by nobody');

select docket.update_project(docket_test.project_id(),
                             '{"settings": {"search_language": "german"}}');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'de.md', 'Ausliefern', 'Text')).language,
    null, 'a document is in its project''s language');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'fr.md', 'Livrer', 'Texte',
                          language => 'french')).language,
    'french', 'or in its own');
select throws_ok(
    $$ select docket.put_knowledge(docket_test.project_id(), 'x.md', 'X', 'Y',
                                   language => 'klingon') $$,
    'PD422', '''klingon'' is no language that words are read by', 'which is known');
select throws_ok(
    format('select docket.put_knowledge(docket_test.project_id(), %L, %L, %L, sources => %L)',
           w.key, w.title, w.content, w.sources), 'PD422', null, 'refused: ' || w.what)
  from (values (null, 'T', 'C', '[]', 'no key'), ('k', null, 'C', '[]', 'no title'),
               ('k', 'T', null, '[]', 'no text'), ('k', 'T', 'C', '{}', 'sources in no list'))
       as w (key, title, content, sources, what);
update docket.settings set value = '10' where setting_key = 'max_document_bytes';
select throws_ok(
    $$ select docket.put_knowledge(docket_test.project_id(), 'k', 'T', repeat('x', 11)) $$,
    'PD413', null, 'one that is too large');

select is(
    (docket.archive_knowledge((select m.knowledge_id from made as m))).archived_at,
    docket.clock(), 'it can be put away');
select throws_ok(
    $$ select docket.archive_knowledge(gen_random_uuid()) $$, 'PD404', null, 'if it is there');
select is(
    (docket.put_knowledge(docket_test.project_id(), 'deploy.md', 'Deploying', 'Other')).archived_at,
    null, 'and is in use again when it is put back');

select * from finish();
rollback;
