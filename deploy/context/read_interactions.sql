-- Deploy pgdocket:context/read_interactions to pg
-- requires: context/ai_interactions

begin;
set local role docket_owner;

create function docket.list_interactions(
    project_id       uuid,
    task_id          uuid        default null,
    agent_name       text        default null,
    interaction_type text        default null,
    session_id       text        default null,
    conversation_id  text        default null,
    success          boolean     default null,
    since            timestamptz default null,
    until            timestamptz default null,
    after            uuid        default null,
    page_size        integer     default 100
) returns setof docket.ai_interactions
language sql
stable
begin atomic
    -- A branch of its own for one task: what row-level security adds lets the planner take a
    -- project's interactions for a few rows, and look for the task's among all of them.
    select of_task.*
      from docket.tasks as t
     cross join lateral (
               select i.*
                 from docket.ai_interactions as i
                where i.task_id = t.task_id
                  and i.project_id = t.project_id
                  and (list_interactions.agent_name is null
                       or i.agent_name = list_interactions.agent_name)
                  and (list_interactions.interaction_type is null
                       or i.interaction_type = list_interactions.interaction_type)
                  and (list_interactions.session_id is null
                       or i.session_id = list_interactions.session_id)
                  and (list_interactions.conversation_id is null
                       or i.conversation_id = list_interactions.conversation_id)
                  and (list_interactions.success is null or i.success = list_interactions.success)
                  and (list_interactions.since is null or i.created_at >= list_interactions.since)
                  and (list_interactions.until is null or i.created_at < list_interactions.until)
                  and (list_interactions.after is null
                       or (i.created_at, i.interaction_id) < (
                              select a.created_at, a.interaction_id
                                from docket.ai_interactions as a
                               where a.interaction_id = list_interactions.after))
                order by i.created_at desc, i.interaction_id desc
                limit least(greatest(list_interactions.page_size, 1), 1000)
           ) as of_task
     where t.task_id = list_interactions.task_id
       and t.project_id = list_interactions.project_id
     union all
    select of_project.*
      from (
          select i.*
            from docket.ai_interactions as i
           where list_interactions.task_id is null
             and i.project_id = list_interactions.project_id
             and (list_interactions.agent_name is null
                  or i.agent_name = list_interactions.agent_name)
             and (list_interactions.interaction_type is null
                  or i.interaction_type = list_interactions.interaction_type)
             and (list_interactions.session_id is null
                  or i.session_id = list_interactions.session_id)
             and (list_interactions.conversation_id is null
                  or i.conversation_id = list_interactions.conversation_id)
             and (list_interactions.success is null or i.success = list_interactions.success)
             and (list_interactions.since is null or i.created_at >= list_interactions.since)
             and (list_interactions.until is null or i.created_at < list_interactions.until)
             and (list_interactions.after is null
                  or (i.created_at, i.interaction_id) < (
                         select a.created_at, a.interaction_id
                           from docket.ai_interactions as a
                          where a.interaction_id = list_interactions.after))
           order by i.created_at desc, i.interaction_id desc
           limit least(greatest(list_interactions.page_size, 1), 1000)
      ) as of_project;
end;

comment on function docket.list_interactions(
    uuid, uuid, text, text, text, text, boolean, timestamptz, timestamptz, uuid, integer) is
'The interactions of a project that meet every condition given, the newest first.

`task_id`, `agent_name`, `interaction_type`, `session_id` and `conversation_id` say whose, `success`
whether they succeeded, `since` and `until` when they were recorded (from the first to before the
second). `after` is the id of the last interaction of the previous page, `page_size` is in rows (1
to 1000). Returns interactions, with their bodies; raises nothing.';

