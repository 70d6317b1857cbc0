-- Deploy pgdocket:observability/alerts to pg
-- requires: observability/alert_rules
-- requires: observability/events

begin;
set local role docket_owner;

create domain docket.alert_state as text
    constraint alert_state_known
        check (value in ('pending', 'firing', 'acknowledged', 'resolved'));

comment on domain docket.alert_state is
    'How an alert stands: pending, bad, but not yet for long enough; firing, somebody is to look; acknowledged, somebody does; resolved, it is over.';

create domain docket.alert_resolution as text
    constraint alert_resolution_known
        check (value in ('cleared', 'gone', 'manual', 'rule_changed'));

comment on domain docket.alert_resolution is
    'How an alert was resolved: cleared, it became good again; gone, what it was about is no more; manual, somebody said so; rule_changed, its rule was changed, switched off or deleted.';

-- What it says of its rule is what the rule was: that may go, and the alert stays.
create table docket.alerts (
    alert_id        uuid               not null,
    project_id      uuid               not null,
    alert_rule_id   uuid               not null,
    rule_name       text               not null,
    kind            docket.alert_kind  not null,
    severity        docket.severity    not null,
    metric          text,
    labels          jsonb              not null,
    state           docket.alert_state not null,
    value           numeric            not null,
    threshold       numeric            not null,
    started_at      timestamptz        not null,
    fired_at        timestamptz,
    clear_since     timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at     timestamptz,
    resolved_by     text,
    resolution      docket.alert_resolution,
    note            text,

    constraint alerts_pkey primary key (alert_id, project_id),
    constraint alerts_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint alerts_fired_unless_pending check ((fired_at is null) = (state = 'pending')),
    constraint alerts_acknowledged_by_somebody
        check (num_nulls(acknowledged_at, acknowledged_by) in (0, 2)
               and (state <> 'acknowledged' or acknowledged_at is not null)),
    constraint alerts_resolved_somehow
        check (num_nulls(resolved_at, resolved_by, resolution)
               = case state when 'resolved' then 0 else 3 end),
    constraint alerts_note_bounded check (length(note) between 1 and 2000)
) with (fillfactor = 70);

-- However many evaluate it, and however often: a series has one alert of a rule.
create unique index alerts_one_open_key
    on docket.alerts (alert_rule_id, project_id, labels) where state <> 'resolved';

create index alerts_open_idx
    on docket.alerts (project_id, alert_id) where state <> 'resolved';

create index alerts_project_idx on docket.alerts (project_id, alert_id);

create index alerts_resolved_idx
    on docket.alerts (resolved_at) where state = 'resolved';

comment on table docket.alerts is
    'What was bad for somebody to look at: from when on, who did, and when it was over.';
comment on column docket.alerts.alert_id is
    'The alert.';
comment on column docket.alerts.alert_rule_id is
    'The rule; there may be none of this id any more.';
comment on column docket.alerts.rule_name is
    'The rule''s name.';
comment on column docket.alerts.kind is
    'What the rule judges.';
comment on column docket.alerts.severity is
    'How bad it is.';
comment on column docket.alerts.metric is
    'The metric; null: it is about a budget or a component.';
comment on column docket.alerts.labels is
    'What it is about: the labels of the series, of the budget or of the component.';
comment on column docket.alerts.state is
    'How it stands.';
comment on column docket.alerts.value is
    'What the value was when it was judged last.';
comment on column docket.alerts.threshold is
    'From which value on it was bad.';
comment on column docket.alerts.started_at is
    'Since when it was bad.';
comment on column docket.alerts.fired_at is
    'When it fired; null: it is pending.';
comment on column docket.alerts.clear_since is
    'Since when it is good again, while it is not resolved yet.';
comment on column docket.alerts.acknowledged_at is
    'When somebody said that he looks.';
comment on column docket.alerts.acknowledged_by is
    'Who.';
comment on column docket.alerts.resolved_at is
    'When it was over.';
comment on column docket.alerts.resolved_by is
    'Who said so, or evaluated the rule.';
comment on column docket.alerts.resolution is
    'How it was resolved.';
