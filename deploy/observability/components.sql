-- Deploy pgdocket:observability/components to pg
-- requires: observability/record_metrics
-- requires: platform/touch

begin;
set local role docket_owner;

create domain docket.component_state as text
    constraint component_state_known
        check (value in ('healthy', 'degraded', 'stale', 'down'));

comment on domain docket.component_state is
    'How a part of a system is: healthy; degraded, as it says itself; stale, silent for longer than it said; down, silent for ten times as long, or as it says itself.';

create table docket.components (
    component_id      uuid        not null,
    project_id        uuid        not null,
    name              text        not null,
    kind              text        not null,
    component_version text,
    owner             text,
    description       text,
    heartbeat_seconds integer,
    retired_at        timestamptz,
    metadata          jsonb       not null default '{}',
    version           bigint      not null default 1,
    created_at        timestamptz not null default docket.clock(),
    updated_at        timestamptz not null default docket.clock(),
    created_by        text        not null default docket.principal(),
    updated_by        text        not null default docket.principal(),

    constraint components_pkey primary key (component_id, project_id),
    constraint components_name_key unique (project_id, name),
    constraint components_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint components_names_bounded
        check (length(name) between 1 and 255
               and length(kind) between 1 and 255
               and length(component_version) between 1 and 255
               and length(owner) between 1 and 255
               and length(description) between 1 and 2000),
    constraint components_heartbeat_bounded check (heartbeat_seconds between 1 and 86400),
    constraint components_metadata_object
        check (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 65536)
);

comment on table docket.components is
    'The parts of the systems that a project is about: services, databases, workers, jobs...';
comment on column docket.components.component_id is
    'The component.';
comment on column docket.components.name is
    'Its name, which is the label component of what is measured at it.';
comment on column docket.components.kind is
    'What it is: service, database, worker, job... any word.';
comment on column docket.components.component_version is
    'The version of it that runs.';
comment on column docket.components.owner is
    'Who is asked about it.';
comment on column docket.components.description is
    'What it does.';
comment on column docket.components.heartbeat_seconds is
    'How often it gives a sign of life, in seconds; null: it gives none, and is never stale.';
comment on column docket.components.retired_at is
    'Since when it is no more; null: it is there.';
comment on constraint components_names_bounded on docket.components is
    'a component has a name and a kind; these, its version and its owner have 1 to 255 characters, its description 1 to 2000';
comment on constraint components_heartbeat_bounded on docket.components is
    'a component gives a sign of life every 1 to 86400 seconds';
comment on constraint components_metadata_object on docket.components is
    'metadata is a JSON object of up to 65536 bytes';

-- Apart from its component: it changes all the time, and nobody wants to read in the journal that.
create table docket.component_heartbeats (
    component_id uuid                   not null,
    project_id   uuid                   not null,
    heartbeat_at timestamptz            not null,
    state        docket.component_state not null,
    reason       text,

    constraint component_heartbeats_pkey primary key (component_id, project_id),
    constraint component_heartbeats_component_fkey
        foreign key (component_id, project_id) references docket.components on delete cascade,
    constraint component_heartbeats_state_said check (state in ('healthy', 'degraded', 'down')),
    constraint component_heartbeats_reason_bounded check (length(reason) between 1 and 2000)
) with (fillfactor = 50);

comment on table docket.component_heartbeats is
    'The last sign of life of each component.';
comment on column docket.component_heartbeats.component_id is
    'The component.';
comment on column docket.component_heartbeats.heartbeat_at is
    'When it was.';
comment on column docket.component_heartbeats.state is
    'How it said that it is.';
comment on column docket.component_heartbeats.reason is
    'Why it is so.';
comment on constraint component_heartbeats_state_said on docket.component_heartbeats is
    'a component says of itself that it is healthy, degraded or down';
comment on constraint component_heartbeats_reason_bounded on docket.component_heartbeats is
    'a reason has 1 to 2000 characters';

call docket_private.add_touch('docket.components');
call docket_private.add_journal('docket.components', 'component_id');
call docket_private.add_isolation('docket.components');
call docket_private.add_isolation('docket.component_heartbeats');

-- How it is now is derived, so that nobody has to be there to say that it is silent. What it was
-- over time is in the metric component_utilization.
create view docket.system_health with (security_invoker = true) as
  with heard as (
      select c.component_id,
             c.project_id,
             b.heartbeat_at,
             b.state,
             b.reason,
             extract(epoch from docket.clock() - coalesce(b.heartbeat_at, c.created_at)) as silence
        from docket.components as c
        left join docket.component_heartbeats as b using (component_id, project_id)
  )