create function docket.conversation(
    project_id      uuid,
    conversation_id text    default null,
    after           uuid    default null,
    page_size       integer default 100,
    session_id      text    default null
) returns setof docket.ai_interactions
language sql
stable
begin atomic
    -- A branch for each, that each has its index.
    select of_conversation.*
      from (
          select i.*
            from docket.ai_interactions as i
           where i.conversation_id = conversation.conversation_id
             and i.project_id = conversation.project_id
             and (conversation.session_id is null or i.session_id = conversation.session_id)
             and (conversation.after is null
                  or (i.created_at, i.interaction_id) > (
                         select a.created_at, a.interaction_id
                           from docket.ai_interactions as a
                          where a.interaction_id = conversation.after))
           order by i.created_at, i.interaction_id
           limit least(greatest(conversation.page_size, 1), 1000)
      ) as of_conversation
     union all
    select of_session.*
      from (
          select i.*
            from docket.ai_interactions as i
           where conversation.conversation_id is null
             and i.session_id = conversation.session_id
             and i.project_id = conversation.project_id
             and (conversation.after is null
                  or (i.created_at, i.interaction_id) > (
                         select a.created_at, a.interaction_id
                           from docket.ai_interactions as a
                          where a.interaction_id = conversation.after))
           order by i.created_at, i.interaction_id
           limit least(greatest(conversation.page_size, 1), 1000)
      ) as of_session;
end;

comment on function docket.conversation(uuid, text, uuid, integer, text) is
'A conversation of a project as it went, whatever tasks it was about: the first interaction first.

`conversation_id` names it; without one it is all that was said in session `session_id`, and with
both what was said of it there. `after` is the id of the last interaction of the previous page,
`page_size` is in rows (1 to 1000). Returns interactions; raises nothing.';

create function docket.export_interactions(
    task_id   uuid,
    after     uuid    default null,
    page_size integer default 100
) returns setof jsonb
language sql
stable
begin atomic
    select to_jsonb(i)
      from docket.tasks as t
     cross join lateral (
               select w.*
                 from docket.ai_interactions as w
                where w.task_id = t.task_id
                  and w.project_id = t.project_id
                  and (export_interactions.after is null
                       or (w.created_at, w.interaction_id) > (
                              select a.created_at, a.interaction_id
                                from docket.ai_interactions as a
                               where a.interaction_id = export_interactions.after))
                order by w.created_at, w.interaction_id
                limit least(greatest(export_interactions.page_size, 1), 1000)
           ) as i
     where t.task_id = export_interactions.task_id
     order by i.created_at, i.interaction_id;
end;

comment on function docket.export_interactions(uuid, uuid, integer) is
'All interactions of a task in order, the first first, each as one JSON object with every column:
a line of a JSON lines file.

`after` is the interaction_id of the last object of the previous page, `page_size` is in rows (1 to
1000). Returns objects; raises nothing.';

create function docket_private.read_grouping(
    group_by text[],
    period   text
) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(cardinality(read_grouping.group_by), 0) > 10
       or exists (
              select
                from unnest(read_grouping.group_by) as g (word)
               where g.word is null
                  or g.word not in ('agent', 'model', 'type', 'period'))
    then
        raise exception 'interactions are not grouped by %',
                        left(array_to_string(read_grouping.group_by, ', ', 'null'), 200)
            using errcode = 'PD422',
                  hint    = 'By any of agent, model, type and period.';
    end if;

    if coalesce(read_grouping.period, '') not in ('hour', 'day', 'week', 'month') then
        raise exception '% is no period', coalesce(quote_literal(left(read_grouping.period, 100)),
                                                   'null')
            using errcode = 'PD422',
                  hint    = 'One of hour, day, week, month.';
    end if;

    return coalesce(read_grouping.group_by, '{}');
end;
$$;

comment on function docket_private.read_grouping(text[], text) is
    'What agent_performance() groups by. Raises PD422.';

