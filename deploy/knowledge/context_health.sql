-- Deploy pgdocket:knowledge/context_health to pg
-- requires: context/prompt_builds
-- requires: context/read_contexts
-- requires: delivery/required_validations
-- requires: graph/task_dependencies

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('expected_contexts', '{"*": ["requirements"]}', 'The types of context that a task should have, as an object {tag: [types]}; "*" is every task. A project may set its own.'),
       ('context_fresh_days', '30', 'How old the latest version of a context may be before it counts as stale, in days; a project may set its own.');

create function docket_private.expected_contexts(
    tags             text[],
    project_settings jsonb
) returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_expected jsonb := docket_private.setting('expected_contexts', project_settings);
begin
    if jsonb_typeof(v_expected) <> 'object' then
        return '{}';
    end if;

    return array(
        select distinct x.context_type
          from jsonb_each(v_expected) as e (tag, context_types)
         cross join lateral jsonb_array_elements_text(
                   case jsonb_typeof(e.context_types)
                       when 'array' then e.context_types
                       else '[]'
                   end) as x (context_type)
         where e.tag = '*'
            or e.tag = any (expected_contexts.tags)
         order by x.context_type);
end;
$$;

comment on function docket_private.expected_contexts(text[], jsonb) is
    'The types of context that a task with these tags should have, by the setting expected_contexts.';

