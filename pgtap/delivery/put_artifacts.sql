-- Files come back byte for byte, in versions; each content is kept once, and goes with the last.

begin;
select plan(34);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

select results_eq(
    $$ select a.version_no, a.content_hash, a.content_size, a.content_type, a.storage_type::text,
              a.artifact_type::text, a.metadata
         from docket.put_artifact(docket_test.id('a'), 'src/app.py', 'print(1)') as a $$,
    $$ values (1, sha256('print(1)'), 8::bigint, 'text/x-python', 'database', 'source_code',
               '{}'::jsonb) $$,
    'hash, size and type are reckoned here');
select is((docket.put_artifact(docket_test.id('a'), 'src/app.py', 'print(1)')).version_no, 1,
    'the same again makes no version');
select results_eq(
    $$ select a.version_no, a.metadata, a.artifact_type::text
         from docket.put_artifact(docket_test.id('a'), 'src/app.py', 'print(1)', 'test_file',
                                  metadata => '{"by": "ada"}') as a $$,
    $$ values (1, '{"by": "ada"}'::jsonb, 'test_file') $$,
    'but takes over what else is told');
select is((docket.put_artifact(docket_test.id('a'), 'src/app.py', 'print(2)')).version_no, 2,
    'other content does');
select is((docket.put_artifact(docket_test.id('a'), 'src/app.py', 'print(1)')).version_no, 3,
    'also where an older version had it');
select is((docket.put_artifact(docket_test.id('b'), 'src/app.py', 'print(1)')).version_no, 1,
    'each task has versions of its own');
select is((select count(*) from docket.artifact_contents), 2::bigint,
    'each content is there once');
select results_eq(
    $$ select c.content, c.content_size, c.content_type
         from docket.find_artifact(docket_test.id('a'), 'src/app.py', 2) as a
        cross join lateral docket.artifact_content(a.artifact_id) as c $$,
    $$ values ('print(2)'::bytea, 8::bigint, 'text/x-python') $$,
    'every version can be read');

-- Damage is refused.
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'x', 'y', content_hash => sha256('x')) $$,
    'PD422', 'the content of artifact ''x'' has another SHA-256', 'another hash is refused');
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'x', 'y', content_size => 2) $$,
    'PD422', null, 'another size is refused');
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'x') $$,
    'PD422', 'artifact ''x'' has no content', 'nothing is refused');
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'x', storage_type => 's3',
                                  storage_location => 's3://bucket/x') $$,
    'PD422', null, 'what is elsewhere has a hash and a size');

-- Any bytes, and parts of them.
create temporary table bytes as
select string_agg(set_byte('\x00', 0, b % 256), '' order by b) as content
  from generate_series(0, 9999) as b;
create temporary table kept as
select a.artifact_id
  from bytes as b
 cross join lateral docket.put_artifact(docket_test.id('a'), 'all.bin', b.content) as a;
select ok(
    (select c.content = b.content and c.content_hash = sha256(b.content)
       from kept as k
      cross join bytes as b
      cross join lateral docket.artifact_content(k.artifact_id) as c),
    'every byte comes back');
select results_eq(
    $$ select p.content
         from kept as k
        cross join (values (256, 2), (9999, 10), (10000, 1), (-5, 1), (0, 0), (3000000000, 1))
              as w (from_byte, max_bytes)
        cross join lateral docket.artifact_content(k.artifact_id, w.from_byte, w.max_bytes) as p $$,
    $$ values ('\x0001'::bytea), ('\x0f'), (''), ('\x00'), (''), ('') $$,
    'also in parts');
update docket.settings as s
   set value = '5'
 where s.setting_key = 'max_artifact_bytes';
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'x', 'aaaaaa') $$,
    'PD413', 'artifact ''x'' has 6 bytes', 'of bounded size');

-- Many at once.
select results_eq(
    $$ select a.file_path, a.version_no, a.content_type, encode(a.content_hash, 'hex')
         from docket.put_artifacts(jsonb_build_array(
                  jsonb_build_object('task_id', docket_test.id('b'), 'file_path', 'z.md',
                                     'content', 'Hé'),
                  jsonb_build_object('task_id', docket_test.id('a'), 'file_path', 'z.md',
                                     'content_base64', 'AAE=', 'artifact_type', 'documentation'),
                  jsonb_build_object('task_id', docket_test.id('a'), 'file_path', 'src/app.py',
                                     'content', 'p'),
                  jsonb_build_object('task_id', docket_test.id('a'), 'file_path', 'dist/a.whl',
                                     'storage_type', 'gcs', 'storage_location', 'gs://box/a.whl',
                                     'content_hash', repeat('0a', 32),
                                     'content_size', 70000))) as a $$,
    $$ values ('z.md', 1, 'text/markdown', encode(sha256(convert_to('Hé', 'UTF8')), 'hex')),
              ('z.md', 1, 'application/octet-stream', encode(sha256('\x0001'), 'hex')),
              ('src/app.py', 4, 'text/x-python', encode(sha256('p'), 'hex')),
              ('dist/a.whl', 1, 'application/zip', repeat('0a', 32)) $$,
    'a batch comes back in its order');
