-- A document keeps each of its versions, and is cut into sections at its headings.

begin;
select plan(16);

select docket_test.project('one');

select results_eq(
    $$ select m.section, m.heading, m.body
         from docket_private.markdown_sections(
                  E'Before.\r\n\n# One #\nText of one.\n\n## Two\n```sh\n# no heading\n```\n'
                  || E'#no heading either\n### \nLast.') as m $$,
    $$ values (1, null, 'Before.'), (2, 'One', 'Text of one.'),
              (3, 'Two', E'```sh\n# no heading\n```\n#no heading either'), (4, null, 'Last.') $$,
    'a section begins with each heading, but not in code');
select results_eq(
    $$ select m.heading, m.body
         from docket_private.markdown_sections(
                  E'C#\n==\na\n\nTwo\nlines\n---\n~~~\nNo\n---\n```\n~~~\n\n    Code\n---\n- Item\n---\n'
                  || E'> Quote\n---\n# C#\n<!--\n# No\n-->') as m $$,
    $$ values ('C#', 'a'),
              ('Two lines', E'~~~\nNo\n---\n```\n~~~\n\n    Code\n---\n- Item\n---\n> Quote\n---'),
              ('C#', E'<!--\n# No\n-->') $$,
    'a title may be underlined; what only looks so is none');
select is_empty(
    $$ select from docket_private.markdown_sections(E' \n\n') $$, 'nothing has no section');
select is(
    (select count(*) from docket_private.markdown_sections(repeat(E'# h\nb\n', 60000))),
    33334::bigint, 'of a very long text the first 200,000 characters count');

-- One row, written as plainly as any client could.
create function pg_temp.document(key text, fields jsonb default '{}') returns docket.knowledge_base
language sql
as $$
    insert into docket.knowledge_base
    select (jsonb_populate_record(
               null::docket.knowledge_base,
               jsonb_build_object(
                   'knowledge_id', docket_private.new_id(docket_test.project_id()),
                   'project_id', docket_test.project_id(), 'document_key', document.key,
                   'kind', 'document', 'title', 'A title', 'content', E'# One\na\n# Two\nb',
                   'language', 'english', 'tags', '[]'::jsonb, 'sources', '[]'::jsonb,
                   'metadata', '{}'::jsonb, 'version', 1,
                   'created_at', docket.clock(), 'created_by', docket.principal(),
                   'updated_at', docket.clock(), 'updated_by', docket.principal())
               || document.fields)).*
    returning *;
$$;

select lives_ok($$ select pg_temp.document('a') $$, 'a document');
select throws_ok($$ select pg_temp.document('a') $$, '23505', null, 'its key is there once');
select throws_ok(
    format('select pg_temp.document(%L, %L)', 'b', w.fields), '23514', null, 'refused: ' || w.what)
  from (values ('{"title": ""}'::jsonb, 'no title'), ('{"kind": ""}', 'no kind'),
               ('{"document_key": ""}', 'no key'), ('{"sources": {}}', 'sources in no list'),
               ('{"metadata": []}', 'metadata without names')) as w (fields, what);

select results_eq(
    $$ select s.section, s.heading, s.body
         from docket_private.knowledge_sections as s
        where s.project_id = docket_test.project_id()
        order by s.section $$,
    $$ values (1, 'One', 'a'), (2, 'Two', 'b') $$, 'its sections are there to be found');
update docket.knowledge_base as k
   set content = 'c'
 where k.project_id = docket_test.project_id();
update docket.knowledge_base as k
   set content = 'c'
 where k.project_id = docket_test.project_id();
select results_eq(
    $$ select v.version, v.content
         from docket.knowledge_versions as v
        where v.project_id = docket_test.project_id()
        order by v.version $$,
    $$ values (1::bigint, E'# One\na\n# Two\nb'), (2, 'c') $$,
    'each change is a version, and no change is none');
select results_eq(
    $$ select s.section, s.heading, s.body
         from docket_private.knowledge_sections as s
        where s.project_id = docket_test.project_id() $$,
    $$ values (1, null::text, 'c') $$, 'what is found is what it says now');
select results_eq(
    $$ select l.operation::text from docket.audit_log as l
        where l.table_name = 'knowledge_base' order by l.audit_id $$,
    array['insert', 'update'], 'the journal has both');
select throws_ok(
    $$ select pg_temp.document('z', '{"language": "klingon"}') $$, '42704', null,
    'a language that words are not read by');

select * from finish();
rollback;
