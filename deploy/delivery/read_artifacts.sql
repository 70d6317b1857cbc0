-- Deploy pgdocket:delivery/read_artifacts to pg
-- requires: delivery/code_artifacts

begin;
set local role docket_owner;

create function docket.get_artifact(artifact_id uuid) returns docket.code_artifacts
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_artifact docket.code_artifacts;
begin
    select a.* into v_artifact
      from docket.code_artifacts as a
     where a.artifact_id = get_artifact.artifact_id;

    if not found then
        raise exception 'artifact % does not exist',
                        coalesce(get_artifact.artifact_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_artifacts() lists those of a project.';
    end if;

    return v_artifact;
end;
$$;

comment on function docket.get_artifact(uuid) is
    'One artifact by its id, `artifact_id`. Returns the artifact, without its content. Raises PD404.';

create function docket.find_artifact(
    task_id    uuid,
    file_path  text,
    version_no integer default null
) returns setof docket.code_artifacts
language sql
stable
rows 1
begin atomic
    select a.*
      from docket.tasks as t
     cross join lateral (
               select f.*
                 from docket.code_artifacts as f
                where f.task_id    = t.task_id
                  and f.project_id = t.project_id
                  and f.file_path  = find_artifact.file_path
                  and (find_artifact.version_no is null
                       or f.version_no = find_artifact.version_no)
                order by f.version_no desc
                limit 1
           ) as a
     where t.task_id = find_artifact.task_id;
end;

comment on function docket.find_artifact(uuid, text, integer) is
'One file of a task by its path, `file_path`: its latest version, or the one that `version_no` says.

Returns the artifact, or no row; raises nothing.';

create function docket.list_artifacts(
    project_id     uuid,
    task_id        uuid    default null,
    artifact_type  text    default null,
    file_path      text    default null,
    content_hash   bytea   default null,
    attempt_id     uuid    default null,
    interaction_id uuid    default null,
    latest_only    boolean default false,
    after          uuid    default null,
    page_size      integer default 100
) returns setof docket.code_artifacts
language sql
stable
begin atomic
    -- A branch for each way in: one plan for all would read a project's artifacts for those of one
    -- task, and row-level security lets the planner take them for a few.
      with found as (
          select a.artifact_id, a.project_id
            from docket.tasks as t
           cross join lateral (
                     select f.artifact_id, f.project_id
                       from docket.code_artifacts as f
                      where f.task_id    = t.task_id
                        and f.project_id = t.project_id
                      order by f.file_path, f.version_no
                      limit all
                 ) as a
           where t.project_id = list_artifacts.project_id
             and t.task_id    = coalesce(list_artifacts.task_id, (
                     select b.task_id
                       from docket.task_attempts as b
                      where b.attempt_id = list_artifacts.attempt_id))
           union all
          select l.artifact_id, l.project_id
            from docket.interaction_artifacts as l
           where num_nonnulls(list_artifacts.task_id, list_artifacts.attempt_id) = 0
             and l.interaction_id = list_artifacts.interaction_id
             and l.project_id     = list_artifacts.project_id
           union all
          (select f.artifact_id, f.project_id
             from docket.code_artifacts as f
            where num_nonnulls(list_artifacts.task_id, list_artifacts.attempt_id,
                               list_artifacts.interaction_id) = 0
              and f.file_path   = list_artifacts.file_path
              and f.project_id  = list_artifacts.project_id)
           union all
          (select f.artifact_id, f.project_id
             from docket.code_artifacts as f
            where num_nonnulls(list_artifacts.task_id, list_artifacts.attempt_id,
                               list_artifacts.interaction_id, list_artifacts.file_path) = 0
              and f.content_hash = list_artifacts.content_hash
              and f.project_id   = list_artifacts.project_id)
           union all
          (select f.artifact_id, f.project_id
             from docket.code_artifacts as f
            where num_nonnulls(list_artifacts.task_id, list_artifacts.attempt_id,
                               list_artifacts.interaction_id, list_artifacts.file_path,
                               list_artifacts.content_hash) = 0
              and f.project_id = list_artifacts.project_id
              and (list_artifacts.after is null or f.artifact_id > list_artifacts.after)
              and (list_artifacts.artifact_type is null
                   or f.artifact_type = lower(btrim(list_artifacts.artifact_type)))
              and (not list_artifacts.latest_only
                   or f.version_no = (
                          select max(n.version_no)
                            from docket.code_artifacts as n
                           where n.task_id    = f.task_id
                             and n.project_id = f.project_id
                             and n.file_path  = f.file_path))
            order by f.artifact_id
            limit least(greatest(list_artifacts.page_size, 1), 1000))
      )
    select a.*
      from found as f
     cross join lateral (
               select c.*
                 from docket.code_artifacts as c
                where c.artifact_id = f.artifact_id
                  and c.project_id  = f.project_id
                order by c.artifact_id
                limit 1
           ) as a
     where (list_artifacts.artifact_type is null
            or a.artifact_type = lower(btrim(list_artifacts.artifact_type)))
       and (list_artifacts.file_path is null or a.file_path = list_artifacts.file_path)
       and (list_artifacts.content_hash is null
            or a.content_hash = list_artifacts.content_hash)
       and (list_artifacts.attempt_id is null or a.attempt_id = list_artifacts.attempt_id)
       and (list_artifacts.interaction_id is null
            or a.artifact_id = (
                   select l.artifact_id
                     from docket.interaction_artifacts as l
                    where l.interaction_id = list_artifacts.interaction_id
                      and l.project_id     = a.project_id
                      and l.artifact_id    = a.artifact_id))
       and (not list_artifacts.latest_only
            or a.version_no = (
                   select max(n.version_no)
                     from docket.code_artifacts as n
                    where n.task_id    = a.task_id
                      and n.project_id = a.project_id
                      and n.file_path  = a.file_path))
       and (list_artifacts.after is null or a.artifact_id > list_artifacts.after)
     order by a.artifact_id
     limit least(greatest(list_artifacts.page_size, 1), 1000);
end;

comment on function docket.list_artifacts(
    uuid, uuid, text, text, bytea, uuid, uuid, boolean, uuid, integer) is
'The artifacts of a project that meet every condition given, the first stored first, without their
contents.

`task_id`, `attempt_id` and `interaction_id` say what they were made for and in, `artifact_type`
what they are, `file_path` where, `content_hash` (SHA-256) with what content; `latest_only` leaves
out what has a later version. `after` is the id of the last row of the previous page, `page_size` is
in rows (1 to 1000). Returns artifacts; raises nothing.';

create function docket.artifact_content(
    artifact_id uuid,
    from_byte   bigint default 0,
    max_bytes   bigint default null
) returns table (
    content          bytea,
    content_size     bigint,
    content_hash     bytea,
    content_type     text,
    storage_type     text,
    storage_location text
)
language sql
stable
rows 1
begin atomic
    select substring(
               c.content
               from least(greatest(artifact_content.from_byte, 0), 2000000000)::integer + 1
               for least(greatest(coalesce(artifact_content.max_bytes, a.content_size), 0),
                         2000000000 - least(greatest(artifact_content.from_byte, 0),
                                            2000000000))::integer),
           a.content_size, a.content_hash, a.content_type, a.storage_type::text,
           a.storage_location
      from docket.code_artifacts as a
      left join lateral (
               select k.content
                 from docket.artifact_contents as k
                where k.content_hash = a.stored_hash
                  and k.project_id   = a.project_id
                order by k.content_hash
                limit 1
           ) as c on true
     where a.artifact_id = artifact_content.artifact_id;
end;

comment on function docket.artifact_content(uuid, bigint, bigint) is
'The content of an artifact, byte for byte, or a part of it.

`from_byte` is where the part begins, from 0, `max_bytes` how long it is at most (null: to the end).
Returns a row with the part, the size and the SHA-256 of the whole and its media type; no row where
there is no such artifact. content and storage_location may be null: what is not kept in the
database is at storage_location. Raises nothing.';

create function docket.verify_artifacts(
    project_id    uuid,
    after         uuid    default null,
    max_artifacts integer default 1000,
    max_bytes     bigint  default 268435456
) returns table (
    checked    bigint,
    byte_size  bigint,
    next_after uuid,
    wrong      jsonb
)
language sql
stable
rows 1
begin atomic
    -- By sizes as they were told, which needs no content: so a step that ends reads no more.
      with step as materialized (
          select s.*
            from (
                select a.artifact_id, a.project_id, a.task_id, a.file_path, a.version_no,
                       a.content_hash, a.content_size, a.stored_hash, a.storage_type,
                       count(*) over so_far as place,
                       sum(a.content_size) filter (where a.storage_type = 'database')
                           over so_far as bytes
                  from docket.code_artifacts as a
                 where a.project_id = verify_artifacts.project_id
                   and (verify_artifacts.after is null
                        or a.artifact_id > verify_artifacts.after)
                window so_far as (order by a.artifact_id rows unbounded preceding)
                 order by a.artifact_id
                 limit least(greatest(verify_artifacts.max_artifacts, 1), 10000)
            ) as s
           where s.place = 1
              or coalesce(s.bytes, 0) <= verify_artifacts.max_bytes
      ), contents as materialized (
          select h.stored_hash, c.content_hash is not null as is_there,
                 octet_length(c.content) as content_size,
                 sha256(c.content) = h.stored_hash as is_exact
            from (select distinct s.stored_hash, s.project_id from step as s) as h
            left join lateral (
                     select k.content_hash, k.content
                       from docket.artifact_contents as k
                      where k.content_hash = h.stored_hash
                        and k.project_id   = h.project_id
                      order by k.content_hash
                      limit 1
                 ) as c on true
           where h.stored_hash is not null
      ), problems as (
          select s.artifact_id, s.task_id, s.file_path, s.version_no,
                 case
                     when not c.is_there then 'its content is not there'
                     when not c.is_exact then 'its content has another SHA-256'
                     when s.content_hash <> s.stored_hash then 'it names another content'
                     when s.content_size <> c.content_size then 'its size is another'
                 end as problem
            from step as s
            join contents as c on c.stored_hash = s.stored_hash
      ), told as (
          select jsonb_agg(
                     jsonb_build_object(
                         'artifact_id', p.artifact_id, 'task_id', p.task_id,
                         'file_path', p.file_path, 'version_no', p.version_no,
                         'problem', p.problem)
                     order by p.artifact_id) as wrong
            from problems as p
           where p.problem is not null
      ), ended as (
          select count(*) as checked, coalesce(max(s.bytes), 0) as bytes,
                 (array_agg(s.artifact_id order by s.artifact_id desc))[1] as artifact_id
            from step as s
      )
    select e.checked, e.bytes::bigint,
           case
               when exists (
                        select
                          from docket.code_artifacts as a
                         where a.project_id  = verify_artifacts.project_id
                           and a.artifact_id > e.artifact_id)
               then e.artifact_id
           end,
           coalesce(t.wrong, '[]')
      from ended as e
     cross join told as t;
end;

comment on function docket.verify_artifacts(uuid, uuid, integer, bigint) is
'Whether the artifacts of a project are still what they were: for those whose content is in the
database, that it is there, and that its SHA-256 and its size are those that were stored. One step
of it: `max_artifacts` (1 to 10000) of them, `max_bytes` of content at most (but one artifact at
least).

`after` is next_after of the previous step. Returns one row: checked counts the artifacts, byte_size
the bytes that were read; next_after may be null: that was the last step; wrong is an array of
objects with artifact_id, task_id, file_path, version_no and problem. Raises nothing.';

revoke all on function docket.get_artifact(uuid) from public;
revoke all on function docket.find_artifact(uuid, text, integer) from public;
revoke all on function docket.list_artifacts(
    uuid, uuid, text, text, bytea, uuid, uuid, boolean, uuid, integer) from public;
revoke all on function docket.artifact_content(uuid, bigint, bigint) from public;
revoke all on function docket.verify_artifacts(uuid, uuid, integer, bigint) from public;
grant execute on function
    docket.get_artifact(uuid),
    docket.find_artifact(uuid, text, integer),
    docket.list_artifacts(
        uuid, uuid, text, text, bytea, uuid, uuid, boolean, uuid, integer),
    docket.artifact_content(uuid, bigint, bigint),
    docket.verify_artifacts(uuid, uuid, integer, bigint)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
