-- Deploy pgdocket:observability/events to pg
-- requires: delivery/execution_history
-- requires: graph/ready_tasks
-- requires: platform/idempotency_keys
-- requires: projects/require_project

begin;
set local role docket_owner;

-- What happened, as CloudEvents 1.0.2 say it. Numbered by the journal's own sequence, so that
-- both make one stream: (transaction_id, event_no) is a place in it, as in docket.changes(). The
-- time of an event is in its id, which so leads to its month. Rows are added and never changed:
-- they go with their month, or with the task, workflow or project that they are about.
create table docket.events (
    event_id          uuid        not null,
    project_id        uuid        not null,
    transaction_id    xid8        not null default pg_current_xact_id(),
    event_no          bigint      not null default nextval('docket_private.audit_id_seq'),
    cloudevent_id     text        not null,
    source            text        not null,
    event_type        text        not null,
    subject           text,
    occurred_at       timestamptz not null,
    data_content_type text,
    data_schema       text,
    data              jsonb,
    data_bytes        bytea,
    extensions        jsonb       not null default '{}',
    correlation_id    text,
    task_id           uuid,
    workflow_id       uuid,
    component         text,
    recorded_at       timestamptz not null,
    created_by        text        not null default docket.principal(),

    constraint events_pkey primary key (event_id, project_id, recorded_at),
    constraint events_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint events_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint events_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete cascade,
    constraint events_id_has_its_time
        check (recorded_at = docket_private.time_of_id(event_id)),
    constraint events_texts_bounded
        check (length(cloudevent_id) between 1 and 1024
               and length(source) between 1 and 2048
               and length(event_type) between 1 and 255
               and length(subject) between 1 and 2048
               and length(data_content_type) between 1 and 255
               and length(data_schema) between 1 and 2048
               and length(correlation_id) between 1 and 255
               and length(component) between 1 and 255),
    constraint events_data_once check (num_nonnulls(data, data_bytes) <= 1),
    constraint events_data_bounded
        check (octet_length(data::text) <= 1048576
               and octet_length(data_bytes) <= 1048576
               and octet_length(extensions::text) <= 65536),
    constraint events_extensions_are_object check (jsonb_typeof(extensions) = 'object')
) partition by range (recorded_at);

create index events_stream_idx
    on docket.events (project_id, transaction_id, event_no);

create index events_task_idx
    on docket.events (task_id, project_id, transaction_id, event_no)
    where task_id is not null;

create index events_workflow_idx
    on docket.events (workflow_id, project_id, transaction_id, event_no)
    where workflow_id is not null;

create index events_correlation_idx
    on docket.events (correlation_id, project_id, transaction_id, event_no)
    where correlation_id is not null;

comment on table docket.events is
    'What happened, in the words of CloudEvents 1.0.2. Added to only.';
comment on column docket.events.event_id is
    'The event, here.';
comment on column docket.events.transaction_id is
    'The transaction that recorded it, and with event_no its place in the stream.';
comment on column docket.events.event_no is
    'Its number, counted together with the rows of the journal.';
comment on column docket.events.cloudevent_id is
    'CloudEvents'' id: one event for each source.';
comment on column docket.events.source is
    'CloudEvents'' source: where it happened, a URI reference.';
comment on column docket.events.event_type is
    'CloudEvents'' type: what kind of thing happened, such as dev.cdevents.build.finished.0.3.0.';
comment on column docket.events.subject is
    'CloudEvents'' subject: to what it happened, within the source.';
comment on column docket.events.occurred_at is
    'CloudEvents'' time: when it happened; when it was recorded, where its source does not say.';
comment on column docket.events.data_content_type is
    'CloudEvents'' datacontenttype: the media type of the data; null: application/json.';
comment on column docket.events.data_schema is
    'CloudEvents'' dataschema: the schema of the data, a URI.';
comment on column docket.events.data is
    'CloudEvents'' data, as JSON, with asterisks under secret keys.';
comment on column docket.events.data_bytes is
    'CloudEvents'' data where they are no JSON (data_base64).';
comment on column docket.events.extensions is
    'The other attributes of the event.';
comment on column docket.events.correlation_id is
    'What events have in common that belong to one story (attribute correlationid).';
comment on column docket.events.task_id is
    'The task that it is about (attribute taskid).';
comment on column docket.events.workflow_id is
    'The workflow that it is about (attribute workflowid).';
comment on column docket.events.component is
    'The component that it is about (attribute component).';
comment on column docket.events.recorded_at is
    'When it was recorded.';