select results_eq(
    $$ select c.content, c.storage_location
         from docket.find_artifact(docket_test.id('a'), 'dist/a.whl') as a
        cross join lateral docket.artifact_content(a.artifact_id) as c $$,
    $$ values (null::bytea, 'gs://box/a.whl') $$,
    'what is elsewhere is said to be there');
create function pg_temp.batch(element jsonb) returns bigint
language sql
as $$
    select count(*)
      from docket.put_artifacts(jsonb_build_array(
               jsonb_build_object('task_id', docket_test.id('a'), 'file_path', 'y', 'content', 'y'),
               jsonb_build_object('task_id', docket_test.id('a'), 'file_path', 'x', 'content', 'x')
               || batch.element))
$$;
select throws_ok($$ select pg_temp.batch('{"file_path": "y"}') $$, 'PD422',
    'path ''y'' of one task is there twice', 'one path twice is two calls');
select throws_ok($$ select pg_temp.batch('{"content_base64": "AA=="}') $$, 'PD422',
    'artifact number 2 has content and content_base64', 'content is given once');
select throws_ok($$ select pg_temp.batch('{"content": null, "content_base64": "!"}') $$, 'PD422',
    null, 'base64 is base64');
select throws_ok($$ select pg_temp.batch('{"colour": 1}') $$, 'PD422',
    'artifact number 2 has a field colour that artifacts do not have', 'fields are known');
select throws_ok($$ select pg_temp.batch('{"content_hash": "abc"}') $$, 'PD422', null,
    'a hash is a hash');
select throws_ok($$ select docket.put_artifacts('[]') $$, 'PD422', null, 'none is no batch');

-- The attempt that made it.
create temporary table claimed as
select c.attempt_id from docket.start_task(docket_test.id('b'), 'ada') as c;
select isnt((docket.put_artifact(docket_test.id('b'), 'x', 'x',
                 attempt_id => (select c.attempt_id from claimed as c))).attempt_id, null,
    'an attempt puts what it made');
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'x', 'x',
                  attempt_id => (select c.attempt_id from claimed as c)) $$,
    'PD404', null, 'for its own task');
select docket.release_task(c.attempt_id) from claimed as c;
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('b'), 'x', 'y',
                  attempt_id => (select c.attempt_id from claimed as c)) $$,
    'PDLSE', null, 'and not when it has lost it');

-- The interaction that it came of.
create temporary table said as
select i.interaction_id
  from docket.record_interaction(docket_test.id('a'), 'ada', 'code_generation', true) as i;
select docket.put_artifact(docket_test.id('a'), 'made.py', 'm',
           interaction_id => (select s.interaction_id from said as s));
select is(
    (select docket.link_artifacts(s.interaction_id, array_agg(a.artifact_id))
       from said as s
      cross join docket.list_artifacts(docket_test.project_id(), docket_test.id('a'),
                                       file_path => 'src/app.py') as a
      group by s.interaction_id),
    4::bigint, 'an interaction is linked to what it was about');
select set_eq(
    $$ select a.file_path || a.version_no
         from said as s
        cross join lateral docket.list_artifacts(
                  docket_test.project_id(), interaction_id => s.interaction_id) as a $$,
    array['made.py1', 'src/app.py1', 'src/app.py2', 'src/app.py3', 'src/app.py4'],
    'and leads to it');
select throws_ok(
    $$ select docket.put_artifact(
                  docket_test.id('a'), 'x', 'x', interaction_id => gen_random_uuid()) $$,
    'PD404', null, 'an interaction that is none is refused');

-- The same request.
select is(
    (docket.put_artifact(docket_test.id('a'), 'r', 'r',
                         request_id => '018f0000-0000-7000-8000-000000000001')).artifact_id,
    (docket.put_artifact(docket_test.id('a'), 'r', 's',
                         request_id => '018f0000-0000-7000-8000-000000000001')).artifact_id,
    'the same request is answered once');

-- Content goes with the last that has it.
select docket.record_validation(
           docket_test.id('a'), 'style', 'passed', artifact_id => a.artifact_id)
  from docket.find_artifact(docket_test.id('a'), 'src/app.py', 2) as a;
select docket.delete_artifact(a.artifact_id)
  from docket.find_artifact(docket_test.id('a'), 'src/app.py', 2) as a;
select results_eq(
    $$ select count(*), count(v.artifact_id) from docket.validation_results as v $$,
    $$ values (1::bigint, 0::bigint) $$, 'a validation stays, without its artifact');
select docket.purge_task(docket_test.id('a'));
select set_eq(
    $$ select c.content from docket.artifact_contents as c $$,
    array['print(1)'::bytea, convert_to('Hé', 'UTF8'), 'x'],
    'what another task has as well stays');
select docket.purge_task(docket_test.id('b'));
select is_empty($$ select from docket.artifact_contents $$, 'until nobody has it');
select is_empty($$ select from docket.interaction_artifacts $$, 'links go too');

select * from finish();
rollback;