comment on column docket.alerts.note is
    'What was said of it last.';
comment on constraint alerts_note_bounded on docket.alerts is
    'a note has 1 to 2000 characters';

-- Of what a rule judges, and not of one alert: what comes and goes is not told each time anew.
create table docket.alert_silences (
    alert_rule_id  uuid        not null,
    project_id     uuid        not null,
    labels         jsonb       not null,
    alert_id       uuid        not null,
    silenced_until timestamptz not null,
    reason         text        not null,
    created_at     timestamptz not null default docket.clock(),
    created_by     text        not null default docket.principal(),

    constraint alert_silences_pkey primary key (alert_rule_id, project_id, labels),
    constraint alert_silences_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint alert_silences_reason_bounded check (length(reason) between 1 and 2000)
);

create index alert_silences_project_idx on docket.alert_silences (project_id);

create index alert_silences_until_idx on docket.alert_silences (silenced_until);

comment on table docket.alert_silences is
    'Of what nobody wants to hear for a while: the alerts of a rule about it, this one and the next.';
comment on column docket.alert_silences.alert_rule_id is
    'The rule.';
comment on column docket.alert_silences.labels is
    'What its alerts are about.';
comment on column docket.alert_silences.alert_id is
    'The alert that was silenced.';
comment on column docket.alert_silences.silenced_until is
    'Until when.';
comment on column docket.alert_silences.reason is
    'Why.';
comment on constraint alert_silences_reason_bounded on docket.alert_silences is
    'a reason has 1 to 2000 characters';

call docket_private.add_journal(
    'docket.alerts', 'alert_id', '{}', 'old.state is distinct from new.state');
call docket_private.add_journal('docket.alert_silences', 'alert_id');
call docket_private.add_isolation('docket.alerts');
call docket_private.add_isolation('docket.alert_silences');

insert into docket.settings (setting_key, value, description)
values ('alert_days', '400', 'How long resolved alerts are kept, in days; null: for ever.');

create view docket.alert_overview with (security_invoker = true) as
select a.*,
       s.silenced_until,
       s.created_by as silenced_by,
       s.reason as silence_reason
  from docket.alerts as a
  left join docket.alert_silences as s
    on s.alert_rule_id  = a.alert_rule_id
   and s.project_id     = a.project_id
   and s.labels         = a.labels
   and s.silenced_until > docket.clock();

comment on view docket.alert_overview is
    'Alerts, and until when nobody wants to hear of them.';

create function docket_private.alert_event(
    alert     docket.alerts,
    happening text
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'type', 'pgdocket.alert.' || alert_event.happening,
        'subject', alert.rule_name,
        'component', nullif(left(alert.labels ->> 'component', 255), ''),
        'correlationid', alert.alert_id,
        'data', jsonb_build_object(
            'alert_id', alert.alert_id, 'rule', alert.rule_name, 'kind', alert.kind,
            'severity', alert.severity, 'metric', alert.metric, 'labels', alert.labels,
            'state', alert.state, 'value', alert.value, 'threshold', alert.threshold,
            'started_at', alert.started_at, 'resolution', alert.resolution, 'note', alert.note,
            'is_silenced', exists (
                select
                  from docket.alert_silences as s
                 where s.alert_rule_id  = alert.alert_rule_id
                   and s.project_id     = alert.project_id
                   and s.labels         = alert.labels
                   and s.silenced_until > docket.clock())));
end;
$$;

comment on function docket_private.alert_event(docket.alerts, text) is
    'What is told of an alert: pending, dropped, firing, acknowledged, resolved, silenced or unsilenced.';

