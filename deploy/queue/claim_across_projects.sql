-- Deploy pgdocket:queue/claim_across_projects to pg
-- requires: queue/claim_tasks

begin;
set local role docket_owner;

-- Whose turn it is: the project that an agent has taken from least recently comes first, so that
-- none waits for another to be empty. Nothing else reads it, and losing it costs one round.
create table docket_private.claim_turns (
    agent      text        not null,
    project_id uuid        not null,
    taken_at   timestamptz not null,

    constraint claim_turns_pkey primary key (agent, project_id),
    constraint claim_turns_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
) with (fillfactor = 70);

create index claim_turns_project_idx
    on docket_private.claim_turns (project_id);

comment on table docket_private.claim_turns is
    'When an agent that works in many projects last took a task from each.';
comment on column docket_private.claim_turns.agent is
    'The agent.';
comment on column docket_private.claim_turns.project_id is
    'The project.';
comment on column docket_private.claim_turns.taken_at is
    'When it last took a task from it.';

call docket_private.add_isolation('docket_private.claim_turns');

create function docket.claim_across_projects(
    agent         text,
    project_ids   uuid[]  default null,
    max_tasks     integer default 1,
    lease_seconds integer default null,
    tags_all      text[]  default null,
    capabilities  text[]  default null,
    request_id    uuid    default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_answer  jsonb;
    v_tasks   docket.tasks[];
    v_project uuid;
begin
    if claim_across_projects.request_id is not null then
        v_answer := docket_private.recall(
            claim_across_projects.request_id, 'claim_across_projects');
        if v_answer is not null then
            return query
            select u.* from unnest(docket_private.tasks_of_claim(v_answer)) as u;
            return;
        end if;
    end if;

    perform docket_private.check_claim(
        claim_across_projects.agent, claim_across_projects.max_tasks);

    -- Naming a project that is hidden, or may only be read, is an error; without names, these are
    -- simply not among them.
    perform docket_private.require_project(p.project_id)
       from unnest(claim_across_projects.project_ids) as p (project_id);

    -- Looks beyond a project only when there is nothing in it for this agent: a claim is work in
    -- one project, and waits for nobody.
    for v_project in
        select p.project_id
          from unnest(docket_private.writable_projects()) as w (project_id)
         cross join lateral (
             select q.project_id
               from docket.projects as q
              where q.project_id = w.project_id
                and q.archived_at is null
                and q.paused_at is null
                and (exists (
                         select
                           from docket.ready_tasks as r
                          where r.project_id = q.project_id
                            and r.not_before is null)
                     or exists (
                         select
                           from docket.ready_tasks as r
                          where r.project_id = q.project_id
                            and r.not_before <= (select docket.clock()))
                     or exists (
                         select
                           from docket.task_attempts as a
                          where a.project_id = q.project_id
                            and a.outcome is null
                            and a.lease_expires_at <= (select docket.clock())))
             offset 0
         ) as p
          left join docket_private.claim_turns as c
            on c.agent = claim_across_projects.agent
           and c.project_id = p.project_id
         where claim_across_projects.project_ids is null
            or p.project_id = any (claim_across_projects.project_ids)
         order by c.taken_at nulls first, p.project_id
    loop
        v_tasks := docket_private.claim(
            v_project, claim_across_projects.agent, claim_across_projects.max_tasks,
            claim_across_projects.lease_seconds, null, null, claim_across_projects.tags_all,
            claim_across_projects.capabilities);

        exit when cardinality(v_tasks) > 0;
    end loop;

    -- Two of one name take turns together, and neither waits for the other to commit.
    if cardinality(v_tasks) > 0
       and pg_try_advisory_xact_lock(
               hashtextextended(claim_across_projects.agent, uuid_hash_extended(v_project, 2)))
    then
        insert into docket_private.claim_turns as c (agent, project_id, taken_at)
        values (claim_across_projects.agent, v_project, docket.clock())
            on conflict on constraint claim_turns_pkey
            do update set taken_at = excluded.taken_at;
    end if;

    -- As in claim_tasks().
    if claim_across_projects.request_id is not null and cardinality(v_tasks) > 0 then
        insert into docket.idempotency_keys as k (request_id, function_name, answer)
        values (claim_across_projects.request_id, 'claim_across_projects',
                (select jsonb_agg(u.attempt_id) from unnest(v_tasks) as u))
            on conflict on constraint idempotency_keys_pkey do nothing;
    end if;

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.claim_across_projects(
    text, uuid[], integer, integer, text[], text[], uuid) is
'Takes ready tasks for an agent that works in many projects: from one project at a time, first the
one that it has taken from least recently, so that no project waits for another to be empty.

`agent`, `max_tasks` (all from one project), `lease_seconds`, `tags_all` and `capabilities` as for
claim_tasks(); `project_ids` are the projects (default: all that the principal may change). Paused
and archived projects are passed over. `request_id` as for claim_tasks().
Returns the tasks claimed, none when nothing is ready. Raises PD404, PD403, PD422.';

revoke all on function docket.claim_across_projects(
    text, uuid[], integer, integer, text[], text[], uuid) from public;
grant execute on function docket.claim_across_projects(
    text, uuid[], integer, integer, text[], text[], uuid)
   to docket_admin, docket_app, docket_agent;

commit;
