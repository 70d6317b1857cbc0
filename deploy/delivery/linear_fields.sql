-- Deploy pgdocket:delivery/linear_fields to pg
-- requires: delivery/linear_sync
-- requires: projects/update_project

begin;
set local role docket_owner;

-- A field is compared as tasks have it: what Linear says is translated once, and what can not be
-- said there exactly (a priority of 9, half an hour) is no change for that.

create function docket_private.require_linear_policies(policies jsonb) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong text;
begin
    perform docket_private.require_keys(
        require_linear_policies.policies,
        array['*', 'title', 'description', 'status', 'priority', 'estimate', 'labels', 'due_date'],
        'whose change counts');

    select e.field || ': ' || left(e.value::text, 100) into v_wrong
      from jsonb_each(require_linear_policies.policies) as e (field, value)
     where e.value not in ('"ours"', '"theirs"', '"newest"', '"manual"', '"ignore"')
     limit 1;
    if v_wrong is not null then
        raise exception 'that is no policy: %', v_wrong
            using errcode = 'PD422',
                  hint    = 'One of ours, theirs, newest, manual, ignore.';
    end if;
end;
$$;

comment on function docket_private.require_linear_policies(jsonb) is
    'Raises PD422 unless it says of fields whose change counts.';

create function docket_private.linear_rules(project_id uuid) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_own   jsonb := (
        select p.settings from docket.projects as p where p.project_id = linear_rules.project_id);
    v_rules jsonb;
    v_wrong text;
begin
    v_rules := jsonb_build_object(
        'direction', docket_private.setting('linear_direction', v_own),
        'teams', docket_private.setting('linear_teams', v_own),
        'hours', docket_private.setting('linear_estimate_hours', v_own))
        || (select jsonb_object_agg(
                       n.name,
                       docket_private.setting('linear_' || n.name)
                       || coalesce(v_own -> ('linear_' || n.name), '{}'))
              from unnest(array['policies', 'states', 'priorities', 'labels']) as n (name));

    v_wrong := (
        select min(w.name)
          from (values
              ('direction', v_rules ->> 'direction' in (
                   'to_linear', 'from_linear', 'bidirectional')),
              ('teams', jsonb_typeof(v_rules -> 'teams') = 'array'),
              ('estimate_hours', v_rules -> 'hours' = 'null'
                   or jsonb_typeof(v_rules -> 'hours') = 'number' and v_rules -> 'hours' > '0'),
              ('states', not jsonb_path_exists(
                   v_rules -> 'states',
                   'strict $.keyvalue() ? (@.value.type() != "string" && @.value.type() != "array")',
                   silent => true)),
              ('priorities', not jsonb_path_exists(
                   v_rules -> 'priorities',
                   'strict $.keyvalue() ? (@.value.type() != "number" || @.value < 1 || @.value > 10 || @.value.floor() != @.value)',
                   silent => true)),
              ('labels', not jsonb_path_exists(
                   v_rules -> 'labels', 'strict $.keyvalue() ? (@.value.type() != "string")',
                   silent => true))
          ) as w (name, is_right)
         where w.is_right is not true);
    if v_wrong is not null then
        raise exception 'setting linear_% of the project is not what it has to be', v_wrong
            using errcode = 'PD422',
                  hint    = (select s.description
                               from docket.settings as s
                              where s.setting_key = 'linear_' || v_wrong);
    end if;
    perform docket_private.require_linear_policies(v_rules -> 'policies');

    return v_rules;
end;
$$;

comment on function docket_private.linear_rules(uuid) is
    'How tasks of a project and issues of Linear''s are one another: the settings linear_*. Raises PD422.';

create function docket_private.linear_ours(task docket.tasks) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'title', task.title, 'description', nullif(task.description, ''),
        'status', task.status, 'priority', task.priority, 'estimate', task.estimated_effort,
        'labels', array(select distinct t.tag collate "C" from unnest(task.tags) as t (tag)
                         order by 1),
        'due_date', to_char(task.due_at at time zone 'UTC', 'YYYY-MM-DD'));
end;
$$;

comment on function docket_private.linear_ours(docket.tasks) is
    'The fields of a task that an issue of Linear''s has too.';

