-- What an artifact may be: its path, its place, its type.

begin;
select plan(13);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

-- Every kind of content has its type.
create temporary table files (file_path text, head bytea, content_type text);
insert into files
values ('src/app.py', 'import os', 'text/x-python'),
       ('a.tar.gz', '\x1f8b0800', 'application/gzip'),
       ('logo.txt', '\x89504e470d0a1a0a00', 'image/png'),
       ('x.jar', '\x504b0304', 'application/java-archive'),
       ('x.py', '\x504b0304', 'application/zip'),
       ('run', '#!/usr/bin/env bash', 'text/x-shellscript'),
       ('run', e'#!/usr/bin/python3\n', 'text/x-python'),
       ('data', ' [{"a": 1}]', 'application/json'),
       ('page', '<!DOCTYPE html><p>', 'text/html'),
       ('notes', convert_to('Größe', 'UTF8'), 'text/plain'),
       ('latin.md', '\xe9', 'application/octet-stream'), ('x.mp4', '\x00000020', 'video/mp4'),
       ('x.bin', '\x0001', 'application/octet-stream'), ('x.png', 'no picture', 'text/plain'),
       ('empty.md', '', 'text/markdown'), ('empty', '', 'text/plain'),
       ('away.pdf', null, 'application/pdf'),
       ('away', null, 'application/octet-stream'), ('Dockerfile', 'FROM x', 'text/x-dockerfile'),
       ('a/r.SARIF', '{}', 'application/sarif+json'),
       ('cut.txt', convert_to(repeat('x', 4095) || 'ö' || repeat('x', 9), 'UTF8'), 'text/plain');
select is_empty(
    $$ select f.file_path, docket_private.detect_content_type(f.file_path, f.head), f.content_type
         from files as f
        where docket_private.detect_content_type(f.file_path, f.head) <> f.content_type $$,
    'the bytes and the path say what it is');

-- A function per rule, which says what it refuses.
create function pg_temp.put(file_path text, storage_type text default 'database',
storage_location text default null) returns text
language sql
as $$
    select a.storage_type || ' ' || a.file_path
      from docket.put_artifact(
               docket_test.id('a'), put.file_path,
               case when put.storage_type = 'database' and put.storage_location is null
                    then 'x'::bytea end,
               storage_type => put.storage_type, storage_location => put.storage_location,
               content_hash => sha256('x'), content_size => 1) as a
$$;

select is(pg_temp.put('src/a b/.hidden/ü..txt'), 'database src/a b/.hidden/ü..txt',
    'a path in the repository is a path');
create function pg_temp.refused(file_path text, storage_type text default 'database',
storage_location text default null) returns text
language plpgsql
as $$
begin
    perform pg_temp.put(refused.file_path, refused.storage_type, refused.storage_location);
    return null;
exception
    when sqlstate 'PD422' then
        return null;
    when others then
        return format('%s %s %s: %s', file_path, storage_type, storage_location, sqlerrm);
end;
$$;
create function pg_temp.taken(file_path text, storage_type text default 'database',
storage_location text default null) returns text
language plpgsql
as $$
begin
    return pg_temp.put(taken.file_path, taken.storage_type, taken.storage_location);
exception
    when sqlstate 'PD422' then
        return null;
end;
$$;
select is_empty(
    $$ select p.path
         from unnest(array['', '/etc/passwd', '../a', 'a/../b', 'a/..', './a', 'a//b', 'a/', '.',
                           'C:/a', 'a\b', e'a\nb', repeat('x', 1025)]) as p (path)
        where pg_temp.refused(p.path) is not null or pg_temp.taken(p.path) is not null $$,
    'what leads out of it is none');

select is_empty(
    $$ select l.*
         from (values ('s3', 's3://bucket.of-mine/a/b c.txt'), ('gcs', 'gs://bucket_1/a'),
                      ('azure_blob', 'https://account1.blob.core.windows.net/box/a/b'),
                      ('file', 'file:///srv/builds/a.tar')) as l (storage, location)
        where pg_temp.taken('f', l.storage, l.location) is null $$,
    'every store has its own kind of location');
select is_empty(
    $$ select l.*
         from (values ('s3', null), ('s3', 's3://Bucket/a'), ('s3', 's3://bucket/'),
                      ('s3', 'https://bucket.s3.amazonaws.com/a'), ('s3', 'gs://bucket/a'),
                      ('s3', 's3://bucket/a?X-Amz-Signature=c0ffee'), ('gcs', 's3://bucket/a'),
                      ('azure_blob', 'https://account1.blob.core.windows.net/box/a?sig=c0ffee'),
                      ('azure_blob', 'https://me:secret@account1.blob.core.windows.net/box/a'),
                      ('file', '/srv/a'), ('file', 'file:///srv/../etc/passwd'),
                      ('file', 'file://host/a'), ('database', 'file:///srv/a'),
                      ('ftp', 'ftp://a/b'),
                      ('s3', 's3://bucket/' || repeat('x', 2048))) as l (storage, location)
        where pg_temp.refused('f', l.storage, l.location) is not null
           or pg_temp.taken('f', l.storage, l.location) is not null $$,
    'and no other, nor one with a secret in it');

select is(
    (docket.put_artifact(docket_test.id('a'), 'b', 'x', ' Design:Sketch ')).artifact_type::text,
    'design:sketch', 'any word is a type');
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'b', 'x', 'two words') $$,
    'PD422', null, 'and two are none');
select throws_ok(
    $$ select docket.put_artifact(docket_test.id('a'), 'b', 'y', content_type => 'text') $$,
    'PD422', null, 'a media type has two parts');

-- Whoever writes past the functions is held to the same.
select throws_ok(
    $$ insert into docket.artifact_contents (content_hash, project_id, content)
       values (sha256('a'), docket_test.project_id(), 'b') $$,
    '23514', null, 'content is kept under no other hash');
select throws_ok(
    $$ update docket.code_artifacts set stored_hash = null where storage_type = 'database' $$,
    '23514', null, 'none is without');
select throws_ok(
    $$ delete from docket.artifact_contents $$, '23503', null, 'or loses it');
select throws_ok(
    $$ update docket.code_artifacts set project_id = gen_random_uuid() $$, '23503', null,
    'or moves to another project');
select is(
    (select count(*) from docket.artifact_contents), 1::bigint,
    'one content is kept once');

select * from finish();
rollback;