comment on constraint events_texts_bounded on docket.events is
    'an id has up to 1024 characters, source, subject and dataschema up to 2048, type, datacontenttype, correlationid and component up to 255';
comment on constraint events_data_bounded on docket.events is
    'the data of an event have up to 1048576 bytes, its extensions 65536';

create table docket.events_default partition of docket.events default;

comment on table docket.events_default is
    'Rows of events for which no month is there. The first row in it is an alarm.';

alter table docket.events_default enable row level security;
alter table docket.events_default force row level security;

call docket_private.add_isolation('docket.events');

create policy events_never_change on docket.events as restrictive for update
    using (false);
create policy events_never_go on docket.events as restrictive for delete
    using (false);

-- A source may tell of an event more than once. No unique index of a partitioned table could know:
-- its months do not see each other. What is told without an id has none that could come again.
create table docket_private.event_keys (
    event_key  bytea not null,
    project_id uuid  not null,
    event_id   uuid  not null,

    constraint event_keys_pkey primary key (event_key, project_id),
    constraint event_keys_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
);

create index event_keys_event_idx
    on docket_private.event_keys (event_id);

create index event_keys_project_idx
    on docket_private.event_keys (project_id);

comment on table docket_private.event_keys is
    'Which event an id of a source is, for as long as the event''s month is kept.';
comment on column docket_private.event_keys.event_key is
    'SHA-256 of source and id.';
comment on column docket_private.event_keys.event_id is
    'The event.';

call docket_private.add_isolation('docket_private.event_keys');

insert into docket.partition_policies (table_name)
values ('events');

do $$ begin perform docket_private.ensure_partitions(); end $$;

insert into docket.settings (setting_key, value, description)
values ('event_source', '"pgdocket:"', 'How the source of this docket''s own events begins: a URI of yours, so that they are told from those of other dockets.');

create function docket_private.uuid_of(given text) returns uuid
language sql
immutable
parallel safe
begin atomic
    select case
               when uuid_of.given ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                   then uuid_of.given::uuid
           end;
end;

comment on function docket_private.uuid_of(text) is
    'A text as an id; null where it is none.';

create function docket_private.event_key(source text, cloudevent_id text) returns bytea
language sql
immutable
parallel safe
begin atomic
    select sha256(convert_to(event_key.source || e'\n' || event_key.cloudevent_id, 'UTF8'));
end;

comment on function docket_private.event_key(text, text) is
    'What a source''s event is known by: no source has a line break in it.';

