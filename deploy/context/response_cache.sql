-- Deploy pgdocket:context/response_cache to pg
-- requires: context/agent_sessions

begin;
set local role docket_owner;

-- Answers that were dear to get, for whoever asks the same again, until they are too old.
create table docket.response_cache (
    cache_key   text        not null,
    project_id  uuid        not null,
    value       jsonb       not null,
    expires_at  timestamptz not null,
    hits        bigint      not null default 0,
    last_hit_at timestamptz,
    created_at  timestamptz not null default docket.clock(),
    created_by  text        not null default docket.principal(),

    constraint response_cache_pkey primary key (cache_key, project_id),
    constraint response_cache_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint response_cache_key_bounded check (octet_length(cache_key) between 1 and 1024)
) with (fillfactor = 80);

create index response_cache_project_idx
    on docket.response_cache (project_id, cache_key);
create index response_cache_expires_at_idx
    on docket.response_cache (expires_at);

comment on table docket.response_cache is
    'Responses by the requests that they answer, until they are too old.';
comment on column docket.response_cache.cache_key is
    'The request, or better a hash of it.';
comment on column docket.response_cache.value is
    'The response.';
comment on column docket.response_cache.expires_at is
    'From when on it answers nothing.';
comment on column docket.response_cache.hits is
    'How often it was given as an answer.';
comment on column docket.response_cache.last_hit_at is
    'When last.';

call docket_private.add_isolation('docket.response_cache');

insert into docket.settings (setting_key, value, description)
values ('response_cache_hours', '1', 'How long a response is kept for whoever asks the same, in hours, where nothing else is said.');

create function docket.put_response(
    project_id uuid,
    cache_key  text,
    value      jsonb,
    expires_in interval default null,
    request_id uuid     default null
) returns timestamptz
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'put_response');
    v_expires_at timestamptz;
begin
    if v_answer is not null then
        return (v_answer #>> '{}')::timestamptz;
    end if;

    perform docket_private.require_project(put_response.project_id);
    perform docket_private.require_state(put_response.value, 'a response');

    if coalesce(octet_length(put_response.cache_key), 0) not between 1 and 1024 then
        raise exception 'a key has 1 to 1024 bytes'
            using errcode = 'PD422',
                  hint    = 'Take a hash of a longer one.';
    end if;

    v_expires_at := docket_private.end_of(
        put_response.expires_in, docket_private.setting('response_cache_hours'));

    insert into docket.response_cache as r (cache_key, project_id, value, expires_at)
    values (put_response.cache_key, put_response.project_id, put_response.value, v_expires_at)
        on conflict on constraint response_cache_pkey
        do update set value       = excluded.value,
                      expires_at  = excluded.expires_at,
                      hits        = 0,
                      last_hit_at = null,
                      created_at  = excluded.created_at,
                      created_by  = excluded.created_by;

    perform docket_private.remember(request_id, to_jsonb(v_expires_at));
    return v_expires_at;
end;
$$;

comment on function docket.put_response(uuid, text, jsonb, interval, uuid) is
'Keeps a response for whoever asks the same again, in place of what was kept before.

`cache_key` is the request, or a hash of it, of up to 1024 bytes; `value` any JSON without
anything under a secret key. It is kept for `expires_in` from now on (null: the setting
response_cache_hours). The same `request_id` again changes nothing.
Returns when it ends. Raises PD404, PD403, PD422, PD413.';

create function docket.get_response(
    project_id uuid,
    cache_key  text
) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_value jsonb;
begin
    perform docket_private.require_project(get_response.project_id);

    v_value := (
        select r.value
          from docket.response_cache as r
         where r.cache_key  = get_response.cache_key
           and r.project_id = get_response.project_id
           and r.expires_at > docket.clock());

    -- A hit waits for nobody: where somebody else is just counting his, this one is not counted.
    if v_value is not null then
          with free as (
              select r.cache_key, r.project_id
                from docket.response_cache as r
               where r.cache_key  = get_response.cache_key
                 and r.project_id = get_response.project_id
                 for no key update skip locked
          )
        update docket.response_cache as r
           set hits        = r.hits + 1,
               last_hit_at = docket.clock()
          from free
         where r.cache_key  = free.cache_key
           and r.project_id = free.project_id;
    end if;

    return v_value;
end;
$$;

comment on function docket.get_response(uuid, text) is
'The response that is kept for a request, `cache_key`, and counts the hit (of many at the same
moment one). Returns null where there is none, or it is too old. Raises PD404, PD403 (a hit is
counted: who may only read finds it in the table).';

create function docket_private.sweep_responses(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    perform docket_private.require_operator();

      with over as (
          select r.cache_key, r.project_id
            from docket.response_cache as r
           where r.expires_at <= docket.clock()
           order by r.expires_at
           limit sweep_responses.at_most
             for update skip locked
      )
    delete from docket.response_cache as r
     using over
     where r.cache_key  = over.cache_key
       and r.project_id = over.project_id;
    get diagnostics v_count = row_count;

    return v_count;
end;
$$;

comment on function docket_private.sweep_responses(bigint) is
    'A step of maintenance: removes at most so many responses that are too old. Returns how many. Raises PD403.';

revoke all on function docket.put_response(uuid, text, jsonb, interval, uuid) from public;
revoke all on function docket.get_response(uuid, text) from public;
revoke all on function docket_private.sweep_responses(bigint) from public;
grant select on docket.response_cache
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function
    docket.put_response(uuid, text, jsonb, interval, uuid),
    docket.get_response(uuid, text)
   to docket_admin, docket_app, docket_agent;

commit;