create function docket_private.tell_alerts(project_id uuid, events jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A rule may end more at once than one call takes.
    perform docket_private.store_events(tell_alerts.project_id, b.events, true)
       from (
           select jsonb_agg(e.event order by e.place) as events
             from jsonb_array_elements(tell_alerts.events) with ordinality as e (event, place)
            group by (e.place - 1)
                     / (docket_private.setting('max_batch_size') #>> '{}')::bigint
       ) as b;
end;
$$;

comment on function docket_private.tell_alerts(uuid, jsonb) is
    'Stores what is told of alerts of a project; null: nothing.';

create function docket_private.find_alert(alert_id uuid) returns docket.alerts
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_alert docket.alerts;
begin
    select a.* into v_alert
      from docket.alerts as a
     where a.alert_id = find_alert.alert_id;

    if not found then
        raise exception 'alert % does not exist', coalesce(find_alert.alert_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_alerts() lists those of a project.';
    end if;

    perform docket_private.require_project(v_alert.project_id);
    return v_alert;
end;
$$;

comment on function docket_private.find_alert(uuid) is
    'An alert that the principal may change. Raises PD404, PD403.';

-- Locks, for all that changes alerts: the rule, the evaluation of it in the project, its alerts,
-- then what is silenced. Whoever evaluates waits for none of them: what another holds it leaves to
-- the next time.
create function docket.acknowledge_alert(
    alert_id   uuid,
    note       text default null,
    request_id uuid default null
) returns docket.alerts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'acknowledge_alert');
    v_alert  docket.alerts;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.alerts, v_answer);
    end if;

    v_alert := docket_private.find_alert(acknowledge_alert.alert_id);

    begin
        update docket.alerts as a
           set state           = 'acknowledged',
               acknowledged_at = docket.clock(),
               acknowledged_by = docket.principal(),
               note            = acknowledge_alert.note
         where a.alert_id   = v_alert.alert_id
           and a.project_id = v_alert.project_id
           and a.state      = 'firing'
        returning a.* into v_alert;
    exception
        when check_violation then
            raise exception 'a note has 1 to 2000 characters'
                using errcode = 'PD422';
    end;

    if v_alert.state = 'acknowledged' then
        perform docket_private.tell_alerts(
            v_alert.project_id,
            jsonb_build_array(docket_private.alert_event(v_alert, 'acknowledged')));
    else
        v_alert := docket_private.find_alert(acknowledge_alert.alert_id);
        if v_alert.state <> 'acknowledged' then
            raise exception 'alert % is %', v_alert.alert_id, v_alert.state
                using errcode = 'PDTRN',
                      hint    = 'Only an alert that is firing is acknowledged.';
        end if;
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_alert));
    return v_alert;
end;
$$;

comment on function docket.acknowledge_alert(uuid, text, uuid) is
'Says that somebody looks after an alert that is firing. It stays there until it is resolved; what
is acknowledged already stays so.

`note` says what is being done, in 1 to 2000 characters. The same `request_id` again returns the
first answer. Returns the alert. Raises PD404, PD403, PD422, PDTRN (it is pending or resolved).';

create function docket.resolve_alert(
    alert_id   uuid,
    note       text default null,
    request_id uuid default null
) returns docket.alerts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'resolve_alert');
    v_alert  docket.alerts;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.alerts, v_answer);
    end if;

    v_alert := docket_private.find_alert(resolve_alert.alert_id);

    begin
        update docket.alerts as a
           set state       = 'resolved',
               resolved_at = docket.clock(),
               resolved_by = docket.principal(),
               resolution  = 'manual',
               clear_since = null,
               note        = coalesce(resolve_alert.note, a.note)
         where a.alert_id   = v_alert.alert_id
           and a.project_id = v_alert.project_id
           and a.state in ('firing', 'acknowledged')
        returning a.* into v_alert;
    exception
        when check_violation then
            raise exception 'a note has 1 to 2000 characters'
                using errcode = 'PD422';
    end;

    if v_alert.alert_id is not null then
        perform docket_private.tell_alerts(
            v_alert.project_id,
            jsonb_build_array(docket_private.alert_event(v_alert, 'resolved')));
    else
        v_alert := docket_private.find_alert(resolve_alert.alert_id);
        if v_alert.state <> 'resolved' then
            raise exception 'alert % is %', v_alert.alert_id, v_alert.state
                using errcode = 'PDTRN',
                      hint    = 'It has not fired, and is dropped when it is good again.';
        end if;
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_alert));
    return v_alert;
end;
$$;

