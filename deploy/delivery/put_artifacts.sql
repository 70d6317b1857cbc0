-- Deploy pgdocket:delivery/put_artifacts to pg
-- requires: context/record_interactions
-- requires: delivery/code_artifacts
-- requires: graph/add_dependency
-- requires: platform/check_batch
-- requires: platform/idempotency_keys
-- requires: queue/complete_tasks

begin;
set local role docket_owner;

create function docket_private.check_attempts(
    project_id  uuid,
    task_ids    uuid[],
    attempt_ids uuid[]
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong record;
begin
    select g.attempt_id, a.attempt_id is null as is_unknown into v_wrong
      from unnest(check_attempts.task_ids, check_attempts.attempt_ids)
               as g (task_id, attempt_id)
      left join lateral (
               select b.attempt_id, b.outcome
                 from docket.task_attempts as b
                where b.attempt_id = g.attempt_id
                  and b.project_id = check_attempts.project_id
                  and b.task_id    = g.task_id
               offset 0
           ) as a on true
     where g.attempt_id is not null
       and (a.attempt_id is null or coalesce(a.outcome, 'completed') <> 'completed')
     limit 1;

    if found and v_wrong.is_unknown then
        raise exception 'attempt % is none of the task', v_wrong.attempt_id
            using errcode = 'PD404',
                  hint    = 'docket.claim_tasks() gives each task its attempt_id.';
    elsif found then
        perform docket_private.lease_lost(v_wrong.attempt_id);
    end if;
end;
$$;

comment on function docket_private.check_attempts(uuid, uuid[], uuid[]) is
    'Raises PD404 for an attempt that is none of its task, PDLSE for one that has lost it.';

create function docket_private.check_interactions_of(
    project_id      uuid,
    interaction_ids uuid[]
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown uuid := (
        select g.interaction_id
          from unnest(check_interactions_of.interaction_ids) as g (interaction_id)
         where g.interaction_id is not null
           and not exists (
                   select
                     from docket.ai_interactions as i
                    where i.interaction_id = g.interaction_id
                      and i.project_id     = check_interactions_of.project_id
                   offset 0)
         limit 1);
begin
    if v_unknown is not null then
        raise exception 'interaction % does not exist in this project', v_unknown
            using errcode = 'PD404',
                  hint    = 'docket.list_interactions() lists those of a project.';
    end if;
end;
$$;

comment on function docket_private.check_interactions_of(uuid, uuid[]) is
    'Raises PD404 for an interaction that the project does not have.';

-- What is told of an artifact has to agree with its content, and is completed from it.
create function docket_private.complete_artifacts(
    project_id uuid,
    artifacts  docket.code_artifacts[],
    contents   bytea[]
) returns docket.code_artifacts[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most  bigint := (docket_private.setting('max_artifact_bytes') #>> '{}')::bigint;
    v_file  docket.code_artifacts;
    v_bytes bytea;
    v_hash  bytea;
    v_done  docket.code_artifacts[];
begin
    -- A loop: of large contents one at a time is enough.
    for v_place in 1 .. cardinality(artifacts) loop
        v_file  := artifacts[v_place];
        v_bytes := contents[v_place];
        v_file.project_id := complete_artifacts.project_id;

        if v_file.storage_type = 'database' and v_bytes is null then
            raise exception 'artifact % has no content', quote_nullable(left(v_file.file_path, 200))
                using errcode = 'PD422',
                      hint    = 'Give its content, or where it is: storage_type and storage_location.';
        elsif v_file.storage_type <> 'database' and v_bytes is not null then
            raise exception 'artifact % has its content elsewhere, and content is given',
                            quote_nullable(left(v_file.file_path, 200))
                using errcode = 'PD422',
                      hint    = 'Give content or storage_location, not both.';
        elsif v_file.storage_type <> 'database'
              and (v_file.content_hash is null or v_file.content_size is null) then
            raise exception 'artifact % is elsewhere, and its SHA-256 and size are not told',
                            quote_nullable(left(v_file.file_path, 200))
                using errcode = 'PD422',
                      hint    = 'Give content_hash and content_size.';
        elsif octet_length(v_bytes) > v_most then
            raise exception 'artifact % has % bytes',
                            quote_nullable(left(v_file.file_path, 200)), octet_length(v_bytes)
                using errcode = 'PD413',
                      hint    = format('At most %s (setting max_artifact_bytes). Keep it in a store, and here where it is.', v_most);
        end if;

        v_hash := sha256(v_bytes);
        if v_file.content_hash <> v_hash then
            raise exception 'the content of artifact % has another SHA-256',
                            quote_nullable(left(v_file.file_path, 200))
                using errcode = 'PD422',
                      detail  = jsonb_build_object(
                                    'given', encode(v_file.content_hash, 'hex'),
                                    'found', encode(v_hash, 'hex'))::text,
                      hint    = 'It was damaged on its way, or the hash is of something else.';
        elsif v_file.content_size <> octet_length(v_bytes) then
            raise exception 'the content of artifact % has % bytes, not %',
                            quote_nullable(left(v_file.file_path, 200)), octet_length(v_bytes),
                            v_file.content_size
                using errcode = 'PD422';
        end if;

        if v_bytes is not null then
            v_file.content_hash := v_hash;
            v_file.content_size := octet_length(v_bytes);
            v_file.stored_hash  := v_hash;
        end if;
        v_file.content_type := coalesce(
            lower(btrim(v_file.content_type)),
            docket_private.detect_content_type(v_file.file_path, v_bytes));
        v_done := v_done || v_file;
    end loop;

    return v_done;
end;
$$;

comment on function docket_private.complete_artifacts(uuid, docket.code_artifacts[], bytea[]) is
    'Artifacts with the hash, size and type of their contents. Raises PD422 where what was told is not so, PD413.';

-- Each content once. Who has just removed the same is waited for; what is there is held until the
-- artifact that needs it is.
create function docket_private.keep_contents(
    artifacts docket.code_artifacts[],
    contents  bytea[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_missing boolean;
begin
    loop
        insert into docket.artifact_contents (content_hash, project_id, content)
        select distinct on (a.stored_hash) a.stored_hash, a.project_id, c.content
          from unnest(keep_contents.artifacts) with ordinality as a
          join unnest(keep_contents.contents) with ordinality as c (content, place)
            on c.place = a.ordinality
         where a.stored_hash is not null
         order by a.stored_hash
            on conflict on constraint artifact_contents_pkey do nothing;

          with held as (
              select c.content_hash
                from unnest(keep_contents.artifacts) as a
               cross join lateral (
                         select k.content_hash
                           from docket.artifact_contents as k
                          where k.content_hash = a.stored_hash
                            and k.project_id   = a.project_id
                            for key share
                     ) as c
          )
        select exists (
                   select
                     from unnest(keep_contents.artifacts) as a
                    where a.stored_hash is not null
                      and a.stored_hash not in (select h.content_hash from held as h))
          into v_missing;

        exit when not v_missing;
    end loop;
end;
$$;

comment on function docket_private.keep_contents(docket.code_artifacts[], bytea[]) is
    'Stores the contents of artifacts that the project has not yet.';

-- Behind the checks of the callers. The same content in the same place as the latest version makes
-- no new one; what else is told of it is taken over.
create function docket_private.store_artifacts(
    project_id      uuid,
    artifacts       docket.code_artifacts[],
    contents        bytea[],
    interaction_ids uuid[]
) returns docket.code_artifacts[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_given      docket.code_artifacts[];
    v_stored     docket.code_artifacts[];
    v_constraint text;
begin
    -- Two who put at once follow each other on the task: two versions in a row, none lost.
    perform
       from docket.tasks as t
      where t.task_id in (select g.task_id from unnest(store_artifacts.artifacts) as g)
        and t.project_id = store_artifacts.project_id
      order by t.task_id
        for no key update;

    perform docket_private.check_attempts(
        store_artifacts.project_id,
        array(select g.task_id from unnest(store_artifacts.artifacts) with ordinality as g
               order by g.ordinality),
        array(select g.attempt_id from unnest(store_artifacts.artifacts) with ordinality as g
               order by g.ordinality));
    perform docket_private.check_interactions_of(
        store_artifacts.project_id, store_artifacts.interaction_ids);

    begin
        v_given := docket_private.complete_artifacts(
            store_artifacts.project_id, store_artifacts.artifacts, store_artifacts.contents);
        perform docket_private.keep_contents(v_given, store_artifacts.contents);

        -- A snapshot that is kept may not see the latest version: naming the conflict turns what
        -- would be a duplicate key into a failure to serialize (40001).
          with given as materialized (
              select g.*
                from unnest(v_given) with ordinality as g
          ), latest as materialized (
              select g.ordinality, l.artifact_id, coalesce(l.version_no, 0) as version_no,
                     coalesce((l.content_hash, l.storage_type, coalesce(l.storage_location, ''))
                              = (g.content_hash, g.storage_type,
                                 coalesce(g.storage_location, '')), false) as is_same
                from given as g
                left join lateral (
                         select a.*
                           from docket.code_artifacts as a
                          where a.task_id    = g.task_id
                            and a.project_id = store_artifacts.project_id
                            and a.file_path  = g.file_path
                          order by a.version_no desc
                          limit 1
                     ) as l on true
          ), added as (
              insert into docket.code_artifacts as a (
                  artifact_id, project_id, task_id, attempt_id, artifact_type, file_path,
                  version_no, content_hash, content_size, content_type, storage_type,
                  storage_location, stored_hash, metadata)
              select docket_private.new_id(store_artifacts.project_id, g.ordinality),
                     store_artifacts.project_id, g.task_id, g.attempt_id, g.artifact_type,
                     g.file_path, l.version_no + 1, g.content_hash, g.content_size,
                     g.content_type, g.storage_type, g.storage_location, g.stored_hash,
                     coalesce(g.metadata, '{}')
                from given as g
                join latest as l on l.ordinality = g.ordinality
               where not l.is_same
               order by g.ordinality
                  on conflict on constraint code_artifacts_path_key do nothing
              returning a
          ), changed as (
              update docket.code_artifacts as a
                 set artifact_type = g.artifact_type,
                     content_type  = g.content_type,
                     metadata      = coalesce(g.metadata, a.metadata)
                from given as g
                join latest as l on l.ordinality = g.ordinality
               where l.is_same
                 and a.artifact_id = l.artifact_id
                 and a.project_id  = store_artifacts.project_id
              returning a
          ), stored as (
              select (n.a).* from added as n
               union all
              select (c.a).* from changed as c
          )
        select array_agg(s::docket.code_artifacts order by g.ordinality) into v_stored
          from given as g
          join stored as s
            on s.task_id = g.task_id
           and s.file_path = g.file_path;
    exception
        when foreign_key_violation then
            raise exception 'a task has been removed meanwhile'
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'artifacts are refused: %',
                            coalesce(
                                docket_private.constraint_text('code_artifacts', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    insert into docket.interaction_artifacts (interaction_id, project_id, artifact_id)
    select i.interaction_id, store_artifacts.project_id, s.artifact_id
      from unnest(v_stored) with ordinality as s
      join unnest(store_artifacts.interaction_ids) with ordinality as i (interaction_id, place)
        on i.place = s.ordinality
     where i.interaction_id is not null
        on conflict on constraint interaction_artifacts_pkey do nothing;

    return v_stored;
end;
$$;

comment on function docket_private.store_artifacts(
    uuid, docket.code_artifacts[], bytea[], uuid[]) is
    'Stores artifacts of one project, whose paths differ, and returns them in the order given. Raises PD404, PD413, PD422, PDLSE.';

create function docket.put_artifact(
    task_id          uuid,
    file_path        text,
    content          bytea  default null,
    artifact_type    text   default 'source_code',
    content_type     text   default null,
    content_hash     bytea  default null,
    storage_type     text   default 'database',
    storage_location text   default null,
    content_size     bigint default null,
    attempt_id       uuid   default null,
    interaction_id   uuid   default null,
    metadata         jsonb  default null,
    request_id       uuid   default null
) returns docket.code_artifacts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'put_artifact');
    v_project  uuid;
    v_artifact docket.code_artifacts;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.code_artifacts, v_answer);
    end if;

    v_project := docket_private.project_of_task(put_artifact.task_id);
    perform docket_private.require_project(v_project);

    begin
        v_artifact.task_id          := put_artifact.task_id;
        v_artifact.attempt_id       := put_artifact.attempt_id;
        v_artifact.artifact_type    := lower(btrim(put_artifact.artifact_type));
        v_artifact.file_path        := put_artifact.file_path;
        v_artifact.content_type     := put_artifact.content_type;
        v_artifact.content_hash     := put_artifact.content_hash;
        v_artifact.content_size     := put_artifact.content_size;
        v_artifact.storage_type     := coalesce(put_artifact.storage_type, 'database');
        v_artifact.storage_location := put_artifact.storage_location;
        v_artifact.metadata         := put_artifact.metadata;
    exception
        when check_violation then
            raise exception 'an artifact of type % in % can not be meant',
                            quote_nullable(left(put_artifact.artifact_type, 100)),
                            quote_nullable(left(put_artifact.storage_type, 100))
                using errcode = 'PD422',
                      hint    = 'A type is a word such as source_code; storage_type is database, s3, azure_blob, gcs or file.';
    end;

    v_artifact := (docket_private.store_artifacts(
        v_project, array[v_artifact], array[put_artifact.content],
        array[put_artifact.interaction_id]))[1];

    perform docket_private.remember(request_id, to_jsonb(v_artifact));
    return v_artifact;
end;
$$;

comment on function docket.put_artifact(
    uuid, text, bytea, text, text, bytea, text, text, bigint, uuid, uuid, jsonb, uuid) is
'Stores a file that was made for a task, as the next version of its path; the same content as the
latest version again makes none.

`file_path` is where it is in the repository (relative). `content` are its bytes, up to the setting
max_artifact_bytes; kept once in a project, however many artifacts have them. `artifact_type` is any
word (source_code, test_file, documentation...), `content_type` its media type (null: told from
path and first bytes). `content_hash` is the SHA-256 that the content has to have, `content_size`
its bytes. What is kept elsewhere has `storage_type` s3, azure_blob, gcs or file, the URL as
`storage_location` (without a query: that could be a secret), hash and size, and no content.
`attempt_id` is the attempt that made it, which has not lost the task; `interaction_id` the
interaction that it came of; `metadata` an object. The same `request_id` again returns the first
answer. Returns the artifact. Raises PD404, PD403, PD413, PD422 (the hash is another, or what can
not be meant), PDLSE.';

-- Refuses what can't be meant before anything is written, and says which element it is.
create function docket_private.check_artifacts(artifacts jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known constant text[] := array[
        'task_id', 'file_path', 'artifact_type', 'content', 'content_base64', 'content_hash',
        'content_size', 'content_type', 'storage_type', 'storage_location', 'attempt_id',
        'interaction_id', 'metadata'];
    v_wrong record;
begin
    perform docket_private.check_batch(
        artifacts, 'artifacts', 'artifact',
        'Give an array of objects with task_id, file_path and content or content_base64.', v_known);

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(artifacts) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when coalesce(e.element ->> 'task_id', '')
                               !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                              then 'has no task_id'
                          when coalesce(e.element ->> 'file_path', '') = ''
                              then 'has no file_path'
                          when e.element ->> 'content_hash' !~* '^[0-9a-f]{64}$'
                              then 'has a content_hash that is no SHA-256 in 64 hex digits'
                          when num_nonnulls(e.element ->> 'content', e.element ->> 'content_base64')
                               > 1
                              then 'has content and content_base64'
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'artifact number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(v_known, ', '));
    end if;

    select min(e.place) as place, e.element ->> 'file_path' as file_path into v_wrong
      from jsonb_array_elements(artifacts) with ordinality as e (element, place)
     group by lower(e.element ->> 'task_id'), e.element ->> 'file_path'
    having count(*) > 1
     limit 1;

    if found then
        raise exception 'path % of one task is there twice',
                        quote_literal(left(v_wrong.file_path, 200))
            using errcode = 'PD422',
                  hint    = 'Two versions of a file take two calls.';
    end if;
end;
$$;

comment on function docket_private.check_artifacts(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of artifacts.';

create function docket.put_artifacts(
    artifacts  jsonb,
    request_id uuid default null
) returns setof docket.code_artifacts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'put_artifacts');
    v_project uuid;
    v_given   record;
    v_stored  docket.code_artifacts[];
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.code_artifacts, v_answer);
        return;
    end if;

    perform docket_private.check_artifacts(put_artifacts.artifacts);

    v_project := docket_private.project_of_tasks(array(
        select distinct (e.element ->> 'task_id')::uuid
          from jsonb_array_elements(put_artifacts.artifacts) as e (element)));
    perform docket_private.require_project(v_project);

    begin
        select array_agg(
                   jsonb_populate_record(
                       null::docket.code_artifacts,
                       (g.element - array['content', 'content_base64', 'content_hash',
                                          'interaction_id'])
                       || jsonb_build_object(
                              'artifact_type', coalesce(
                                  lower(btrim(g.element ->> 'artifact_type')), 'source_code'),
                              'storage_type', coalesce(g.element ->> 'storage_type', 'database'),
                              'content_hash', '\x' || (g.element ->> 'content_hash')))
                   order by g.place) as artifacts,
               array_agg(
                   coalesce(convert_to(g.element ->> 'content', 'UTF8'),
                            decode(g.element ->> 'content_base64', 'base64'))
                   order by g.place) as contents,
               array_agg((g.element ->> 'interaction_id')::uuid order by g.place) as interactions
          into v_given
          from jsonb_array_elements(put_artifacts.artifacts) with ordinality as g (element, place);
    exception
        when check_violation or data_exception then
            raise exception 'artifacts are refused: %', left(sqlerrm, 300)
                using errcode = 'PD422',
                      hint    = 'storage_type is database, s3, azure_blob, gcs or file; docket.put_artifact() says what the fields are.';
    end;

    v_stored := docket_private.store_artifacts(
        v_project, v_given.artifacts, v_given.contents, v_given.interactions);

    perform docket_private.remember(put_artifacts.request_id, to_jsonb(v_stored));
    return query
    select u.* from unnest(v_stored) as u;
end;
$$;

comment on function docket.put_artifacts(jsonb, uuid) is
'Stores files that were made for tasks, each as put_artifact() does. All or none.

`artifacts` is an array of objects (up to the setting max_batch_size), of tasks of one project, no
path of a task twice, with task_id, file_path and content (text) or content_base64 (any bytes); and
artifact_type, content_type, content_hash (64 hex digits), content_size, storage_type,
storage_location, attempt_id, interaction_id and metadata, as the parameters of put_artifact(). The
same `request_id` again returns the first answer. Returns the artifacts, in the order given. Raises
PD404, PD403, PD413, PD422, PDLSE.';

create function docket.link_artifacts(
    interaction_id uuid,
    artifact_ids   uuid[],
    request_id     uuid default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'link_artifacts');
    v_most    integer := (docket_private.setting('max_batch_size') #>> '{}')::integer;
    v_project uuid;
    v_unknown text;
    v_count   bigint;
begin
    if v_answer is not null then
        return (v_answer #>> '{}')::bigint;
    end if;

    if cardinality(link_artifacts.artifact_ids) > v_most then
        raise exception '% artifacts in one call', cardinality(link_artifacts.artifact_ids)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_most);
    end if;

    v_project := (
        select i.project_id
          from docket.ai_interactions as i
         where i.interaction_id = link_artifacts.interaction_id
         limit 1);
    if v_project is null then
        raise exception 'interaction % does not exist',
                        coalesce(link_artifacts.interaction_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_interactions() lists those of a project.';
    end if;
    perform docket_private.require_project(v_project);

    v_unknown := (
        select coalesce(g.artifact_id::text, 'null')
          from unnest(link_artifacts.artifact_ids) as g (artifact_id)
         where not exists (
                   select
                     from docket.code_artifacts as a
                    where a.artifact_id = g.artifact_id
                      and a.project_id  = v_project
                   offset 0)
         limit 1);
    if v_unknown is not null then
        raise exception 'artifact % does not exist in the project of the interaction', v_unknown
            using errcode = 'PD404',
                  hint    = 'docket.list_artifacts() lists those of a project.';
    end if;

    begin
        insert into docket.interaction_artifacts (interaction_id, project_id, artifact_id)
        select distinct link_artifacts.interaction_id, v_project, g.artifact_id
          from unnest(link_artifacts.artifact_ids) as g (artifact_id)
            on conflict on constraint interaction_artifacts_pkey do nothing;
        get diagnostics v_count = row_count;
    exception
        when foreign_key_violation then
            raise exception 'an artifact has been deleted meanwhile'
                using errcode = 'PD404';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_count));
    return v_count;
end;
$$;

comment on function docket.link_artifacts(uuid, uuid[], uuid) is
'Says that artifacts came of an interaction with a model or a tool, or were what it was about.

`artifact_ids` are artifacts of the interaction''s project, up to the setting max_batch_size; those
that are linked already stay so. The same `request_id` again returns the first answer. Returns how
many were linked anew. Raises PD404, PD403, PD413.';

create function docket.delete_artifact(
    artifact_id uuid,
    request_id  uuid default null
) returns docket.code_artifacts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'delete_artifact');
    v_artifact docket.code_artifacts;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.code_artifacts, v_answer);
    end if;

    select a.* into v_artifact
      from docket.code_artifacts as a
     where a.artifact_id = delete_artifact.artifact_id;

    if found then
        perform docket_private.require_project(v_artifact.project_id);

        delete from docket.code_artifacts as a
         where a.artifact_id = v_artifact.artifact_id
           and a.project_id  = v_artifact.project_id;
    end if;

    if not found then
        raise exception 'artifact % does not exist',
                        coalesce(delete_artifact.artifact_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_artifacts() lists those of a project.';
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_artifact));
    return v_artifact;
end;
$$;

comment on function docket.delete_artifact(uuid, uuid) is
'Deletes artifact `artifact_id`, one version of a file: its content goes when no other artifact of the
project has it; what is kept in another store stays there. Validations of it stay, without it. The
same `request_id` again returns the first answer. Returns the artifact. Raises PD404, PD403.';

revoke all on function docket_private.check_attempts(uuid, uuid[], uuid[]) from public;
revoke all on function docket_private.check_interactions_of(uuid, uuid[]) from public;
revoke all on function docket_private.complete_artifacts(uuid, docket.code_artifacts[], bytea[])
  from public;
revoke all on function docket_private.keep_contents(docket.code_artifacts[], bytea[]) from public;
revoke all on function docket_private.store_artifacts(
    uuid, docket.code_artifacts[], bytea[], uuid[]) from public;
revoke all on function docket.put_artifact(
    uuid, text, bytea, text, text, bytea, text, text, bigint, uuid, uuid, jsonb, uuid)
  from public;
revoke all on function docket_private.check_artifacts(jsonb) from public;
revoke all on function docket.put_artifacts(jsonb, uuid) from public;
revoke all on function docket.link_artifacts(uuid, uuid[], uuid) from public;
revoke all on function docket.delete_artifact(uuid, uuid) from public;
grant execute on function
    docket.put_artifact(
        uuid, text, bytea, text, text, bytea, text, text, bigint, uuid, uuid, jsonb, uuid),
    docket.put_artifacts(jsonb, uuid),
    docket.link_artifacts(uuid, uuid[], uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.delete_artifact(uuid, uuid)
   to docket_admin, docket_app;

commit;
