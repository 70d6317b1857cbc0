-- Deploy pgdocket:context/agent_sessions to pg
-- requires: context/task_contexts
-- requires: graph/add_dependency
-- requires: projects/update_project

begin;
set local role docket_owner;

-- What an agent, or what stands between it and a model, wants to have again when it goes on. A
-- session ends, and is gone some time after that; nothing secret is kept.
create table docket.agent_sessions (
    session_id text        not null,
    project_id uuid        not null,
    agent      text,
    task_id    uuid,
    state      jsonb       not null,
    expires_at timestamptz not null,
    version    bigint      not null default 1,
    created_at timestamptz not null default docket.clock(),
    updated_at timestamptz not null default docket.clock(),
    created_by text        not null default docket.principal(),
    updated_by text        not null default docket.principal(),

    constraint agent_sessions_pkey primary key (session_id, project_id),
    constraint agent_sessions_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint agent_sessions_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete set null (task_id),
    constraint agent_sessions_id_bounded check (length(session_id) between 1 and 255),
    constraint agent_sessions_agent_bounded check (length(agent) between 1 and 255)
);

create index agent_sessions_project_idx
    on docket.agent_sessions (project_id, session_id);
create index agent_sessions_task_idx
    on docket.agent_sessions (task_id, project_id) where task_id is not null;
create index agent_sessions_expires_at_idx
    on docket.agent_sessions (expires_at);

comment on table docket.agent_sessions is
    'Sessions of agents: their state, until they end.';
comment on column docket.agent_sessions.session_id is
    'The name of the session, as its agent chose it.';
comment on column docket.agent_sessions.agent is
    'The agent.';
comment on column docket.agent_sessions.task_id is
    'The task that it is about, where it is about one.';
comment on column docket.agent_sessions.state is
    'What is to be had again.';
comment on column docket.agent_sessions.expires_at is
    'From when on the session is over.';

call docket_private.add_touch('docket.agent_sessions');
call docket_private.add_journal('docket.agent_sessions', 'session_id', array['state']);
call docket_private.add_isolation('docket.agent_sessions');

insert into docket.settings (setting_key, value, description)
values ('session_hours', '24', 'How long a session of an agent lives after its last change, in hours, where nothing else is said.');