comment on function docket.resolve_alert(uuid, text, uuid) is
'Says that what an alert is about is over. Where it is not, the next evaluation of its rule opens a
new one: docket.silence_alert() is for what is not to be heard. What is resolved already stays so.

`note` says how, in 1 to 2000 characters. The same `request_id` again returns the first answer.
Returns the alert. Raises PD404, PD403, PD422, PDTRN (it is pending).';

create function docket.silence_alert(
    alert_id   uuid,
    until      timestamptz,
    reason     text,
    request_id uuid default null
) returns docket.alert_silences
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'silence_alert');
    v_alert   docket.alerts;
    v_silence docket.alert_silences;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.alert_silences, v_answer);
    end if;

    v_alert := docket_private.find_alert(silence_alert.alert_id);

    if (silence_alert.until > docket.clock()
        and silence_alert.until <= docket.clock() + interval '1 year') is not true
    then
        raise exception 'an alert is not silenced until %',
                        coalesce(silence_alert.until::text, 'null')
            using errcode = 'PD422',
                  hint    = 'Give a time within the next year.';
    end if;

    begin
        insert into docket.alert_silences as s (
            alert_rule_id, project_id, labels, alert_id, silenced_until, reason)
        values (
            v_alert.alert_rule_id, v_alert.project_id, v_alert.labels, v_alert.alert_id,
            silence_alert.until, silence_alert.reason)
            on conflict on constraint alert_silences_pkey
            do update set alert_id       = excluded.alert_id,
                          silenced_until = excluded.silenced_until,
                          reason         = excluded.reason,
                          created_at     = excluded.created_at,
                          created_by     = excluded.created_by
        returning s.* into v_silence;
    exception
        when check_violation or not_null_violation then
            raise exception 'a reason has 1 to 2000 characters'
                using errcode = 'PD422',
                      hint    = 'Say why nobody is to hear of it.';
    end;

    perform docket_private.tell_alerts(
        v_alert.project_id, jsonb_build_array(docket_private.alert_event(v_alert, 'silenced')));
    perform docket_private.remember(request_id, to_jsonb(v_silence));
    return v_silence;
end;
$$;

comment on function docket.silence_alert(uuid, timestamptz, text, uuid) is
'Lets nobody hear of an alert for a while, nor of those that its rule opens about the same until
then: health() leaves them out, and their events say is_silenced. They are evaluated as ever.

`until` is when it ends, within a year; `reason` says why, in 1 to 2000 characters. To silence it
again replaces both. The same `request_id` again returns the first answer. Returns the silence.
Raises PD404, PD403, PD422.';

create function docket.unsilence_alert(
    alert_id   uuid,
    request_id uuid default null
) returns docket.alerts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'unsilence_alert');
    v_alert  docket.alerts;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.alerts, v_answer);
    end if;

    v_alert := docket_private.find_alert(unsilence_alert.alert_id);

    delete from docket.alert_silences as s
     where s.alert_rule_id = v_alert.alert_rule_id
       and s.project_id    = v_alert.project_id
       and s.labels        = v_alert.labels;

    if found then
        perform docket_private.tell_alerts(
            v_alert.project_id,
            jsonb_build_array(docket_private.alert_event(v_alert, 'unsilenced')));
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_alert));
    return v_alert;
end;
$$;

comment on function docket.unsilence_alert(uuid, uuid) is
'Ends the silence about what an alert is about, before its time. Where there is none nothing
happens.

The same `request_id` again returns the first answer. Returns the alert. Raises PD404, PD403.';

create function docket.list_alerts(
    project_id uuid,
    state      text    default null,
    severity   text    default null,
    rule_name  text    default null,
    after      uuid    default null,
    page_size  integer default 100
) returns setof docket.alert_overview
language sql
stable
begin atomic
    select a.*
      from docket.alert_overview as a
     where a.project_id = list_alerts.project_id
       and (list_alerts.state is null
            or a.state = lower(list_alerts.state)
            or (a.state <> 'resolved' and lower(list_alerts.state) = 'open'))
       and (list_alerts.severity is null or a.severity = lower(list_alerts.severity))
       and (list_alerts.rule_name is null or a.rule_name = list_alerts.rule_name)
       and (list_alerts.after is null or a.alert_id < list_alerts.after)
     order by a.alert_id desc
     limit least(greatest(list_alerts.page_size, 1), 1000);
