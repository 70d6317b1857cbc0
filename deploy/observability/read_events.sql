-- Deploy pgdocket:observability/read_events to pg
-- requires: access/read_journal
-- requires: observability/events

begin;
set local role docket_owner;

create function docket_private.cloudevent(event docket.events) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    return event.extensions
           || jsonb_strip_nulls(jsonb_build_object(
                  'specversion', '1.0',
                  'id', event.cloudevent_id,
                  'source', event.source,
                  'type', event.event_type,
                  'subject', event.subject,
                  'time', to_char(event.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                  'datacontenttype', coalesce(
                      event.data_content_type,
                      case when event.data is not null then 'application/json' end),
                  'dataschema', event.data_schema,
                  'correlationid', event.correlation_id,
                  'taskid', event.task_id,
                  'workflowid', event.workflow_id,
                  'component', event.component,
                  'data_base64', translate(encode(event.data_bytes, 'base64'), e'\n', '')))
           || case
                  when event.data is null then '{}'
                  else jsonb_build_object('data', event.data)
              end;
end;
$$;

comment on function docket_private.cloudevent(docket.events) is
    'An event as CloudEvents 1.0.2 write it in JSON, in structured mode.';

-- What consumers ask for, taken apart once for all the events that are looked at.
create function docket_private.event_filter(
    event_filter       jsonb,
    out type_pattern   text,
    out source         text,
    out subject        text,
    out task_id        uuid,
    out workflow_id    uuid,
    out component      text,
    out correlation_id text,
    out since          timestamptz
)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_given constant jsonb := coalesce(event_filter.event_filter, '{}');
    v_wrong text;
begin
    if jsonb_typeof(v_given) <> 'object' then
        raise exception 'event_filter is no JSON object'
            using errcode = 'PD422';
    end if;

    select k.key into v_wrong
      from jsonb_each(v_given) as k
     where case
               when k.key = 'types'
                   then jsonb_typeof(k.value) <> 'array'
                        or k.value @? '$[*] ? (@.type() != "string")'
               else k.key not in ('source', 'subject', 'task_id', 'workflow_id', 'component',
                                  'correlation_id', 'since')
                    or jsonb_typeof(k.value) not in ('string', 'null')
           end
     limit 1;
    if found then
        raise exception 'event_filter can not have "%" so', left(v_wrong, 50)
            using errcode = 'PD422',
                  hint    = 'It has types (an array), source, subject, task_id, workflow_id, component, correlation_id and since (texts).';
    end if;

    -- Any of the types; one that ends with an asterisk is whatever begins so.
    select '^(' || string_agg(
               regexp_replace(rtrim(t.event_type, '*'), '([^[:alnum:]_ -])', '\\\1', 'g')
               || case when t.event_type like '%*' then '.*' else '' end,
               '|') || ')$'
      into type_pattern
      from jsonb_array_elements_text(v_given -> 'types') as t (event_type);

    source         := v_given ->> 'source';
    subject        := v_given ->> 'subject';
    component      := v_given ->> 'component';
    correlation_id := v_given ->> 'correlation_id';
    begin
        task_id     := (v_given ->> 'task_id')::uuid;
        workflow_id := (v_given ->> 'workflow_id')::uuid;
        since       := (v_given ->> 'since')::timestamptz;
    exception
        when data_exception then
            raise exception 'event_filter: %', left(sqlerrm, 200)
                using errcode = 'PD422';
    end;
end;
$$;

comment on function docket_private.event_filter(jsonb) is
    'What events are to have, one by one; null: whatever. Raises PD422.';

create function docket.get_event(event_id uuid) returns docket.events
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return docket_private.find_event(get_event.event_id);
end;
$$;

comment on function docket.get_event(uuid) is
    'One event by its id, `event_id`. Returns the event. Raises PD404.';

create function docket.to_cloudevent(event_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return docket_private.cloudevent(docket_private.find_event(to_cloudevent.event_id));
end;
$$;

comment on function docket.to_cloudevent(uuid) is
    'One event, `event_id`, as CloudEvents 1.0.2 write it in JSON (structured mode: application/cloudevents+json). Returns the document. Raises PD404.';

create function docket.list_events(
    project_id     uuid,
    task_id        uuid        default null,
    workflow_id    uuid        default null,
    correlation_id text        default null,
    event_type     text        default null,
    since          timestamptz default null,
    until          timestamptz default null,
    after          text        default null,
    page_size      integer     default 100
) returns setof docket.events
language sql
stable
begin atomic
    -- Each by an index of its own, so that what is rare is found among however many.
    select of_task.*
      from docket.tasks as t
     cross join lateral (
               select e.*
                 from docket.events as e
                where e.task_id = t.task_id
                  and e.project_id = t.project_id
                  and (list_events.workflow_id is null
                       or e.workflow_id = list_events.workflow_id)
                  and (list_events.event_type is null or e.event_type = list_events.event_type)
                  and (list_events.since is null or e.recorded_at >= list_events.since)
                  and (list_events.until is null or e.recorded_at < list_events.until)
                  and (list_events.after is null
                       or (e.transaction_id, e.event_no) < (
                              (docket_private.journal_place(list_events.after)).transaction_id,
                              (docket_private.journal_place(list_events.after)).audit_id))
                order by e.transaction_id desc, e.event_no desc
                limit least(greatest(list_events.page_size, 1), 1000)
           ) as of_task
     where t.task_id = list_events.task_id
       and t.project_id = list_events.project_id
       and list_events.correlation_id is null
     union all
    select of_workflow.*
      from docket.workflows as w
     cross join lateral (
               select e.*
                 from docket.events as e
                where e.workflow_id = w.workflow_id
                  and e.project_id = w.project_id
                  and (list_events.event_type is null or e.event_type = list_events.event_type)
                  and (list_events.since is null or e.recorded_at >= list_events.since)
                  and (list_events.until is null or e.recorded_at < list_events.until)
                  and (list_events.after is null
                       or (e.transaction_id, e.event_no) < (
                              (docket_private.journal_place(list_events.after)).transaction_id,
                              (docket_private.journal_place(list_events.after)).audit_id))
                order by e.transaction_id desc, e.event_no desc
                limit least(greatest(list_events.page_size, 1), 1000)
           ) as of_workflow
     where w.workflow_id = list_events.workflow_id
       and w.project_id = list_events.project_id
       and list_events.task_id is null
       and list_events.correlation_id is null
     union all
    select of_story.*
      from docket.projects as p
     cross join lateral (
               select e.*
                 from docket.events as e
                where e.correlation_id = list_events.correlation_id
                  and e.project_id = p.project_id
                  and (list_events.task_id is null or e.task_id = list_events.task_id)
                  and (list_events.workflow_id is null
                       or e.workflow_id = list_events.workflow_id)
                  and (list_events.event_type is null or e.event_type = list_events.event_type)
                  and (list_events.since is null or e.recorded_at >= list_events.since)
                  and (list_events.until is null or e.recorded_at < list_events.until)
                  and (list_events.after is null
                       or (e.transaction_id, e.event_no) < (
                              (docket_private.journal_place(list_events.after)).transaction_id,
                              (docket_private.journal_place(list_events.after)).audit_id))
                order by e.transaction_id desc, e.event_no desc
                limit least(greatest(list_events.page_size, 1), 1000)
           ) as of_story
     where p.project_id = list_events.project_id
     union all
    select of_project.*
      from docket.projects as p
     cross join lateral (
               select e.*
                 from docket.events as e
                where e.project_id = p.project_id
                  and (list_events.event_type is null or e.event_type = list_events.event_type)
                  and (list_events.since is null or e.recorded_at >= list_events.since)
                  and (list_events.until is null or e.recorded_at < list_events.until)
                  and (list_events.after is null
                       or (e.transaction_id, e.event_no) < (
                              (docket_private.journal_place(list_events.after)).transaction_id,
                              (docket_private.journal_place(list_events.after)).audit_id))
                order by e.transaction_id desc, e.event_no desc
                limit least(greatest(list_events.page_size, 1), 1000)
           ) as of_project
     where p.project_id = list_events.project_id
       and list_events.task_id is null
       and list_events.workflow_id is null
       and list_events.correlation_id is null;
end;

comment on function docket.list_events(
    uuid, uuid, uuid, text, text, timestamptz, timestamptz, text, integer) is
'The events of a project that meet every condition given, the newest first.

`task_id` and `workflow_id` say what they are about, `correlation_id` what story they belong to,
`event_type` what kind of thing happened, `since` and `until` when it was recorded (from the first
to before the second). `after` is the place (transaction_id:event_no) of the last event of the
previous page, `page_size` is in rows (1 to 1000). Returns events. Raises PD422 (no such place).';

create function docket.events_after(
    project_id   uuid,
    after        text    default '0:0',
    event_filter jsonb   default null,
    page_size    integer default 100
) returns table (
    place       text,
    event_id    uuid,
    event_type  text,
    recorded_at timestamptz,
    cloudevent  jsonb
)
language sql
stable
begin atomic
    select e.transaction_id || ':' || e.event_no, e.event_id, e.event_type, e.recorded_at,
           docket_private.cloudevent(e.event)
      from docket_private.event_filter(events_after.event_filter) as f
     cross join lateral (
               select e as event, e.*
                 from docket.events as e
                where e.project_id = events_after.project_id
                  and (e.transaction_id, e.event_no) > (
                          (docket_private.journal_place(events_after.after)).transaction_id,
                          (docket_private.journal_place(events_after.after)).audit_id)
                  and e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
                  and (f.type_pattern is null or e.event_type ~ f.type_pattern)
                  and (f.source is null or e.source = f.source)
                  and (f.subject is null or e.subject = f.subject)
                  and (f.task_id is null or e.task_id = f.task_id)
                  and (f.workflow_id is null or e.workflow_id = f.workflow_id)
                  and (f.component is null or e.component = f.component)
                  and (f.correlation_id is null or e.correlation_id = f.correlation_id)
                  and (f.since is null or e.recorded_at >= f.since)
                order by e.transaction_id, e.event_no
                limit least(greatest(events_after.page_size, 1), 1000)
           ) as e
     order by e.transaction_id, e.event_no;
end;

comment on function docket.events_after(uuid, text, jsonb, integer) is
'The events of a project after a place, without a gap: what has once been passed is never added to.
They end before the oldest transaction that still writes, in whatever database of the server.

`after` is the place of the last event that was read (0:0: the beginning); places are those of
docket.changes(), and docket.changes_end() says where the stream ends. `event_filter` is an object
with what they are to have: types (an array; what ends with * is a beginning), source, subject,
task_id, workflow_id, component, correlation_id, since (recorded then or later: replays from any
time). `page_size` is in rows (1 to 1000). Returns the events, each as a CloudEvent too. Raises
PD422 (no such place or filter).';

-- Both are numbered by the same sequence, and so in one order within a transaction too.
create function docket.stream(
    after     text    default '0:0',
    page_size integer default 100
) returns table (
    place       text,
    kind        text,
    name        text,
    recorded_at timestamptz,
    project_id  uuid,
    document    jsonb
)
language sql
stable
begin atomic
      with place as materialized (
          select p.transaction_id, p.audit_id, pg_snapshot_xmin(pg_current_snapshot()) as until
            from docket_private.journal_place(stream.after) as p
      ), change as (
          select l.*
            from place as p
           cross join lateral (
                     select l.*
                       from docket.audit_log as l
                      where (l.transaction_id, l.audit_id) > (p.transaction_id, p.audit_id)
                        and l.transaction_id < p.until
                      order by l.transaction_id, l.audit_id
                      limit least(greatest(stream.page_size, 1), 1000)
                 ) as l
      ), event as (
          select e.*
            from place as p
           cross join unnest(docket_private.visible_projects()) as v (project_id)
           cross join lateral (
                     select e as event, e.transaction_id, e.event_no, e.event_type, e.recorded_at,
                            e.project_id
                       from docket.events as e
                      where e.project_id = v.project_id
                        and (e.transaction_id, e.event_no) > (p.transaction_id, p.audit_id)
                        and e.transaction_id < p.until
                      order by e.transaction_id, e.event_no
                      limit least(greatest(stream.page_size, 1), 1000)
                 ) as e
           order by e.transaction_id, e.event_no
           limit least(greatest(stream.page_size, 1), 1000)
      ), entry as (
          select c.transaction_id, c.audit_id as entry_no, 'change' as kind,
                 c.table_name || '.' || c.operation as name, c.recorded_at, c.project_id,
                 jsonb_build_object(
                     'table_name', c.table_name,
                     'row_id', coalesce(c.row_id::text, c.row_key),
                     'operation', c.operation,
                     'changes', docket_private.changed_columns(c.old_values, c.new_values),
                     'principal', c.principal,
                     'reason', c.reason,
                     'request_id', c.request_id) as document
            from change as c
           union all
          select e.transaction_id, e.event_no, 'event', e.event_type, e.recorded_at, e.project_id,
                 docket_private.cloudevent(e.event)
            from event as e
      )
    select e.transaction_id || ':' || e.entry_no, e.kind, e.name, e.recorded_at, e.project_id,
           e.document
      from entry as e
     order by e.transaction_id, e.entry_no
     limit least(greatest(stream.page_size, 1), 1000);
end;

comment on function docket.stream(text, integer) is
'The one stream of all that happens in the projects that the caller sees: the changes of the journal
and the events, in one order and without a gap, for pages and listeners that show it live.

`after` is the place of the last entry that was read (0:0: the beginning, docket.changes_end(): from
now on), `page_size` is in rows (1 to 1000). Returns entries: kind is change or event, name the
table and operation (tasks.update) or the type of the event, document what changes() has or the
CloudEvent; project_id may be null. Ask again after docket_events (LISTEN), and every second for
changes. Raises PD422 (no such place).';

revoke all on function docket_private.cloudevent(docket.events) from public;
revoke all on function docket_private.event_filter(jsonb) from public;
revoke all on function docket.get_event(uuid) from public;
revoke all on function docket.to_cloudevent(uuid) from public;
revoke all on function docket.list_events(
    uuid, uuid, uuid, text, text, timestamptz, timestamptz, text, integer) from public;
revoke all on function docket.events_after(uuid, text, jsonb, integer) from public;
revoke all on function docket.stream(text, integer) from public;
grant execute on function
    docket_private.cloudevent(docket.events),
    docket_private.event_filter(jsonb),
    docket.get_event(uuid),
    docket.to_cloudevent(uuid),
    docket.list_events(
        uuid, uuid, uuid, text, text, timestamptz, timestamptz, text, integer),
    docket.events_after(uuid, text, jsonb, integer),
    docket.stream(text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