create function docket.context_health(task_id uuid) returns table (
    component text,
    score     integer,
    weight    integer,
    finding   text,
    remedy    text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_task     docket.tasks;
    v_settings jsonb;
    v_expected text[];
    v_days     integer;
    v_budget   integer;
begin
    select t.* into v_task
      from docket.tasks as t
     where t.task_id = context_health.task_id;

    if not found then
        raise exception 'task % does not exist', coalesce(context_health.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    v_settings := (
        select p.settings from docket.projects as p where p.project_id = v_task.project_id);
    v_expected := docket_private.expected_contexts(v_task.tags, v_settings);
    v_days     := (docket_private.setting('context_fresh_days', v_settings) #>> '{}')::integer;
    v_budget   := (docket_private.setting('prompt_token_budget', v_settings) #>> '{}')::integer;

    return query
      with latest as materialized (
          select c.*
            from docket.latest_contexts(v_task.task_id, page_size => 1000) as c
           where not c.is_tombstone
      ), parts (part, is_there) as (
          values ('description', coalesce(v_task.description, '') <> ''),
                 ('acceptance_criteria', v_task.acceptance_criteria <> '[]'),
                 ('test_strategy', coalesce(v_task.test_strategy, '') <> '')
           union all
          select 'context ' || e.context_type,
                 exists (select from latest as l where l.context_type = e.context_type)
            from unnest(v_expected) as e (context_type)
      ), moved as (
          -- The last moment at which something was finished that the task builds on.
          select max(t.completed_at) as at
            from docket.task_dependencies as d
            join docket.tasks as t
              on t.task_id    = d.depends_on_id
             and t.project_id = d.project_id
           where d.task_id         = v_task.task_id
             and d.project_id      = v_task.project_id
             and d.dependency_type = 'blocks'
      ), stale as (
          select l.context_type
            from latest as l
           where l.created_at < greatest(
                     docket.clock() - make_interval(days => v_days),
                     (select m.at from moved as m))
      ), sized as (
          select coalesce(sum(docket.estimate_tokens(l.data::text)), 0) as tokens
            from latest as l
      ), fought as (
          -- What was said, replaced and said again: two who overwrite each other.
          select l.context_type
            from latest as l
           where exists (
                     select
                       from docket.task_contexts as c
                      where c.task_id      = l.task_id
                        and c.project_id   = l.project_id
                        and c.context_type = l.context_type
                        and c.version      < l.version - 1
                        and c.content_hash = l.content_hash)
           union
          -- The same under two names.
          select l.context_type
            from latest as l
            join latest as o
              on o.content_hash = l.content_hash
             and o.context_type < l.context_type
      ), gates as (
          select g.validation_type, g.is_met
            from docket.required_validations as g
           where g.task_id    = v_task.task_id
             and g.project_id = v_task.project_id
      ), judged (place, component, score, weight, finding, remedy) as (
          select 1, 'completeness',
                 coalesce((100 * avg(p.is_there::integer))::integer, 100), 40,
                 case
                     when bool_and(p.is_there) then 'all that it should have is there'
                     else 'missing: ' || string_agg(p.part, ', ' order by p.part)
                              filter (where not p.is_there)
                 end,
                 case when not bool_and(p.is_there)
                     then 'Give what is missing by docket.update_task() and docket.put_context().'
                 end
            from parts as p
           union all
          select 2, 'freshness',
                 case
                     when n.contexts = 0 then 100
                     else (100 * (n.contexts - n.stale) / n.contexts)::integer
                 end, 20,
                 case
                     when n.contexts = 0 then 'there is no context that could be stale'
                     when n.stale = 0 then 'no context is stale'
                     else 'stale: ' || n.names
                 end,
                 case when n.stale > 0
                     then format('Look through what is older than %s days or than what the task builds on, and put it anew.', v_days)
                 end
            from (
                select (select count(*) from latest as l) as contexts,
                       (select count(*) from stale as s) as stale,
                       (select string_agg(s.context_type, ', ' order by s.context_type)
                          from stale as s) as names
            ) as n
           union all
          select 3, 'size',
                 least(100, 100 * v_budget / greatest(s.tokens, 1))::integer, 15,
                 format('%s tokens of context; a prompt has %s', s.tokens, v_budget),
                 case when s.tokens > v_budget
                     then 'Shorten it, or give prompts a larger token_budget: what has no room is left out.'
                 end
            from sized as s
           union all
          select 4, 'conflicts', greatest(0, 100 - 50 * count(*))::integer, 15,
                 case
                     when count(*) = 0 then 'no context contradicts or repeats another'
                     else 'said twice, or back and forth: '
                          || string_agg(f.context_type, ', ' order by f.context_type)
                 end,
                 case when count(*) > 0
                     then 'docket.context_history() says who wrote what; keep one, and write with expected_version.'
                 end
            from fought as f
           union all
          select 5, 'validations',
                 coalesce((100 * avg(g.is_met::integer))::integer, 100), 10,
                 case
                     when count(*) = 0 then 'none is required'
                     when bool_and(g.is_met) then 'all that are required have passed'
                     else 'still to be passed: '
                          || string_agg(g.validation_type, ', ' order by g.validation_type)
                                 filter (where not g.is_met)
                 end,
                 case when not bool_and(g.is_met)
                     then 'Run them, and docket.record_validation() what they say.'
                 end
            from gates as g
      ), whole as (
          select 0 as place, 'total' as component,
                 round(sum(j.score * j.weight) / sum(j.weight)::numeric)::integer as score,
                 sum(j.weight)::integer as weight, null::text as finding, null::text as remedy
            from judged as j
      )
    select u.component, u.score, u.weight, u.finding, u.remedy
      from (
          select w.* from whole as w
           union all
          select j.* from judged as j
      ) as u
     order by u.place;
end;
$$;

comment on function docket.context_health(uuid) is
'How well an agent would be told what it has to know about a task: a score from 0 to 100 in the row
total, and in one row for each of its components.

completeness (weight 40): description, acceptance criteria, test strategy and the types of context
that the setting expected_contexts names for its tags; freshness (20): contexts younger than the
setting context_fresh_days, and than what the task builds on; size (15): the latest contexts within
the setting prompt_token_budget; conflicts (15): 50 less for each context that says what it said
before something else, or what another says; validations (10): required ones that have passed.
Returns rows: finding says what was found, remedy what to do. finding and remedy may be null. Raises
PD404.';

create function docket.context_patterns(task_id uuid) returns table (
    context_type         text,
    is_present           boolean,
    tasks_with           bigint,
    tasks_without        bigint,
    success_rate_with    numeric,
    success_rate_without numeric,
    attempts_with        numeric,
    attempts_without     numeric,
    versions             numeric,
    bytes                numeric
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_project uuid := (
        select t.project_id
          from docket.tasks as t
         where t.task_id = context_patterns.task_id);
begin
    if v_project is null then
        raise exception 'task % does not exist', coalesce(context_patterns.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    return query
      with finished as materialized (
          select t.task_id, t.project_id, t.status = 'completed' as succeeded, a.attempts
            from (
                select u.task_id, u.project_id, u.status
                  from docket.tasks as u
                 where u.project_id = v_project
                   and u.status in ('completed', 'failed')
                   and u.task_id <> context_patterns.task_id
                 order by u.task_id desc
                 limit 1000
            ) as t
           cross join lateral (
               select count(*) as attempts
                 from docket.task_attempts as b
                where b.task_id    = t.task_id
                  and b.project_id = t.project_id
           ) as a
      ), had as materialized (
          select f.task_id, c.context_type, c.version, c.byte_size
            from finished as f
           cross join lateral docket.latest_contexts(f.task_id, page_size => 1000) as c
           where not c.is_tombstone
      ), own as materialized (
          select c.context_type
            from docket.latest_contexts(context_patterns.task_id, page_size => 1000) as c
           where not c.is_tombstone
      ), types as (
          select h.context_type from had as h
           union
          select o.context_type from own as o
      )
    select y.context_type,
           exists (select from own as o where o.context_type = y.context_type),
           s.tasks_with, s.tasks_without, s.success_rate_with, s.success_rate_without,
           s.attempts_with, s.attempts_without, s.versions, s.bytes
      from types as y
     cross join lateral (
         select count(h.task_id) as tasks_with,
                count(*) filter (where h.task_id is null and f.task_id is not null)
                    as tasks_without,
                round(avg(f.succeeded::integer) filter (where h.task_id is not null), 3)
                    as success_rate_with,
                round(avg(f.succeeded::integer) filter (where h.task_id is null), 3)
                    as success_rate_without,
                round(avg(f.attempts) filter (where h.task_id is not null), 2) as attempts_with,
                round(avg(f.attempts) filter (where h.task_id is null), 2) as attempts_without,
                round(avg(h.version), 1) as versions,
                round(avg(h.byte_size)) as bytes
           from finished as f
           left join had as h
             on h.task_id = f.task_id
            and h.context_type = y.context_type
     ) as s
     order by s.tasks_with desc, y.context_type;
end;
$$;

comment on function docket.context_patterns(uuid) is
'What contexts finished tasks of the same project had, and how they fared with and without: the last
1,000 that were completed or have failed.

Returns a row for each type of context that any of them, or the task itself, has: is_present (the
task has it), tasks_with and tasks_without, success_rate_with and success_rate_without (the share
that was completed, 0 to 1), attempts_with and attempts_without (the mean), versions and bytes (the
mean, of the latest version). success_rate_with, success_rate_without, attempts_with,
attempts_without, versions and bytes may be null. They are counts, no proof of a cause. Raises
PD404.';

revoke all on function docket_private.expected_contexts(text[], jsonb) from public;
revoke all on function docket.context_health(uuid) from public;
revoke all on function docket.context_patterns(uuid) from public;
grant execute on function docket.context_health(uuid), docket.context_patterns(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
