-- put_template() makes a template or its next version, of what can be rendered.

begin;
select plan(27);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

create temporary table made as
select t.*
  from docket.put_template(
           docket_test.project_id(), 'review', 'prompt', 'Review {{file}}',
           '{"properties": {"file": {}}}', 'A review', 'For changes', '{code}',
           request_id => '00000000-0000-4000-8000-0000000000a1') as t;
select results_eq(
    $$ select m.kind::text, m.title, m.description, m.tags, m.version from made as m $$,
    $$ values ('prompt', 'A review', 'For changes', '{code}'::text[], 1::bigint) $$, 'a template');
select is(
    (docket.put_template(docket_test.project_id(), 'x', 'code', 'y',
                         request_id => '00000000-0000-4000-8000-0000000000a1')).template_key,
    'review', 'the same request is answered with the same');
select is(
    (docket.put_template(docket_test.project_id(), 'review', 'prompt', 'Review {{file}}',
                         '{"properties": {"file": {}}}', 'A review', 'For changes',
                         '{code}')).version,
    1::bigint, 'the same again makes no version');
select is(
    (docket.put_template(docket_test.project_id(), 'review', 'prompt', 'Look at {{it}}',
                         expected_version => 1)).version,
    2::bigint, 'another text makes one');
select throws_ok(
    $$ select docket.put_template(docket_test.project_id(), 'review', 'prompt', 'x',
                                  expected_version => 1) $$,
    'PDVER', 'template review is at version 2, not 1', 'who has read an older one is told');
select throws_ok(
    $$ select docket.put_template(docket_test.project_id(), 'new', 'prompt', 'x',
                                  expected_version => 1) $$,
    'PDVER', null, 'and who has read one that is not there');
select is(
    (docket.put_template(docket_test.project_id(), 'cfg', 'configuration', 'a: {{a}}')).title,
    'cfg', 'a title is its key, unless there is one');

select throws_ok(
    format('select docket.put_template(docket_test.project_id(), %L, %L, %L, %L)', w.key, w.kind,
           w.body, w.variables), 'PD422', w.message, 'refused: ' || w.what)
  from (values (null, 'code', 'x', '{}', null, 'no key'),
               ('k', 'story', 'x', '{}', '''story'' is no kind of template', 'an unknown kind'),
               ('k', 'code', null, '{}', null, 'no text'),
               ('k', 'code', 'x', '[]', 'variables are a JSON Schema object', 'no schema'),
               ('k', 'code', 'x', '{"type": "nothing"}', null, 'one that can not be used'),
               ('k', 'code', '{{a}} {{b.c}} \{{d}}', '{"properties": {"a": {}}}',
                'the template has variables that its schema does not: b.c', 'an unknown variable'),
               ('k', 'workflow', '{', '{}', null, 'no JSON'),
               ('k', 'workflow', '[]', '{}',
                'the body of a workflow template has a name and an array of tasks', 'no object'),
               ('k', 'workflow', '{"name": "n"}', '{}', null, 'no tasks'),
               ('k', 'workflow', '{"name": "n", "tasks": [1]}', '{}', null, 'a task that is none'),
               ('k', 'workflow', '{"name": "n", "tasks": [], "more": 1}', '{}', null, 'more'),
               ('k', 'workflow', '{"name": "{{x}}", "tasks": []}', '{"properties": {"a": {}}}',
                'the template has variables that its schema does not: x',
                'an unknown variable in a workflow'))
       as w (key, kind, body, variables, message, what);

create function pg_temp.listed(
    kind text default null, tags text[] default null, archived boolean default false,
    after text default null, page_size integer default 100
) returns text
language sql
as $$
    select string_agg(t.template_key, ',')
      from docket.list_templates(docket_test.project_id(), listed.kind, listed.tags,
                                 listed.archived, listed.after, listed.page_size) as t;
$$;
select docket.put_template(docket_test.project_id(), 'zed', 'prompt', 'z', tags => '{a,b}');
select is(pg_temp.listed(), 'cfg,review,zed', 'all that is in use, by key');
select is(pg_temp.listed('prompt', page_size => 1), 'review', 'of a kind, by pages');
select is(pg_temp.listed(after => 'review'), 'zed', 'and on');
select is(pg_temp.listed(tags => '{a}'), 'zed', 'with tags');
select is(
    (docket.archive_template((select m.template_id from made as m))).archived_at, docket.clock(),
    'a template can be put away');
select is(pg_temp.listed() || ' ' || pg_temp.listed(archived => true), 'cfg,zed cfg,review,zed',
    'and is listed only where it is asked for');
select is(
    (select t.body || t.version
       from docket.get_template(docket_test.project_id(), 'review', 1) as t),
    'Review {{file}}1', 'each version can be read');
select throws_ok(
    $$ select docket.get_template(docket_test.project_id(), 'none') $$, 'PD404',
    'template ''none'' does not exist', 'of what there is');

select * from finish();
rollback;