create function docket_private.linear_status(
    state  jsonb,
    states jsonb
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Its id says more than its name, and that more than its type. What was sent is but one word.
    return (
        select docket_private.read_status(s.status)
          from unnest(case jsonb_typeof(linear_status.state)
                          when 'object' then array[
                              state ->> 'id', state ->> 'name', state ->> 'type']
                          else array[linear_status.state #>> '{}']
                      end) with ordinality as w (word, place)
          join jsonb_each(linear_status.states) as s (status, names)
            on true
         cross join jsonb_array_elements_text(
                   case jsonb_typeof(s.names)
                       when 'array' then s.names
                       else              jsonb_build_array(s.names)
                   end) as n (name)
         where lower(n.name) = lower(w.word)
         order by w.place, s.status
         limit 1);
end;
$$;

comment on function docket_private.linear_status(jsonb, jsonb) is
    'The status that a state of Linear''s is; null: none. Raises PD422.';

create function docket_private.linear_theirs(
    issue      jsonb,
    is_removed boolean,
    rules      jsonb
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text := docket_private.linear_status(issue -> 'state', rules -> 'states');
begin
    -- What is gone is not to be done any more.
    if linear_theirs.is_removed and coalesce(v_status, '') not in ('completed', 'cancelled') then
        v_status := 'cancelled';
    end if;

    return (
        select coalesce(jsonb_object_agg(f.field, f.value), '{}')
          from (values
              ('title', issue ->> 'title' <> '', to_jsonb(left(issue ->> 'title', 255))),
              ('description', issue ? 'description',
               to_jsonb(nullif(issue ->> 'description', ''))),
              ('status', v_status is not null, to_jsonb(v_status)),
              ('priority', issue ? 'priority' and rules #> array[
                   'priorities', coalesce(issue ->> 'priority', '0')] is not null,
               rules #> array['priorities', coalesce(issue ->> 'priority', '0')]),
              ('estimate', issue ? 'estimate' and rules -> 'hours' <> 'null',
               to_jsonb((issue ->> 'estimate')::numeric * (rules ->> 'hours')::numeric)),
              ('labels', issue ? 'labels', (
                   select coalesce(jsonb_agg(distinct t.tag), '[]')
                     from jsonb_array_elements(
                              case jsonb_typeof(issue -> 'labels')
                                  when 'array' then issue -> 'labels'
                                  else              '[]'
                              end) as l (label)
                    cross join lateral (
                        select coalesce(l.label ->> 'name', l.label #>> '{}') as name) as n
                    cross join lateral (
                        select coalesce(rules #>> array['labels', n.name], n.name) collate "C"
                                   as tag) as t)),
              ('due_date', issue ? 'dueDate', to_jsonb(left(issue ->> 'dueDate', 10))))
              as f (field, is_told, value)
         where f.is_told);
end;
$$;

comment on function docket_private.linear_theirs(jsonb, boolean, jsonb) is
    'The fields of an issue as a task would have them, as far as they are told and mean something here. Raises PD422.';

create function docket_private.linear_sent(
    ours  jsonb,
    rules jsonb
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_object_agg(f.key, f.value)
          from (values
              ('title', true, ours -> 'title'),
              ('description', true, ours -> 'description'),
              ('state', rules -> 'states' ? (ours ->> 'status'),
               coalesce(rules #> array['states', ours ->> 'status', '0'],
                        rules #> array['states', ours ->> 'status'])),
              ('priority', true, (
                   select to_jsonb(p.key::integer)
                     from jsonb_each_text(rules -> 'priorities') as p (key, value)
                    where p.key in ('1', '2', '3', '4')
                    order by abs(p.value::numeric - (ours ->> 'priority')::numeric), p.key
                    limit 1)),
              ('estimate', rules -> 'hours' <> 'null',
               to_jsonb(round((ours ->> 'estimate')::numeric / (rules ->> 'hours')::numeric))),
              ('labels', true, (
                   select coalesce(jsonb_agg(distinct coalesce(m.label, t.tag)), '[]')
                     from jsonb_array_elements_text(ours -> 'labels') as t (tag)
                     left join lateral (
                         select min(e.key) as label
                           from jsonb_each_text(rules -> 'labels') as e (key, value)
                          where e.value = t.tag) as m
                       on true)),
              ('dueDate', true, ours -> 'due_date'))
              as f (key, is_sent, value)
         where f.is_sent);
end;
$$;

comment on function docket_private.linear_sent(jsonb, jsonb) is
    'The fields of a task as they are sent to Linear, by Linear''s name, as far as it can be said there.';

create function docket_private.linear_key(field text) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case linear_key.field
               when 'status'   then 'state'
               when 'due_date' then 'dueDate'
               else                 linear_key.field
           end;
end;
$$;

comment on function docket_private.linear_key(text) is
    'What Linear calls a field.';

create function docket_private.linear_column(field text) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case linear_column.field
               when 'estimate' then 'estimated_effort'
               when 'labels'   then 'tags'
               when 'due_date' then 'due_at'
               else                 linear_column.field
           end;
end;
$$;

comment on function docket_private.linear_column(text) is
    'The column of a task that a field is.';

create function docket_private.changed_here_at(
    task_id uuid,
    field   text
) returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select (l.new_values ->> 'updated_at')::timestamptz
           from docket.audit_log as l
          where l.row_id = changed_here_at.task_id
            and l.table_name = 'tasks'
            and l.operation = 'update'
            and l.new_values ? docket_private.linear_column(changed_here_at.field)
          order by l.audit_id desc
          limit 1),
        (select t.created_at
           from docket.tasks as t
          where t.task_id = changed_here_at.task_id));
end;
$$;

comment on function docket_private.changed_here_at(uuid, text) is
    'When a field of a task was changed last, by the journal.';

-- What is to be done with each field, by nothing but what both are, what they were when they last
-- agreed, and when they were changed: so it comes out the same in whatever order it was learned.
-- Nothing is written over what an issue that is there already has never told.
--   agree     they say the same
--   send      it was changed here
--   take      it was changed there
--   conflict  it was changed on both sides, and somebody has to decide
create function docket_private.plan_linear(
    link    docket.linear_sync,
    image   docket_private.linear_images,
    ours    jsonb,
    rules   jsonb,
    task_id uuid
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_theirs    jsonb   := docket_private.linear_theirs(
        link.issue, link.removed_at is not null, rules);
    v_said      jsonb   := docket_private.linear_theirs(
        docket_private.linear_sent(ours, rules), false, rules);
    v_direction text    := case when link.removed_at is null then link.direction
                                else 'from_linear' end;
    v_policies  jsonb   := rules -> 'policies' || link.policies;
    -- A webhook leaves out what is empty; an answer of the API what nobody has asked for.
    v_is_whole  boolean := image.told ? '-';
begin
    return (
        select jsonb_object_agg(p.field, p.action)
          from (
              select f.field,
                     case
                         when f.policy = 'ignore' or f.is_unknown then null
                         when f.theirs = f.said then 'agree'
                         when not f.is_ours and not f.is_theirs then null
                         when v_direction = 'from_linear' then
                             case when f.is_theirs then 'take' end
                         when v_direction = 'to_linear' or not f.is_theirs then
                             case when f.is_ours and f.said is not null then 'send' end
                         when not f.is_ours or f.policy = 'theirs' then 'take'
                         when f.policy = 'manual'
                              or f.policy = 'newest' and image.changed ->> f.field is null
                             then 'conflict'
                         when f.policy = 'newest'
                              and (image.changed ->> f.field)::timestamptz
                                  > docket_private.changed_here_at(plan_linear.task_id, f.field)
                             then 'take'
                         when f.said is not null then 'send'
                     end as action
                from (
                    select o.field, v_said -> o.field as said,
                           coalesce(v_theirs -> o.field,
                                    case when v_is_whole then 'null'::jsonb end) as theirs,
                           coalesce(v_policies ->> o.field, v_policies ->> '*', 'newest') as policy,
                           o.value is distinct from image.synced #> array[o.field, 'ours']
                               as is_ours,
                           link.issue <> '{}' and not v_is_whole and not v_theirs ? o.field
                           and image.synced -> o.field is null as is_unknown,
                           v_theirs ? o.field
                           and v_theirs -> o.field
                               is distinct from image.synced #> array[o.field, 'theirs']
                               as is_theirs
                      from jsonb_each(plan_linear.ours) as o (field, value)
                ) as f
          ) as p
         where p.action is not null);
end;
$$;

comment on function docket_private.plan_linear(docket.linear_sync, docket_private.linear_images, jsonb, jsonb, uuid) is
    'What is to be done with each field of a task and its issue: agree, send, take, conflict; fields that stay as they are are not in it. Null: nothing at all.';

revoke all on function docket_private.require_linear_policies(jsonb) from public;
revoke all on function docket_private.linear_rules(uuid) from public;
revoke all on function docket_private.linear_ours(docket.tasks) from public;
revoke all on function docket_private.linear_status(jsonb, jsonb) from public;
revoke all on function docket_private.linear_theirs(jsonb, boolean, jsonb) from public;
revoke all on function docket_private.linear_sent(jsonb, jsonb) from public;
revoke all on function docket_private.linear_key(text) from public;
revoke all on function docket_private.linear_column(text) from public;
revoke all on function docket_private.changed_here_at(uuid, text) from public;
revoke all on function docket_private.plan_linear(docket.linear_sync, docket_private.linear_images, jsonb, jsonb, uuid)
  from public;

commit;