select c.component_id,
       c.project_id,
       c.name,
       c.kind,
       c.component_version,
       c.owner,
       case
           when h.state = 'down' then 'down'
           when h.silence > 10 * c.heartbeat_seconds then 'down'
           when h.silence > 2 * c.heartbeat_seconds then 'stale'
           else coalesce(h.state, 'healthy')
       end::docket.component_state as state,
       h.reason,
       h.heartbeat_at,
       c.heartbeat_seconds,
       coalesce(u.utilization, '{}') as utilization
  from docket.components as c
  join heard as h using (component_id, project_id)
 cross join lateral (
           select jsonb_object_agg(s.labels ->> 'resource', m.value) as utilization
             from docket.metric_series as s
            cross join lateral (
                      select n.value
                        from docket.metrics as n
                       where n.series_id  = s.series_id
                         and n.project_id = s.project_id
                       order by n.recorded_at desc, n.metric_id desc
                       limit 1
                  ) as m
            where s.name       = 'component_utilization'
              and s.project_id = c.project_id
              and s.labels @> jsonb_build_object('component', c.name)
              and s.labels ? 'resource'
       ) as u
 where c.retired_at is null;

comment on view docket.system_health is
    'How each component is at this moment, when it was last heard of, and how much of what it uses is in use.';

create function docket.register_component(
    project_id        uuid,
    name              text,
    kind              text,
    component_version text    default null,
    owner             text    default null,
    heartbeat_seconds integer default null,
    description       text    default null,
    metadata          jsonb   default null,
    request_id        uuid    default null
) returns docket.components
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'register_component');
    v_component  docket.components;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.components, v_answer);
    end if;

    perform docket_private.require_project(register_component.project_id);

    begin
        -- Two who register the same follow each other here.
        insert into docket.components as c (
            component_id, project_id, name, kind, component_version, owner, heartbeat_seconds,
            description, metadata)
        values (
            docket_private.new_id(register_component.project_id), register_component.project_id,
            register_component.name, register_component.kind,
            register_component.component_version, register_component.owner,
            register_component.heartbeat_seconds, register_component.description,
            docket_private.without_secrets(coalesce(register_component.metadata, '{}')))
            on conflict on constraint components_name_key
            do update set kind              = excluded.kind,
                          component_version = excluded.component_version,
                          owner             = coalesce(excluded.owner, c.owner),
                          heartbeat_seconds = excluded.heartbeat_seconds,
                          description       = coalesce(excluded.description, c.description),
                          metadata          = case
                                                  when register_component.metadata is null
                                                  then c.metadata
                                                  else excluded.metadata
                                              end,
                          retired_at        = null
        returning c.* into v_component;
    exception
        when check_violation or not_null_violation or program_limit_exceeded then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the component is refused: %',
                            coalesce(
                                docket_private.constraint_text('components', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422',
                      hint    = 'It has a name and a kind.';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_component));
    return v_component;
end;
$$;

comment on function docket.register_component(
    uuid, text, text, text, text, integer, text, jsonb, uuid) is
'Says what a part of the system is: a new one, or an older one anew, as it does itself whenever it
starts. One that was retired is there again.

`name` is the component, `kind` what it is (service, database, worker, job... any word),
`component_version` what runs, `owner` who is asked about it, `heartbeat_seconds` how often it will
give a sign of life (null: never, and it is never stale), `description` what it does, `metadata` an
object. Owner, description and metadata stay as they were where they are null. The same
`request_id` again returns the first answer. Returns the component. Raises PD404, PD403, PD422.';

create function docket_private.find_component(
    project_id uuid,
    name       text
) returns docket.components
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_component docket.components;
begin
    perform docket_private.require_project(find_component.project_id);

    select c.* into v_component
      from docket.components as c
     where c.project_id = find_component.project_id
       and c.name       = find_component.name;

    if not found then
        raise exception 'there is no component "%"',
                        left(coalesce(find_component.name, 'null'), 100)
            using errcode = 'PD404',
                  hint    = 'docket.register_component() makes it known.';
    end if;

    return v_component;
end;
$$;

comment on function docket_private.find_component(uuid, text) is
    'A component of a project that the principal may change. Raises PD404, PD403.';

create function docket.component_heartbeat(
    project_id  uuid,
    name        text,
    state       text  default 'healthy',
    reason      text  default null,
    utilization jsonb default null
) returns docket.component_heartbeats
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_component  docket.components := docket_private.find_component(project_id, name);
    v_heartbeat  docket.component_heartbeats;
    v_constraint text;
