-- Deploy pgdocket:analytics/clues to pg
-- requires: analytics/refresh_tallies
-- requires: graph/task_dependencies

begin;
set local role docket_owner;

-- Tallies that say where to look: docket.optimizations() judges them.
create function docket_private.tally_bottlenecks() returns table (
    project_id uuid,
    task_id    uuid,
    waiting    bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
      with counted as (
          select d.project_id, d.depends_on_id as task_id, count(*) as waiting,
                 row_number() over (
                     partition by d.project_id
                         order by count(*) desc, d.depends_on_id) as place
            from docket.task_dependencies as d
            join docket.tasks as p
              on p.task_id    = d.depends_on_id
             and p.project_id = d.project_id
            join docket.tasks as t
              on t.task_id    = d.task_id
             and t.project_id = d.project_id
           where d.dependency_type = 'blocks'
             and p.status not in ('completed', 'cancelled')
             and p.archived_at is null
             and t.status not in ('completed', 'cancelled')
             and t.archived_at is null
           group by d.project_id, d.depends_on_id
      )
    select c.project_id, c.task_id, c.waiting
      from counted as c
     where c.place <= 20;
end;
$$;

comment on function docket_private.tally_bottlenecks() is
    'The twenty unfinished tasks of each project that the most others wait for.';

create materialized view docket_private.bottlenecks as
    select b.* from docket_private.tally_bottlenecks() as b;

-- squawk-ignore require-concurrent-index-creation
create unique index bottlenecks_key on docket_private.bottlenecks (project_id, task_id);

comment on materialized view docket_private.bottlenecks is
    'The twenty unfinished tasks of each project that the most others wait for.';

create function docket_private.tally_validation_flips() returns table (
    project_id      uuid,
    validation_type text,
    revisions       bigint,
    flips           bigint,
    examples        jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
      with runs as (
          -- An artifact is one version of a file, and never changes.
          select v.project_id, v.validation_type, v.task_id,
                 coalesce(v.artifact_id::text, v.metadata ->> 'commit') as revision,
                 v.validation_status in ('passed', 'warning') as has_passed
            from docket.validation_results as v
           where v.validation_status in ('passed', 'warning', 'failed', 'error')
      ), again as (
          select r.project_id, r.validation_type, r.revision, r.task_id,
                 bool_or(r.has_passed) and not bool_and(r.has_passed) as has_flipped
            from runs as r
           where r.revision is not null
           group by r.project_id, r.validation_type, r.revision, r.task_id
          having count(*) > 1
      )
    select a.project_id, a.validation_type::text, count(*),
           count(*) filter (where a.has_flipped),
           to_jsonb((array_agg(a.revision order by a.revision)
                         filter (where a.has_flipped))[1:5])
      from again as a
     group by a.project_id, a.validation_type
    having bool_or(a.has_flipped);
end;
$$;

comment on function docket_private.tally_validation_flips() is
    'By type of validation, for how many revisions it was run again, and for how many of them it both passed and failed.';

create materialized view docket_private.validation_flips as
    select v.* from docket_private.tally_validation_flips() as v;

-- squawk-ignore require-concurrent-index-creation
create unique index validation_flips_key
    on docket_private.validation_flips (project_id, validation_type);

comment on materialized view docket_private.validation_flips is
    'By type of validation, for how many revisions it was run again, and for how many of them it both passed and failed.';

create function docket_private.tally_agent_tags() returns table (
    project_id uuid,
    agent      text,
    tag        text,
    good       bigint,
    bad        bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
    select a.project_id, a.agent, g.tag,
           count(*) filter (where a.outcome = 'completed'),
           count(*) filter (where a.outcome <> 'completed')
      from docket.task_attempts as a
      join docket.tasks as t
        on t.task_id    = a.task_id
       and t.project_id = a.project_id
     cross join lateral (select distinct w.tag from unnest(t.tags) as w (tag)) as g
     where a.ended_at >= docket.clock() - interval '90 days'
       and a.outcome in ('completed', 'failed', 'lease_expired')
     group by a.project_id, a.agent, g.tag;
end;
$$;

comment on function docket_private.tally_agent_tags() is
    'How the attempts of the last 90 days ended, by agent and tag of the task.';

create materialized view docket_private.agent_tags as
    select a.* from docket_private.tally_agent_tags() as a;

-- squawk-ignore require-concurrent-index-creation
create unique index agent_tags_key on docket_private.agent_tags (project_id, tag, agent);

comment on materialized view docket_private.agent_tags is
    'How the attempts of the last 90 days ended, by agent and tag of the task.';

insert into docket.tallies (tally, description)
values ('bottlenecks', 'Unfinished tasks that the most others wait for.'),
       ('validation_flips', 'Validations that both passed and failed for one revision.'),
       ('agent_tags', 'How the attempts of the last 90 days ended, by agent and tag.');

revoke all on function docket_private.tally_bottlenecks() from public;
revoke all on function docket_private.tally_validation_flips() from public;
revoke all on function docket_private.tally_agent_tags() from public;

commit;