create function docket.agent_performance(
    project_id uuid,
    since      timestamptz default null,
    until      timestamptz default null,
    group_by   text[]      default '{agent}',
    period     text        default 'day'
) returns table (
    agent_name                  text,
    model                       text,
    interaction_type            text,
    period_start                timestamptz,
    interactions                bigint,
    successes                   bigint,
    success_rate                numeric,
    latency_p50_ms              bigint,
    latency_p95_ms              bigint,
    input_tokens                bigint,
    output_tokens               bigint,
    cache_read_input_tokens     bigint,
    cache_creation_input_tokens bigint,
    reasoning_output_tokens     bigint,
    costs                       jsonb
)
language sql
stable
begin atomic
    -- Bodies are not read. What is not grouped by is null in every row, and makes one group.
      with grouping as materialized (
          select docket_private.read_grouping(
                     agent_performance.group_by, agent_performance.period) as words
      ), counted as materialized (
          select case when 'agent' = any (g.words) then i.agent_name end as agent_name,
                 case
                     when 'model' = any (g.words) then coalesce(i.response_model, i.request_model)
                 end as model,
                 case when 'type' = any (g.words) then i.interaction_type end as interaction_type,
                 case
                     when 'period' = any (g.words)
                         then date_trunc(agent_performance.period, i.created_at, 'UTC')
                 end as period_start,
                 i.success, i.execution_time_ms, i.input_tokens, i.output_tokens,
                 i.cache_read_input_tokens, i.cache_creation_input_tokens,
                 i.reasoning_output_tokens, i.cost_currency, i.cost_amount
            from grouping as g
            join docket.ai_interactions as i
              on i.project_id = agent_performance.project_id
           where (agent_performance.since is null or i.created_at >= agent_performance.since)
             and (agent_performance.until is null or i.created_at < agent_performance.until)
      ), summed as (
          select c.agent_name, c.model, c.interaction_type, c.period_start,
                 jsonb_build_array(c.agent_name, c.model, c.interaction_type, c.period_start)
                     as place,
                 count(*) as interactions,
                 count(*) filter (where c.success) as successes,
                 percentile_disc(0.5) within group (order by c.execution_time_ms) as p50,
                 percentile_disc(0.95) within group (order by c.execution_time_ms) as p95,
                 sum(c.input_tokens) as input_tokens,
                 sum(c.output_tokens) as output_tokens,
                 sum(c.cache_read_input_tokens) as cache_read_input_tokens,
                 sum(c.cache_creation_input_tokens) as cache_creation_input_tokens,
                 sum(c.reasoning_output_tokens) as reasoning_output_tokens
            from counted as c
           group by c.agent_name, c.model, c.interaction_type, c.period_start
      ), paid as (
          select p.place, jsonb_object_agg(p.cost_currency, p.amount) as costs
            from (
                select jsonb_build_array(
                           c.agent_name, c.model, c.interaction_type, c.period_start) as place,
                       c.cost_currency, sum(c.cost_amount) as amount
                  from counted as c
                 where c.cost_amount is not null
                 group by c.agent_name, c.model, c.interaction_type, c.period_start, c.cost_currency
            ) as p
           group by p.place
      )
    select s.agent_name, s.model, s.interaction_type, s.period_start, s.interactions, s.successes,
           round(s.successes::numeric / s.interactions, 4), s.p50, s.p95,
           coalesce(s.input_tokens, 0)::bigint,
           coalesce(s.output_tokens, 0)::bigint,
           coalesce(s.cache_read_input_tokens, 0)::bigint,
           coalesce(s.cache_creation_input_tokens, 0)::bigint,
           coalesce(s.reasoning_output_tokens, 0)::bigint,
           coalesce(p.costs, '{}')
      from summed as s
      left join paid as p
        on p.place = s.place
     order by s.period_start, s.agent_name, s.model, s.interaction_type;
end;

comment on function docket.agent_performance(uuid, timestamptz, timestamptz, text[], text) is
'How agents did in a project: how many interactions, how many succeeded, how long they took, what
they used and cost.

`since` and `until` bound the time (from the first to before the second). `group_by` is any of
agent, model (the one that answered, else the one asked for), type and period; `period` is hour,
day, week or month (UTC). agent_name, model, interaction_type and period_start may be null: where
they are not grouped by, or not known. latency_p50_ms and latency_p95_ms may be null: half and 95
of 100 took no longer, in milliseconds, of those whose time is known. costs is an object {currency:
amount}. Returns rows, by time and name. Raises PD422.';

revoke all on function docket.list_interactions(
    uuid, uuid, text, text, text, text, boolean, timestamptz, timestamptz, uuid, integer)
  from public;
revoke all on function docket.conversation(uuid, text, uuid, integer, text) from public;
revoke all on function docket.export_interactions(uuid, uuid, integer) from public;
revoke all on function docket_private.read_grouping(text[], text) from public;
revoke all on function docket.agent_performance(uuid, timestamptz, timestamptz, text[], text)
  from public;
grant execute on function
    docket.list_interactions(
        uuid, uuid, text, text, text, text, boolean, timestamptz, timestamptz, uuid, integer),
    docket.conversation(uuid, text, uuid, integer, text),
    docket.export_interactions(uuid, uuid, integer),
    docket_private.read_grouping(text[], text),
    docket.agent_performance(uuid, timestamptz, timestamptz, text[], text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