end;

comment on function docket.list_alerts(uuid, text, text, text, uuid, integer) is
'The alerts of a project that meet every condition given, the newest first, and until when they are
silenced.

`state` is pending, firing, acknowledged or resolved, or open for all that are not resolved;
`severity` is low, medium, high or critical, `rule_name` the rule. `after` is the id of the last
alert of the previous page, `page_size` is in rows (1 to 1000). Returns alerts; raises nothing.';

create function docket.alert_history(
    alert_id  uuid,
    after     bigint  default 0,
    page_size integer default 100
) returns table (
    audit_id    bigint,
    recorded_at timestamptz,
    principal   text,
    operation   text,
    from_state  text,
    to_state    text,
    changes     jsonb
)
language sql
stable
begin atomic
    select l.audit_id, l.recorded_at, l.principal,
           case l.table_name
               when 'alerts' then l.operation
               else case l.operation when 'delete' then 'unsilence' else 'silence' end
           end,
           case l.table_name when 'alerts' then l.old_values ->> 'state' end,
           case l.table_name when 'alerts' then l.new_values ->> 'state' end,
           (select jsonb_object_agg(
                       k.column_name,
                       jsonb_build_array(
                           l.old_values -> k.column_name, l.new_values -> k.column_name))
              from jsonb_object_keys(coalesce(l.old_values, '{}') || coalesce(l.new_values, '{}'))
                   as k (column_name))
      from docket.audit_log as l
     where l.row_id     = alert_history.alert_id
       and l.table_name in ('alerts', 'alert_silences')
       and l.audit_id   > alert_history.after
     order by l.audit_id
     limit least(greatest(alert_history.page_size, 1), 1000);
end;

comment on function docket.alert_history(uuid, bigint, integer) is
'What has happened to an alert, the oldest first: one row for each transition, from the journal,
which also has those that came to nothing.

`after` is the audit_id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns when, who, what (insert, update, delete, silence, unsilence), the state before and after,
and changes ({column: [before, after]}, in PostgreSQL''s text form); from_state, to_state and
changes may be null. Raises nothing.';

create function docket_private.forget_alerts(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
      with old as (
          select a.alert_id, a.project_id
            from docket.alerts as a
           where a.state = 'resolved'
             and a.resolved_at < docket.clock() - make_interval(
                     days => (docket_private.setting('alert_days') #>> '{}')::integer)
           order by a.resolved_at
           limit forget_alerts.at_most
             for update skip locked
      ), gone as (
          delete from docket.alerts as a
           using old
           where a.alert_id   = old.alert_id
             and a.project_id = old.project_id
          returning 1
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.forget_alerts(bigint) is
    'Deletes at most so many alerts that were resolved longer ago than the setting alert_days. Returns how many.';

revoke all on function docket_private.alert_event(docket.alerts, text) from public;
revoke all on function docket_private.tell_alerts(uuid, jsonb) from public;
revoke all on function docket_private.find_alert(uuid) from public;
revoke all on function docket.acknowledge_alert(uuid, text, uuid) from public;
revoke all on function docket.resolve_alert(uuid, text, uuid) from public;
revoke all on function docket.silence_alert(uuid, timestamptz, text, uuid) from public;
revoke all on function docket.unsilence_alert(uuid, uuid) from public;
revoke all on function docket.list_alerts(uuid, text, text, text, uuid, integer) from public;
revoke all on function docket.alert_history(uuid, bigint, integer) from public;
revoke all on function docket_private.forget_alerts(bigint) from public;
grant execute on function
    docket.acknowledge_alert(uuid, text, uuid), docket.resolve_alert(uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.silence_alert(uuid, timestamptz, text, uuid), docket.unsilence_alert(uuid, uuid)
   to docket_admin, docket_app;
grant execute on function
    docket.list_alerts(uuid, text, text, text, uuid, integer),
    docket.alert_history(uuid, bigint, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.alerts, docket.alert_silences, docket.alert_overview
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