create function docket_private.own_source(project_id uuid) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (docket_private.setting('event_source') #>> '{}')
           || '/projects/' || own_source.project_id;
end;
$$;

comment on function docket_private.own_source(uuid) is
    'The source of the events of a project itself.';

-- The rules of the specification and of its JSON format, of which the first that is broken is told.
create function docket_private.cloudevent_problem(event jsonb) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_uri  constant text := '^[^[:space:][:cntrl:]<>"{}|\\^`]+$';
    v_name text;
begin
    if jsonb_typeof(event) <> 'object' then
        return 'is no JSON object';
    elsif event ->> 'specversion' is distinct from '1.0' then
        return 'has no specversion "1.0"';
    end if;

    -- Names of one's own are checked as all others, and so are their values.
    select a.key into v_name
      from jsonb_each(event) as a
     where a.key not in ('data', 'data_base64')
       and (a.key !~ '^[a-z0-9]+$'
            or jsonb_typeof(a.value) not in ('string', 'number', 'boolean')
            or (a.key in ('specversion', 'id', 'source', 'type', 'subject', 'time',
                          'datacontenttype', 'dataschema', 'correlationid', 'component')
                and (jsonb_typeof(a.value) <> 'string' or a.value = '""'))
            or (jsonb_typeof(a.value) = 'number'
                and (a.value::numeric <> trunc(a.value::numeric)
                     or abs(a.value::numeric) > 2147483648)))
     order by a.key
     limit 1;

    return case
               when v_name is not null
                   then format('has an attribute "%s" that is no name or has no value of an attribute',
                               left(v_name, 50))
               when event ->> 'id' is null then 'has no id'
               when coalesce(event ->> 'source', '') !~ v_uri
                   then 'has no source that is a URI reference'
               when event ->> 'type' is null then 'has no type'
               when event ->> 'time' !~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$'
                   then 'has a time that is not as RFC 3339 writes it'
               when event ->> 'dataschema' !~ '^[a-zA-Z][a-zA-Z0-9+.-]*:'
                    or event ->> 'dataschema' !~ v_uri
                   then 'has a dataschema that is no URI'
               when event ? 'data' and event ? 'data_base64' then 'has data twice'
               when event ? 'data_base64'
                    and (jsonb_typeof(event -> 'data_base64') <> 'string'
                         or event ->> 'data_base64' !~ '^[A-Za-z0-9+/\s]*={0,2}\s*$')
                   then 'has data_base64 that are not base64'
           end;
end;
$$;

comment on function docket_private.cloudevent_problem(jsonb) is
    'What in a CloudEvent is not as CloudEvents 1.0.2 have it; null: nothing.';

create function docket_private.store_events(
    project_id uuid,
    events     jsonb,
    are_own    boolean
) returns setof docket.events
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most       constant bigint :=
        (docket_private.setting('max_batch_size') #>> '{}')::bigint;
    v_own        constant text := docket_private.own_source(store_events.project_id);
    v_now        timestamptz   := docket.clock();
    v_given      jsonb[];
    v_ids        uuid[];
    v_known      uuid[];
    v_place      bigint;
    v_problem    text;
    v_constraint text;
begin
    if coalesce(jsonb_typeof(store_events.events), '') <> 'array'
       or store_events.events @? '$[*] ? (@.type() != "object")' then
        raise exception 'events is no JSON array of objects'
            using errcode = 'PD422',
                  hint    = 'docs/observability.md says what an event has.';
    elsif jsonb_array_length(store_events.events) > v_most then
        raise exception '% events in one call', jsonb_array_length(store_events.events)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_most);
    end if;

    v_ids := array(
        select docket_private.id_at(store_events.project_id, v_now, n - 1)
          from generate_series(1, jsonb_array_length(store_events.events)) as n);

    -- An attribute that is null is none; data may be null. Of its own events this docket knows
    -- what they leave out.
    v_given := array(
        select case when store_events.are_own
                   then jsonb_build_object('specversion', '1.0', 'source', v_own, 'id', e.event_id)
                   else '{}'
               end
               || jsonb_strip_nulls(e.event - 'data')
               || case when e.event ? 'data'
                      then jsonb_build_object('data', e.event -> 'data')
                      else '{}'
                  end
          from unnest(
                   array(
                       select g.event
                         from jsonb_array_elements(
                                  docket_private.without_secrets(store_events.events))
                              with ordinality as g (event, place)
                        order by g.place),
                   v_ids)
               with ordinality as e (event, event_id, place)
         order by e.place);

    select e.place, p.problem into v_place, v_problem
      from unnest(v_given) with ordinality as e (event, place)
     cross join lateral docket_private.cloudevent_problem(e.event) as p (problem)
     where p.problem is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'event % %', v_place, v_problem
            using errcode = 'PD422',
                  hint    = 'docs/observability.md says what an event has.';
    end if;

    -- One's own event may come back from where it was sent to.
    v_known := array(
        select known.event_id
          from unnest(v_given, v_ids) with ordinality as e (event, event_id, place)
          left join lateral (
                   select k.event_id
                     from docket.events as k
                    where k.event_id = case
                              when e.event ->> 'source' = v_own
                               and e.event ->> 'id' <> e.event_id::text
                                  then docket_private.uuid_of(e.event ->> 'id')
                          end
                      and k.project_id  = store_events.project_id
                      and k.recorded_at = docket_private.time_of_id(k.event_id)
               ) as known on true
         order by e.place);

    -- In the order of the keys: of two who tell of the same events, one waits for the other, and
    -- finds them known. What comes twice in one call is its first.
    insert into docket_private.event_keys (event_key, project_id, event_id)
    select k.event_key, store_events.project_id, v_ids[min(k.place)]
      from (
          select docket_private.event_key(e.event ->> 'source', e.event ->> 'id') as event_key,
                 e.place
            from unnest(v_given, v_ids, v_known)
                 with ordinality as e (event, event_id, known, place)
           where e.event ->> 'id' <> e.event_id::text
             and e.known is null
      ) as k
     group by k.event_key
     order by k.event_key
        on conflict on constraint event_keys_pkey do nothing;

    v_known := array(
        select coalesce(e.known, k.event_id, e.event_id)
          from unnest(v_given, v_ids, v_known)
               with ordinality as e (event, event_id, known, place)
          left join lateral (
                   select known.event_id
                     from docket_private.event_keys as known
                    where known.event_key
                          = docket_private.event_key(e.event ->> 'source', e.event ->> 'id')
                      and known.project_id = store_events.project_id
               ) as k on true
         order by e.place);

    begin
        insert into docket.events (
            event_id, project_id, cloudevent_id, source, event_type, subject, occurred_at,
            data_content_type, data_schema, data, data_bytes, extensions, correlation_id, task_id,
            workflow_id, component, recorded_at)
        select e.event_id, store_events.project_id, e.event ->> 'id', e.event ->> 'source',
               e.event ->> 'type', e.event ->> 'subject',
               coalesce((e.event ->> 'time')::timestamptz, v_now),
               e.event ->> 'datacontenttype', e.event ->> 'dataschema', e.event -> 'data',
               decode(e.event ->> 'data_base64', 'base64'),
               e.event - array['specversion', 'id', 'source', 'type', 'subject', 'time',
                               'datacontenttype', 'dataschema', 'data', 'data_base64',
                               'correlationid', 'component']
                       - case when l.task_id is not null then 'taskid' else '' end
                       - case when l.workflow_id is not null then 'workflowid' else '' end,
               e.event ->> 'correlationid', l.task_id, l.workflow_id, e.event ->> 'component',
               docket_private.time_of_id(e.event_id)
          from unnest(v_given, v_ids, v_known)
               with ordinality as e (event, event_id, known, place)
         cross join lateral (
                   -- What another source names need not be a task of this project.
                   select case when store_events.are_own
                              then (e.event ->> 'taskid')::uuid
                              else (select t.task_id
                                      from docket.tasks as t
                                     where t.task_id = docket_private.uuid_of(e.event ->> 'taskid')
                                       and t.project_id = store_events.project_id)
                          end as task_id,
                          case when store_events.are_own
                              then (e.event ->> 'workflowid')::uuid
                              else (select w.workflow_id
                                      from docket.workflows as w
                                     where w.workflow_id
                                           = docket_private.uuid_of(e.event ->> 'workflowid')
                                       and w.project_id = store_events.project_id)
                          end as workflow_id
               ) as l
         where e.known = e.event_id
         order by e.place;
    exception
        when foreign_key_violation then
            raise exception 'the task or workflow of an event is none of this project'
                using errcode = 'PD404';
        when check_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the events are refused: %',
                            coalesce(docket_private.constraint_text('events', v_constraint),
                                     left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    if found and docket_private.setting('notify', (
           select p.settings
             from docket.projects as p
            where p.project_id = store_events.project_id)) = 'true'
    then
        perform pg_notify('docket_events', store_events.project_id::text);
    end if;

    return query
    select e.*
      from unnest(v_known) with ordinality as k (event_id, place)
     cross join lateral (
               select found_event.*
                 from docket.events as found_event
                where found_event.event_id    = k.event_id
                  and found_event.project_id  = store_events.project_id
                  and found_event.recorded_at = docket_private.time_of_id(k.event_id)
           ) as e
     order by k.place;
end;
$$;

comment on function docket_private.store_events(uuid, jsonb, boolean) is
    'Stores CloudEvents that are not known yet, wakes who listens to docket_events, and returns all of them in their order. Its own events may leave out what the docket knows, and name tasks and workflows that are there. Raises PD404, PD413, PD422.';

create function docket_private.find_event(event_id uuid) returns docket.events
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_recorded_at timestamptz := docket_private.time_of_id(find_event.event_id);
    v_event       docket.events;
begin
    select e.* into v_event
      from docket.events as e
     where e.event_id    = find_event.event_id
       and e.recorded_at = v_recorded_at;

    if not found then
        raise exception 'event % does not exist', coalesce(find_event.event_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_events() lists those of a project.';
    end if;

    return v_event;
end;
$$;

comment on function docket_private.find_event(uuid) is
    'An event by its id. Raises PD404.';

create function docket.emit_event(
    project_id     uuid,
    event_type     text,
    data           jsonb       default null,
    subject        text        default null,
    task_id        uuid        default null,
    workflow_id    uuid        default null,
    component      text        default null,
    correlation_id text        default null,
    occurred_at    timestamptz default null,
    request_id     uuid        default null
) returns docket.events
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- As the specification writes times.
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'emit_event');
    v_event  docket.events;
begin
    if v_answer is not null then
        return docket_private.find_event((v_answer ->> 'event_id')::uuid);
    end if;

    perform docket_private.require_project(emit_event.project_id);

    if not isfinite(emit_event.occurred_at) then
        raise exception 'occurred_at is no time'
            using errcode = 'PD422';
    end if;

    select e.* into v_event
      from docket_private.store_events(
               emit_event.project_id,
               jsonb_build_array(
                   jsonb_build_object(
                       'type', emit_event.event_type,
                       'subject', emit_event.subject,
                       'time', to_char(emit_event.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                       'taskid', emit_event.task_id,
                       'workflowid', emit_event.workflow_id,
                       'component', emit_event.component,
                       'correlationid', emit_event.correlation_id)
                   || case
                          when emit_event.data is null then '{}'
                          else jsonb_build_object('data', emit_event.data)
                      end),
               true) as e;

    perform docket_private.remember(
        request_id, jsonb_build_object('event_id', v_event.event_id));
    return v_event;
end;
$$;

comment on function docket.emit_event(
    uuid, text, jsonb, text, uuid, uuid, text, text, timestamptz, uuid) is
'Says that something has happened: an event of this docket, that consumers and listeners get.

`event_type` is what kind of thing (com.example.release.approved), `data` any JSON about it, with
asterisks under secret keys (up to 1048576 bytes), `subject` to what it happened, `task_id`,
`workflow_id` and `component` what of this docket it is about, `correlation_id` what it has in
common with others of the same story, `occurred_at` when it was (null: now). The same `request_id`
again returns the first event. Returns the event. Raises PD404, PD403, PD409, PD422.';

create function docket.emit_events(
    project_id uuid,
    events     jsonb,
    request_id uuid default null
) returns setof docket.events
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'emit_events');
    v_ids    uuid[];
begin
    if v_answer is null then
        perform docket_private.require_project(emit_events.project_id);
        v_ids := array(
            select e.event_id
              from docket_private.store_events(
                       emit_events.project_id, emit_events.events, true) as e);
        perform docket_private.remember(request_id, to_jsonb(v_ids));
    else
        v_ids := array(select a.id::uuid from jsonb_array_elements_text(v_answer) as a (id));
    end if;

    return query
    select e.*
      from unnest(v_ids) with ordinality as i (event_id, place)
     cross join lateral (
               select found_event.*
                 from docket.events as found_event
                where found_event.event_id    = i.event_id
                  and found_event.recorded_at = docket_private.time_of_id(i.event_id)
           ) as e
     order by i.place;
end;
$$;

comment on function docket.emit_events(uuid, jsonb, uuid) is
'Says what has happened, many events in one call: all of them or none.

`events` is an array of CloudEvents (up to the setting max_batch_size) of which only type has to be
there: source is the project''s own unless given, id a new one, time now. data is any JSON, taskid,
workflowid, component and correlationid are kept as what the event is about, and whatever else it
has as extensions. An event that its source has told of before (the same source and id) is not
stored again. The same `request_id` again stores nothing. Returns the events, in their order.
Raises PD404, PD403, PD409, PD413, PD422.';

create function docket_private.forget_event_keys(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before uuid := docket_private.id_at(null, (
        select min(p.lower_bound) from docket_private.partitions_of('events') as p));
    v_count  bigint;
begin
      with old as (
          select k.event_key, k.project_id
            from docket_private.event_keys as k
           where k.event_id < v_before
             -- What has strayed is not gone.
             and not exists (
                     select
                       from docket.events as e
                      where e.event_id    = k.event_id
                        and e.project_id  = k.project_id
                        and e.recorded_at = docket_private.time_of_id(k.event_id))
           order by k.event_id
           limit forget_event_keys.at_most
             for update skip locked
      ), gone as (
          delete from docket_private.event_keys as k
           using old
           where k.event_key  = old.event_key
             and k.project_id = old.project_id
          returning 1
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.forget_event_keys(bigint) is
    'Deletes at most so many keys of events whose month is gone. Returns how many.';

revoke all on function docket_private.uuid_of(text) from public;
revoke all on function docket_private.event_key(text, text) from public;
revoke all on function docket_private.own_source(uuid) from public;
revoke all on function docket_private.cloudevent_problem(jsonb) from public;
revoke all on function docket_private.store_events(uuid, jsonb, boolean) from public;
revoke all on function docket_private.find_event(uuid) from public;
revoke all on function docket.emit_event(
    uuid, text, jsonb, text, uuid, uuid, text, text, timestamptz, uuid) from public;
revoke all on function docket.emit_events(uuid, jsonb, uuid) from public;
revoke all on function docket_private.forget_event_keys(bigint) from public;
grant execute on function
    docket.emit_event(uuid, text, jsonb, text, uuid, uuid, text, text, timestamptz, uuid),
    docket.emit_events(uuid, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;
grant select on docket.events
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
