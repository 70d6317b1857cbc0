-- Deploy pgdocket:context/put_context to pg
-- requires: context/context_types
-- requires: context/escaped_json
-- requires: context/search_contexts
-- requires: context/task_contexts
-- requires: graph/add_dependency
-- requires: projects/update_project
-- requires: queue/complete_tasks

begin;
set local role docket_owner;

-- A version as it was, by what replay() kept of it: versions never change, but they may be pruned.
create function docket_private.first_answer(answer jsonb) returns docket.task_contexts
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_context docket.task_contexts := jsonb_populate_record(
        null::docket.task_contexts, first_answer.answer);
begin
    v_context.data := coalesce(
        (select c.data
           from docket.task_contexts as c
          where c.task_id      = v_context.task_id
            and c.context_type = v_context.context_type
            and c.version      = v_context.version),
        'null');
    return v_context;
end;
$$;

comment on function docket_private.first_answer(jsonb) is
    'The version that a write with the same request_id made; without its data where it has been pruned since.';

create function docket_private.remember_context(
    request_id uuid,
    context    docket.task_contexts
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if remember_context.request_id is not null then
        context.data := null;
        perform docket_private.remember(
            remember_context.request_id, jsonb_strip_nulls(to_jsonb(context)));
    end if;
end;
$$;

comment on function docket_private.remember_context(uuid, docket.task_contexts) is
    'Ends a write of a context that may be repeated: keeps its answer, less its data.';

-- Two who store at once follow each other on the task: two versions in a row, none lost. An attempt
-- that no longer holds the task is told under the same lock.
create function docket_private.lock_context(
    project_id       uuid,
    task_id          uuid,
    context_type     text,
    expected_version bigint,
    attempt_id       uuid
) returns docket.task_contexts
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task    docket.tasks;
    v_context docket.task_contexts;
begin
    if coalesce(length(lock_context.context_type), 0) not between 1 and 255 then
        raise exception 'the type of a context has 1 to 255 characters'
            using errcode = 'PD422';
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = lock_context.task_id
       and t.project_id = lock_context.project_id
       for no key update;

    if not found then
        -- Gone since the caller saw it: the error of one that never was.
        perform docket_private.project_of_task(lock_context.task_id);
    end if;

    if lock_context.attempt_id is not null
       and lock_context.attempt_id is distinct from v_task.attempt_id then
        if not exists (
            select
              from docket.task_attempts as a
             where a.attempt_id = lock_context.attempt_id
               and a.task_id    = lock_context.task_id
        ) then
            raise exception 'attempt % is none of task %',
                            lock_context.attempt_id, v_task.task_key
                using errcode = 'PD404';
        end if;
        perform docket_private.lease_lost(lock_context.attempt_id);
    end if;

    select c.* into v_context
      from docket.task_contexts as c
     where c.task_id      = lock_context.task_id
       and c.context_type = lock_context.context_type
     order by c.version desc
     limit 1;

    perform docket_private.require_version(
        format('context "%s" of task %s', left(lock_context.context_type, 100), v_task.task_key),
        coalesce(v_context.version, 0), lock_context.expected_version);

    return v_context;
end;
$$;

comment on function docket_private.lock_context(uuid, uuid, text, bigint, uuid) is
    'Locks a task for a further version of a context, and returns the latest; nulls where there is none. Raises PD422, PDVER, PDLSE, PD404 (no such task any more, or the attempt is another''s).';

create function docket_private.require_size(
    project_id   uuid,
    context_type text,
    byte_size    bigint
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type docket.context_types :=
        docket_private.context_type(require_size.project_id, require_size.context_type);
    v_most bigint := (docket_private.setting('max_context_bytes') #>> '{}')::bigint;
begin
    if require_size.byte_size > least(v_most, v_type.max_bytes) then
        raise exception 'a context of % bytes', require_size.byte_size
            using errcode = 'PD413',
                  hint    = case
                                when v_type.max_bytes < v_most
                                then format('At most %s bytes (the type "%s").',
                                            v_type.max_bytes, left(v_type.context_type, 100))
                                else format('At most %s bytes (setting max_context_bytes).', v_most)
                            end;
    end if;
end;
$$;

comment on function docket_private.require_size(uuid, text, bigint) is
    'Raises PD413 for a context that is too large, by the setting or by its type.';

create function docket_private.require_context(
    project_id   uuid,
    context_type text,
    data         jsonb,
    byte_size    bigint
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type   docket.context_types :=
        docket_private.context_type(require_context.project_id, require_context.context_type);
    v_errors jsonb;
begin
    perform docket_private.require_size(
        require_context.project_id, require_context.context_type, require_context.byte_size);

    if v_type.json_schema is null then
        return;
    end if;

    v_errors := docket_private.schema_errors(v_type.json_schema, require_context.data);

    if v_errors <> '[]' then
        raise exception 'a context "%" does not look like this: % %',
                        left(v_type.context_type, 100),
                        coalesce(nullif(v_errors #>> '{0,path}', ''), 'the whole'),
                        v_errors #>> '{0,message}'
            using errcode = 'PD422',
                  detail  = jsonb_path_query_array(v_errors, '$[0 to 1]')::text,
                  hint    = 'docket.list_context_types() has the JSON Schema of the type.';
    end if;
end;
$$;

comment on function docket_private.require_context(uuid, text, jsonb, bigint) is
    'Raises PD413 for a context that is too large, PD422 for one that its type''s schema does not let through.';

-- The one way in, behind lock_context().
create function docket_private.add_context(
    project_id   uuid,
    task_id      uuid,
    latest       docket.task_contexts,
    context      docket.task_contexts,
    content      bytea
) returns docket.task_contexts
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_context docket.task_contexts := add_context.context;
begin
    if (v_context.content_hash, v_context.content_type, v_context.is_tombstone)
       is not distinct from (latest.content_hash, latest.content_type, latest.is_tombstone) then
        return latest;
    end if;

    -- A snapshot that is kept may not see the latest version: naming the conflict turns what
    -- would be a duplicate key into a failure to serialize (40001).
    insert into docket.task_contexts as c (
        task_id, project_id, context_type, version, data, content_type, content_hash, byte_size,
        is_escaped, is_tombstone, attempt_id)
    values (
        add_context.task_id, add_context.project_id, v_context.context_type,
        coalesce(latest.version, 0) + 1, v_context.data, v_context.content_type,
        v_context.content_hash, v_context.byte_size, v_context.is_escaped,
        v_context.is_tombstone, v_context.attempt_id)
        on conflict on constraint task_contexts_pkey do nothing
    returning c.* into v_context;

    if add_context.content is not null then
        insert into docket.context_contents (task_id, project_id, context_type, version, content)
        values (v_context.task_id, v_context.project_id, v_context.context_type,
                v_context.version, add_context.content);
    end if;

    perform docket_private.index_context(v_context);
    return v_context;
end;
$$;

comment on function docket_private.add_context(
    uuid, uuid, docket.task_contexts, docket.task_contexts, bytea) is
    'Adds a version behind the latest, unless it says the same; `content` is kept beside where the data can not give it back.';

-- What a version of JSON has; nobody has judged it yet.
create function docket_private.context_of_json(
    context_type text,
    data         jsonb,
    is_escaped   boolean,
    attempt_id   uuid
) returns docket.task_contexts
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text    text := docket_private.unescaped(context_of_json.data, context_of_json.is_escaped);
    v_context docket.task_contexts;
begin
    v_context.context_type := context_of_json.context_type;
    v_context.data         := context_of_json.data;
    v_context.content_type := 'application/json';
    v_context.content_hash := sha256(convert_to(v_text, 'UTF8'));
    v_context.byte_size    := octet_length(v_text);
    v_context.is_escaped   := context_of_json.is_escaped;
    v_context.is_tombstone := false;
    v_context.attempt_id   := context_of_json.attempt_id;
    return v_context;
end;
$$;

comment on function docket_private.context_of_json(text, jsonb, boolean, uuid) is
    'A version to be, of a JSON document.';

create function docket.put_context(
    task_id          uuid,
    context_type     text,
    data             jsonb,
    expected_version bigint default null,
    attempt_id       uuid   default null,
    request_id       uuid   default null
) returns docket.task_contexts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'put_context');
    v_project uuid;
    v_new     docket.task_contexts;
    v_context docket.task_contexts;
begin
    if v_answer is not null then
        return docket_private.first_answer(v_answer);
    end if;

    v_project := docket_private.project_of_task(put_context.task_id);
    perform docket_private.require_project(v_project);

    if put_context.data is null then
        raise exception 'a context needs data'
            using errcode = 'PD422',
                  hint    = 'docket.delete_context() takes one away.';
    end if;

    v_new := docket_private.context_of_json(
        put_context.context_type, put_context.data, false, put_context.attempt_id);
    perform docket_private.require_context(
        v_project, put_context.context_type, v_new.data, v_new.byte_size);

    v_context := docket_private.lock_context(
        v_project, put_context.task_id, put_context.context_type,
        put_context.expected_version, put_context.attempt_id);
    v_context := docket_private.add_context(
        v_project, put_context.task_id, v_context, v_new, null);

    perform docket_private.remember_context(request_id, v_context);
    return v_context;
end;
$$;

comment on function docket.put_context(uuid, text, jsonb, bigint, uuid, uuid) is
'Stores what is known about a task, as the next version of its type; the same content as the latest
version again makes none.

`context_type` is any word (requirements, codebase, constraints...): list_context_types() lists
those of which something is known. `data` is any JSON up to the setting max_context_bytes.
`expected_version` is the version that the caller has read, 0 for none; `attempt_id` the attempt
that stores it, which has to hold the task still. The same `request_id` again returns the first
answer.
Returns the version. Raises PD404, PD403, PD413 (too large), PD422 (no type, no data, or not what
the type''s schema asks for), PDVER, PDLSE.';

create function docket.patch_context(
    task_id          uuid,
    context_type     text,
    patch            jsonb,
    patch_type       text   default 'merge',
    expected_version bigint default null,
    attempt_id       uuid   default null,
    request_id       uuid   default null
) returns docket.task_contexts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'patch_context');
    v_most    bigint := (docket_private.setting('max_batch_size') #>> '{}')::bigint;
    v_patch   jsonb := patch_context.patch;
    v_project uuid;
    v_latest  docket.task_contexts;
    v_data    jsonb;
    v_context docket.task_contexts;
begin
    if v_answer is not null then
        return docket_private.first_answer(v_answer);
    end if;

    v_project := docket_private.project_of_task(patch_context.task_id);
    perform docket_private.require_project(v_project);

    if v_patch is null or patch_context.patch_type not in ('merge', 'json')
       or patch_context.patch_type is null then
        raise exception 'a patch is a merge patch or a JSON patch'
            using errcode = 'PD422',
                  hint    = 'patch_type is merge (RFC 7396) or json (RFC 6902).';
    end if;

    if patch_context.patch_type = 'json' and jsonb_typeof(v_patch) = 'array'
       and jsonb_array_length(v_patch) > v_most then
        raise exception 'a patch of % operations', jsonb_array_length(v_patch)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_most);
    end if;

    v_latest := docket_private.lock_context(
        v_project, patch_context.task_id, patch_context.context_type,
        patch_context.expected_version, patch_context.attempt_id);

    if v_latest.version is null or v_latest.is_tombstone then
        if patch_context.patch_type = 'json' then
            raise exception 'the task has no context "%"', left(patch_context.context_type, 100)
                using errcode = 'PD404',
                      hint    = 'docket.put_context() makes one.';
        end if;
    elsif not docket_private.is_json_type(v_latest.content_type) then
        raise exception 'context "%" is no JSON, but %',
                        left(patch_context.context_type, 100), v_latest.content_type
            using errcode = 'PD422',
                  hint    = 'docket.put_context_raw() replaces it.';
    else
        v_data := v_latest.data;
    end if;

    begin
        -- In a document that stands for what jsonb can not hold, the patch has to say so too.
        if v_latest.is_escaped then
            v_patch := replace(v_patch::text, chr(9216), chr(9216) || '2400')::jsonb;
        end if;

        v_data := case patch_context.patch_type
                      when 'merge' then docket_private.merge_patched(v_data, v_patch)
                      else docket_private.json_patched(v_data, v_patch)
                  end;
    exception
        when statement_too_complex or program_limit_exceeded then
            raise exception 'the patch is nested too deeply, or makes too much'
                using errcode = 'PD413';
    end;

    v_context := docket_private.context_of_json(
        patch_context.context_type, v_data, coalesce(v_latest.is_escaped, false),
        patch_context.attempt_id);
    perform docket_private.require_context(
        v_project, patch_context.context_type, v_context.data, v_context.byte_size);
    v_context := docket_private.add_context(
        v_project, patch_context.task_id, v_latest, v_context, null);

    perform docket_private.remember_context(request_id, v_context);
    return v_context;
end;
$$;

comment on function docket.patch_context(uuid, text, jsonb, text, bigint, uuid, uuid) is
'Changes a part of the latest version of a context, which makes the next; a patch that changes
nothing makes none.

`patch` is what to change, `patch_type` how it says so: merge (RFC 7396: an object of new values,
null takes away; where there is no context it begins with nothing) or json (RFC 6902: an array of
operations, all or none). `expected_version` is the version that the caller has read, `attempt_id`
the attempt that changes it. The same `request_id` again returns the first answer.
Returns the version. Raises PD404, PD403, PD422 (no patch, no JSON, or not what the type''s schema
asks for), PD409 (the context is not what the patch expects), PD413, PDVER, PDLSE.';

create function docket.delete_context(
    task_id          uuid,
    context_type     text,
    expected_version bigint default null,
    attempt_id       uuid   default null,
    request_id       uuid   default null
) returns docket.task_contexts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'delete_context');
    v_project uuid;
    v_latest  docket.task_contexts;
    v_context docket.task_contexts;
begin
    if v_answer is not null then
        return docket_private.first_answer(v_answer);
    end if;

    v_project := docket_private.project_of_task(delete_context.task_id);
    perform docket_private.require_project(v_project);

    v_latest := docket_private.lock_context(
        v_project, delete_context.task_id, delete_context.context_type,
        delete_context.expected_version, delete_context.attempt_id);

    if v_latest.version is null or v_latest.is_tombstone then
        raise exception 'the task has no context "%"', left(delete_context.context_type, 100)
            using errcode = 'PD404';
    end if;

    v_context := docket_private.context_of_json(
        delete_context.context_type, 'null', false, delete_context.attempt_id);
    v_context.is_tombstone := true;
    v_context.content_hash := sha256('');
    v_context.byte_size    := 0;
    v_context := docket_private.add_context(
        v_project, delete_context.task_id, v_latest, v_context, null);

    perform docket_private.remember_context(request_id, v_context);
    return v_context;
end;
$$;

comment on function docket.delete_context(uuid, text, bigint, uuid, uuid) is
'Takes a context away: its next version says that it was deleted. The versions before stay, and can
be read and put again.

`context_type` is the type, `expected_version` the version that the caller has read, `attempt_id`
the attempt that deletes it. The same `request_id` again returns the first answer.
Returns the version that says so. Raises PD404, PD403, PD422, PDVER, PDLSE.';

revoke all on function docket_private.first_answer(jsonb) from public;
revoke all on function docket_private.remember_context(uuid, docket.task_contexts) from public;
revoke all on function docket_private.lock_context(uuid, uuid, text, bigint, uuid) from public;
revoke all on function docket_private.require_size(uuid, text, bigint) from public;
revoke all on function docket_private.require_context(uuid, text, jsonb, bigint) from public;
revoke all on function docket_private.add_context(
    uuid, uuid, docket.task_contexts, docket.task_contexts, bytea)
  from public;
revoke all on function docket_private.context_of_json(text, jsonb, boolean, uuid) from public;
revoke all on function docket.put_context(uuid, text, jsonb, bigint, uuid, uuid) from public;
revoke all on function docket.patch_context(uuid, text, jsonb, text, bigint, uuid, uuid)
  from public;
revoke all on function docket.delete_context(uuid, text, bigint, uuid, uuid) from public;
grant execute on function
    docket.put_context(uuid, text, jsonb, bigint, uuid, uuid),
    docket.patch_context(uuid, text, jsonb, text, bigint, uuid, uuid),
    docket.delete_context(uuid, text, bigint, uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
