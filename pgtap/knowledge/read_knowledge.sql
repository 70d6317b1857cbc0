-- Documents are listed by key, read in each version, and found by what their sections say.

begin;
set local client_min_messages = warning;
select plan(25);

select docket_test.project('one');
select docket.put_knowledge(docket_test.project_id(), d.key, d.title, d.content, d.kind, d.tags,
                            review_at => d.review_at, language => d.language)
  from (values ('a.md', 'Deploying the shop',
                E'Intro.\n# Rollback\nGo back to the last release.\n# Migrations\nRun them first.',
                'guide', '{ops}'::text[], '2026-01-01'::timestamptz, 'english'),
               ('b.md', 'Migrations', 'How schema migrations are written.', 'decision', '{db,ops}',
                null, 'english'),
               ('c.md', 'Häuser', 'Von den Häusern der Stadt.', 'document', '{}', '2027-01-01',
                'german'),
               ('d.md', 'Old deploying', 'Rollback by hand.', 'guide', '{ops}', null, 'english'))
       as d (key, title, content, kind, tags, review_at, language);
select docket.archive_knowledge(
    (docket.get_knowledge(docket_test.project_id(), 'd.md')).knowledge_id);

create function pg_temp.listed(
    kind text default null, tags text[] default null, review timestamptz default null,
    archived boolean default false, after text default null, page_size integer default 100
) returns text
language sql
as $$
    select string_agg(k.document_key, ',')
      from docket.list_knowledge(docket_test.project_id(), listed.kind, listed.tags, listed.review,
                                 listed.archived, listed.after, listed.page_size) as k;
$$;

select is(pg_temp.listed(), 'a.md,b.md,c.md', 'all that is in use, by key');
select is(pg_temp.listed(archived => true), 'a.md,b.md,c.md,d.md', 'what was put away too');
select is(pg_temp.listed('guide'), 'a.md', 'of a kind');
select is(pg_temp.listed(tags => '{ops}'), 'a.md,b.md', 'with tags');
select is(pg_temp.listed(review => '2026-06-01'), 'a.md', 'that should be looked at again');
select is(pg_temp.listed(page_size => 2), 'a.md,b.md', 'by pages');
select is(pg_temp.listed(after => 'b.md'), 'c.md', 'and on');

create function pg_temp.found(
    query text, kinds text[] default null, tags text[] default null, page_size integer default 20
) returns text
language sql
as $$
    select string_agg(k.document_key || ':' || k.section, ',')
      from docket.search_knowledge(docket_test.project_id(), found.query, found.kinds, found.tags,
                                   found.page_size) as k;
$$;

select is(pg_temp.found('rollback'), 'a.md:2', 'the section that says it, of what is in use');
select is(pg_temp.found('migration'), 'b.md:1,a.md:3', 'in any form, the better first');
select is(pg_temp.found('migration', '{guide}'), 'a.md:3', 'of a kind');
select is(pg_temp.found('migration', tags => '{db,x}'), 'b.md:1', 'with a tag');
select is(pg_temp.found('migration', page_size => 1), 'b.md:1', 'as many as are wanted');
select is(pg_temp.found('deploying rollback'), 'a.md:2', 'the title counts for each section');
select is(pg_temp.found('deployng the shop'), 'a.md:1', 'a slip in the title is forgiven');
select is(pg_temp.found('"deployng the shop"'), null, 'but not where it is meant');
select is(pg_temp.found('haus'), 'c.md:1', 'each document in its own language');
select is(pg_temp.found('rollback -release'), null, 'without a word');
select is(pg_temp.found(''), null, 'nothing asks for nothing');
select is(
    (select k.headline || k.heading
       from docket.search_knowledge(docket_test.project_id(), 'release') as k),
    'Go back to the last **release**.Rollback', 'what was found, and where');
select is_empty(
    $$ select from docket.search_knowledge(gen_random_uuid(), 'rollback') $$,
    'nothing of another project');
select lives_ok(
    format('select docket.search_knowledge(docket_test.project_id(), %L)', q),
    'any text is a query')
  from (values (E'a & | ! ''b <-> :* \\ "')) as w (q);

select docket.put_knowledge(docket_test.project_id(), 'b.md', 'Migrations', 'Changed.', 'decision');
select is(
    (docket.get_knowledge(docket_test.project_id(), 'b.md')).content, 'Changed.',
    'a document as it is');
select results_eq(
    $$ select k.version, k.content, k.tags
         from docket.get_knowledge(docket_test.project_id(), 'b.md', 1) as k $$,
    $$ values (1::bigint, 'How schema migrations are written.', '{db,ops}'::text[]) $$,
    'and as it was');
select throws_ok(
    $$ select docket.get_knowledge(docket_test.project_id(), 'b.md', 3) $$, 'PD404',
    'document ''b.md'' of version 3 does not exist', 'in a version that there is');
select throws_ok(
    $$ select docket.get_knowledge(docket_test.project_id(), 'z.md') $$, 'PD404', null,
    'and a document');

select * from finish();
rollback;