begin
    if jsonb_typeof(component_heartbeat.utilization) <> 'object'
       or exists (
              select
                from jsonb_each(
                         case jsonb_typeof(component_heartbeat.utilization)
                             when 'object' then component_heartbeat.utilization else '{}'
                         end) as u
               where jsonb_typeof(u.value) <> 'number')
    then
        raise exception 'utilization is not a JSON object of numbers'
            using errcode = 'PD422',
                  hint    = 'Give how much of each resource is in use, from 0 to 1: {"cpu": 0.4}.';
    end if;

    begin
        -- One that comes late says nothing any more.
        insert into docket.component_heartbeats as b (
            component_id, project_id, heartbeat_at, state, reason)
        values (
            v_component.component_id, v_component.project_id, docket.clock(),
            coalesce(lower(component_heartbeat.state), 'healthy'), component_heartbeat.reason)
            on conflict on constraint component_heartbeats_pkey
            do update set heartbeat_at = greatest(b.heartbeat_at, excluded.heartbeat_at),
                          state        = excluded.state,
                          reason       = excluded.reason
        returning b.* into v_heartbeat;
    exception
        when check_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the heartbeat is refused: %',
                            coalesce(
                                docket_private.constraint_text(
                                    'component_heartbeats', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422',
                      hint    = 'A component is healthy, degraded or down.';
    end;

    if component_heartbeat.utilization <> '{}' then
        perform docket.record_metrics(
            v_component.project_id,
            jsonb_agg(jsonb_build_object(
                'name', 'component_utilization', 'value', u.value, 'kind', 'gauge', 'unit', '1',
                'category', 'infrastructure', 'component', v_component.name,
                'labels', jsonb_build_object('resource', u.key))))
           from jsonb_each(component_heartbeat.utilization) as u;
    end if;

    return v_heartbeat;
end;
$$;

comment on function docket.component_heartbeat(uuid, text, text, text, jsonb) is
'A component''s sign of life.

`name` is the component, `state` how it says that it is: healthy, degraded or down; `reason` why,
in 1 to 2000 characters; `utilization` how much of each resource is in use, as an object of numbers
from 0 to 1 ({"cpu": 0.4, "disk": 0.9}), which becomes samples of the metric component_utilization.
Returns the heartbeat. Raises PD404, PD403, PD409, PD413, PD422.';

create function docket.retire_component(
    project_id uuid,
    name       text,
    request_id uuid default null
) returns docket.components
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer    jsonb := docket_private.replay(request_id, 'retire_component');
    v_component docket.components;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.components, v_answer);
    end if;

    v_component := docket_private.find_component(
        retire_component.project_id, retire_component.name);

    update docket.components as c
       set retired_at = docket.clock()
     where c.component_id = v_component.component_id
       and c.project_id   = v_component.project_id
       and c.retired_at is null;

    select c.* into v_component
      from docket.components as c
     where c.component_id = v_component.component_id
       and c.project_id   = v_component.project_id;

    perform docket_private.remember(request_id, to_jsonb(v_component));
    return v_component;
end;
$$;

comment on function docket.retire_component(uuid, text, uuid) is
'Says that a component is no more: nobody waits for a sign of life any longer. What was measured at
it stays. To retire it again is harmless; to register it again brings it back.

`name` is the component. The same `request_id` again returns the first answer. Returns the
component. Raises PD404, PD403.';

create function docket.list_components(
    project_id uuid,
    state      text    default null,
    kind       text    default null,
    after      text    default null,
    page_size  integer default 100
) returns setof docket.system_health
language sql
stable
begin atomic
    select h.*
      from docket.system_health as h
     where h.project_id = list_components.project_id
       and (list_components.state is null or h.state = lower(list_components.state))
       and (list_components.kind is null or h.kind = list_components.kind)
       and (list_components.after is null or h.name > list_components.after)
     order by h.name
     limit least(greatest(list_components.page_size, 1), 1000);
end;

comment on function docket.list_components(uuid, text, text, text, integer) is
'The components of a project, by name, and how each is at this moment.

`state` is healthy, degraded, stale (silent for twice as long as it said) or down (for ten times as
long, or as it says itself), `kind` what it is. `after` is the name of the last component of the
previous page, `page_size` is in rows (1 to 1000). Returns components with state, reason, last
heartbeat and utilization. Raises nothing.';

revoke all on function docket.register_component(
    uuid, text, text, text, text, integer, text, jsonb, uuid) from public;
revoke all on function docket_private.find_component(uuid, text) from public;
revoke all on function docket.component_heartbeat(uuid, text, text, text, jsonb) from public;
revoke all on function docket.retire_component(uuid, text, uuid) from public;
revoke all on function docket.list_components(uuid, text, text, text, integer) from public;
grant execute on function
    docket.register_component(uuid, text, text, text, text, integer, text, jsonb, uuid),
    docket.component_heartbeat(uuid, text, text, text, jsonb),
    docket.retire_component(uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.list_components(uuid, text, text, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.components, docket.component_heartbeats, docket.system_health
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