create function docket_private.refuse_secrets(
    value jsonb,
    what  text
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if docket_private.without_secrets(refuse_secrets.value) is distinct from refuse_secrets.value
    then
        raise exception '% has something under a secret key', refuse_secrets.what
            using errcode = 'PD422',
                  hint    = 'Keep it where secrets are kept, and here its name; docket.secret_keys() lists the keys.';
    end if;
end;
$$;

comment on function docket_private.refuse_secrets(jsonb, text) is
    'Raises PD422 for a value with something under a secret key, at any depth.';

create function docket_private.require_state(
    value jsonb,
    what  text
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most bigint := (docket_private.setting('max_context_bytes') #>> '{}')::bigint;
begin
    if require_state.value is null then
        raise exception '% is missing', require_state.what
            using errcode = 'PD422';
    end if;

    if octet_length(require_state.value::text) > v_most then
        raise exception '% of % bytes', require_state.what, octet_length(require_state.value::text)
            using errcode = 'PD413',
                  hint    = format('At most %s bytes (setting max_context_bytes).', v_most);
    end if;

    perform docket_private.refuse_secrets(require_state.value, require_state.what);
end;
$$;

comment on function docket_private.require_state(jsonb, text) is
    'Raises PD422 for nothing and for secrets, PD413 for too much.';

create function docket_private.end_of(
    expires_in interval,
    hours      jsonb
) returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if end_of.expires_in <= interval '0' or end_of.expires_in > interval '1 year' then
        raise exception 'it can not live for %', end_of.expires_in
            using errcode = 'PD422',
                  hint    = 'For some time, and for a year at most.';
    end if;

    return docket.clock() + coalesce(
        end_of.expires_in, make_interval(hours => (end_of.hours #>> '{}')::integer));
end;
$$;

comment on function docket_private.end_of(interval, jsonb) is
    'When something ends that lives so long from now; null: as many hours. Raises PD422.';

create function docket.put_session(
    project_id       uuid,
    session_id       text,
    state            jsonb,
    agent            text     default null,
    task_id          uuid     default null,
    expires_in       interval default null,
    expected_version bigint   default null,
    request_id       uuid     default null
) returns docket.agent_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'put_session');
    v_session    docket.agent_sessions;
    v_expires_at timestamptz;
begin
    if v_answer is not null then
        select s.* into v_session
          from docket.agent_sessions as s
         where s.session_id = v_answer ->> 'session_id'
           and s.project_id = (v_answer ->> 'project_id')::uuid;
        return v_session;
    end if;

    perform docket_private.require_project(put_session.project_id);
    perform docket_private.require_state(put_session.state, 'a state');

    if coalesce(length(put_session.session_id), 0) not between 1 and 255
       or length(put_session.agent) not between 1 and 255 then
        raise exception 'a session and its agent have names of 1 to 255 characters'
            using errcode = 'PD422';
    end if;

    if put_session.task_id is not null
       and docket_private.project_of_task(put_session.task_id) <> put_session.project_id then
        raise exception 'task % is of another project', put_session.task_id
            using errcode = 'PD422';
    end if;

    v_expires_at := docket_private.end_of(
        put_session.expires_in, docket_private.setting('session_hours'));

    select s.* into v_session
      from docket.agent_sessions as s
     where s.session_id = put_session.session_id
       and s.project_id = put_session.project_id
       for no key update;

    -- What is over is not there any more: whoever takes up its name begins anew.
    perform docket_private.require_version(
        format('session "%s"', left(put_session.session_id, 100)),
        case when v_session.expires_at > docket.clock() then v_session.version else 0 end,
        put_session.expected_version);

    insert into docket.agent_sessions as s (
        session_id, project_id, agent, task_id, state, expires_at)
    values (
        put_session.session_id, put_session.project_id, put_session.agent, put_session.task_id,
        put_session.state, v_expires_at)
        on conflict on constraint agent_sessions_pkey
        do update set agent      = coalesce(excluded.agent, s.agent),
                      task_id    = coalesce(excluded.task_id, s.task_id),
                      state      = excluded.state,
                      expires_at = excluded.expires_at
         where put_session.expected_version is null
            or s.version = put_session.expected_version
            or s.expires_at <= docket.clock()
    returning s.* into v_session;

    -- Somebody else has begun it in the meantime.
    if not found then
        perform docket_private.require_version(
            format('session "%s"', left(put_session.session_id, 100)),
            (select s.version
               from docket.agent_sessions as s
              where s.session_id = put_session.session_id
                and s.project_id = put_session.project_id),
            put_session.expected_version);
    end if;

    perform docket_private.remember(
        request_id,
        jsonb_build_object('session_id', v_session.session_id, 'project_id', v_session.project_id));
    return v_session;
end;
$$;

comment on function docket.put_session(uuid, text, jsonb, text, uuid, interval, bigint, uuid) is
'Keeps the state of an agent''s session, in place of what was kept before, and lets it live on.

`session_id` is its name in the project, as the agent chose it, `state` any JSON without anything
under a secret key, `agent` and `task_id` say whose it is and what it is about (null: as before).
It lives for `expires_in` from now on (null: the setting session_hours); `expected_version` is the
version that the caller has read, 0 for none. The same `request_id` again changes nothing.
Returns the session. Raises PD404, PD403, PD422, PD413, PDVER.';

create function docket.get_session(
    project_id uuid,
    session_id text
) returns setof docket.agent_sessions
language sql
stable
rows 1
begin atomic
    select s.*
      from docket.agent_sessions as s
     where s.session_id = get_session.session_id
       and s.project_id = get_session.project_id
       and s.expires_at > docket.clock();
end;

comment on function docket.get_session(uuid, text) is
'The session of an agent by its name, `session_id`. Returns no row when there is none, or it is over;
raises nothing.';

create function docket.list_sessions(
    project_id uuid,
    agent      text    default null,
    after      text    default null,
    page_size  integer default 100
) returns setof docket.agent_sessions
language sql
stable
begin atomic
    select s.*
      from docket.agent_sessions as s
     where s.project_id = list_sessions.project_id
       and s.expires_at > docket.clock()
       and (list_sessions.agent is null or s.agent = list_sessions.agent)
       and (list_sessions.after is null or s.session_id > list_sessions.after)
     order by s.session_id
     limit least(greatest(list_sessions.page_size, 1), 1000);
end;

comment on function docket.list_sessions(uuid, text, text, integer) is
'The sessions of a project that are not over, by name; of one `agent` where it is given.

`after` is the name of the last of the page before, `page_size` is in rows (1 to 1000).
Returns sessions; raises nothing.';

create function docket.end_session(
    project_id uuid,
    session_id text,
    request_id uuid default null
) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'end_session');
    v_ended  boolean;
begin
    if v_answer is not null then
        return v_answer::boolean;
    end if;

    perform docket_private.require_project(end_session.project_id);

    delete from docket.agent_sessions as s
     where s.session_id = end_session.session_id
       and s.project_id = end_session.project_id;
    v_ended := found;

    perform docket_private.remember(request_id, to_jsonb(v_ended));
    return v_ended;
end;
$$;

comment on function docket.end_session(uuid, text, uuid) is
'Ends the session of an agent, `session_id`: its state is gone. The same `request_id` again returns
the first answer. Returns whether there was one. Raises PD404, PD403.';

create function docket_private.sweep_sessions(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    perform docket_private.require_operator();

      with over as (
          select s.session_id, s.project_id
            from docket.agent_sessions as s
           where s.expires_at <= docket.clock()
           order by s.expires_at
           limit sweep_sessions.at_most
             for update skip locked
      )
    delete from docket.agent_sessions as s
     using over
     where s.session_id = over.session_id
       and s.project_id = over.project_id;
    get diagnostics v_count = row_count;

    return v_count;
end;
$$;

comment on function docket_private.sweep_sessions(bigint) is
    'A step of maintenance: removes at most so many sessions that are over. Returns how many. Raises PD403.';

revoke all on function docket_private.refuse_secrets(jsonb, text) from public;
revoke all on function docket_private.require_state(jsonb, text) from public;
revoke all on function docket_private.end_of(interval, jsonb) from public;
revoke all on function docket.put_session(
    uuid, text, jsonb, text, uuid, interval, bigint, uuid)
  from public;
revoke all on function docket.get_session(uuid, text) from public;
revoke all on function docket.list_sessions(uuid, text, text, integer) from public;
revoke all on function docket.end_session(uuid, text, uuid) from public;
revoke all on function docket_private.sweep_sessions(bigint) from public;
grant select on docket.agent_sessions
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function
    docket.put_session(uuid, text, jsonb, text, uuid, interval, bigint, uuid),
    docket.end_session(uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.get_session(uuid, text),
    docket.list_sessions(uuid, text, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
