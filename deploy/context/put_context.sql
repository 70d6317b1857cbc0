-- Deploy pgdocket:context/put_context to pg
-- requires: context/task_contexts

begin;
set local role docket_owner;

create function docket.put_context(
    task_id      uuid,
    context_type text,
    data         jsonb,
    request_id   uuid default null
) returns docket.task_contexts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb   := docket_private.replay(request_id, 'put_context');
    v_size    bigint  := octet_length(data::text);
    v_most    bigint  := (docket_private.setting('max_context_bytes') #>> '{}')::bigint;
    v_hash    bytea   := sha256(convert_to(data::text, 'UTF8'));
    v_project uuid;
    v_context docket.task_contexts;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.task_contexts, v_answer);
    end if;

    v_project := (select t.project_id from docket.tasks as t where t.task_id = put_context.task_id);
    if v_project is null then
        raise exception 'task % does not exist', coalesce(put_context.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_project);

    if put_context.data is null
       or coalesce(length(put_context.context_type), 0) not between 1 and 255 then
        raise exception 'a context needs a type of 1 to 255 characters, and data'
            using errcode = 'PD422';
    end if;

    if v_size > v_most then
        raise exception 'a context of % bytes', v_size
            using errcode = 'PD413',
                  hint    = format('At most %s bytes (setting max_context_bytes).', v_most);
    end if;

    -- Two who store at once follow each other on the task: two versions in a row, none lost.
    perform
       from docket.tasks as t
      where t.task_id    = put_context.task_id
        and t.project_id = v_project
        for no key update;

    select c.* into v_context
      from docket.task_contexts as c
     where c.task_id      = put_context.task_id
       and c.project_id   = v_project
       and c.context_type = put_context.context_type
     order by c.version desc
     limit 1;

    if v_context.content_hash is distinct from v_hash then
        -- A snapshot that is kept may not see the latest version: naming the conflict turns what
        -- would be a duplicate key into a failure to serialize (40001).
        insert into docket.task_contexts as c (
            task_id, project_id, context_type, version, data, content_hash, byte_size)
        values (
            put_context.task_id, v_project, put_context.context_type,
            coalesce(v_context.version, 0) + 1, put_context.data, v_hash, v_size)
            on conflict on constraint task_contexts_pkey do nothing
        returning c.* into v_context;
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_context));
    return v_context;
end;
$$;

comment on function docket.put_context(uuid, text, jsonb, uuid) is
'Stores what is known about a task, as the next version of its type; the same content as the latest
version again makes none.

`context_type` is any word (requirement, codebase, constraint...), `data` any JSON up to the setting
max_context_bytes. The same `request_id` again returns the first answer.
Returns the version. Raises PD404, PD403, PD413 (too large), PD422.';

create function docket.get_context(
    task_id      uuid,
    context_type text,
    version      integer default null
) returns setof docket.task_contexts
language sql
stable
rows 1
begin atomic
    select c.*
      from docket.task_contexts as c
     where c.task_id      = get_context.task_id
       and c.context_type = get_context.context_type
       and (get_context.version is null or c.version = get_context.version)
     order by c.version desc
     limit 1;
end;

comment on function docket.get_context(uuid, text, integer) is
'One type of a task''s context: the latest version, or the one named. Returns no row when there is none; raises nothing.';

create function docket.latest_contexts(task_id uuid) returns setof docket.task_contexts
language sql
stable
begin atomic
    select distinct on (c.context_type) c.*
      from docket.task_contexts as c
     where c.task_id = latest_contexts.task_id
     order by c.context_type, c.version desc;
end;

comment on function docket.latest_contexts(uuid) is
    'The latest version of each type of a task''s context, by type. Returns versions; raises nothing.';

create function docket.context_history(
    task_id      uuid,
    context_type text,
    after        integer default 0,
    page_size    integer default 100
) returns setof docket.task_contexts
language sql
stable
begin atomic
    select c.*
      from docket.task_contexts as c
     where c.task_id      = context_history.task_id
       and c.context_type = context_history.context_type
       and c.version > context_history.after
     order by c.version
     limit least(greatest(context_history.page_size, 1), 1000);
end;

comment on function docket.context_history(uuid, text, integer, integer) is
'Every version of one type of a task''s context, the first first, with author and time.

`after` is the version of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns versions; raises nothing.';

revoke all on function docket.put_context(uuid, text, jsonb, uuid) from public;
revoke all on function docket.get_context(uuid, text, integer) from public;
revoke all on function docket.latest_contexts(uuid) from public;
revoke all on function docket.context_history(uuid, text, integer, integer) from public;
grant execute on function docket.put_context(uuid, text, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.get_context(uuid, text, integer),
    docket.latest_contexts(uuid),
    docket.context_history(uuid, text, integer, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
