-- Deploy pgdocket:queue/sweep_leases to pg
-- requires: graph/readiness
-- requires: projects/require_project
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- Ends attempts that did not complete, and sends their tasks where the policy of the failure
-- says: back into the queue after a while, or to their final status. The caller holds the rows
-- of the tasks, then of the attempts. No failure class: no failure, the task just goes back.
create function docket_private.give_back(
    project_id    uuid,
    attempt_ids   uuid[],
    outcome       docket.attempt_outcome,
    failure_class text        default null,
    error         text        default null,
    details       jsonb       default null,
    not_before    timestamptz default null
) returns setof docket.tasks
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update docket.task_attempts as a
       set outcome       = give_back.outcome,
           failure_class = give_back.failure_class,
           error         = give_back.error,
           details       = give_back.details,
           ended_at      = docket.clock()
     where a.attempt_id = any (give_back.attempt_ids)
       and a.project_id = give_back.project_id;

    return query
      with failures as (
          select t.task_id, t.project_id,
                 p.max_attempts, p.final_status, p.jitter, p.backoff_seconds, p.backoff_factor,
                 p.backoff_ceiling_seconds,
                 (select count(*)
                    from docket.task_attempts as f
                   where f.task_id       = t.task_id
                     and f.project_id    = t.project_id
                     and f.failure_class = give_back.failure_class
                    and not f.is_forgiven) as failed_times
            from unnest(give_back.attempt_ids) as w (attempt_id)
           cross join lateral (
               select b.task_id, b.project_id
                 from docket.task_attempts as b
                where b.attempt_id = w.attempt_id
                  and b.project_id = give_back.project_id
               offset 0
           ) as t
            left join docket.retry_policies as p
              on p.failure_class = give_back.failure_class
      ), decided as (
          select f.task_id, f.project_id,
                 case
                     when f.failed_times >= f.max_attempts then f.final_status
                     else 'pending'
                 end as status,
                 -- Exponential, with a ceiling; a part of it is random. The exponent is bounded
                 -- because numeric would overflow long after the ceiling is reached. Whoever
                 -- takes up again what has ended waits for nothing.
                 case
                     when f.failed_times >= f.max_attempts then null
                     when f.backoff_seconds > 0
                         then docket.clock() + make_interval(secs => (
                                  least(f.backoff_seconds
                                        * power(f.backoff_factor, least(f.failed_times - 1, 60)),
                                        f.backoff_ceiling_seconds)
                                  * (1 - f.jitter + f.jitter * random()::numeric)
                              )::double precision)
                     else give_back.not_before
                 end as not_before
            from failures as f
      )
    update docket.tasks as t
       set status      = d.status,
           not_before  = d.not_before,
           assigned_to = null
      from decided as d
     where t.task_id    = d.task_id
       and t.project_id = d.project_id
    returning t.*;
end;
$$;

comment on function docket_private.give_back(
    uuid, uuid[], docket.attempt_outcome, text, text, jsonb, timestamptz) is
    'Ends live attempts that did not complete and moves their tasks on by the policy of `failure_class`; the caller has locked both.';

-- Sorts, even where a claim that calls it forbids that to itself: the few that have expired, which
-- else would be looked for among all attempts in the order of their tasks.
create function docket_private.sweep(
    project_id uuid,
    max_tasks  integer
) returns setof docket.tasks
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_sort = on
as $$
declare
    v_attempts uuid[];
begin
    -- The clock is asked once: every live attempt is looked at, and asking it for each would be
    -- most of the cost (21 ms instead of 1.3 with 8,000 of them).
    if not exists (
        select
          from docket.task_attempts as a
         where a.project_id = sweep.project_id
           and a.outcome is null
           and a.lease_expires_at <= (select docket.clock())
    ) then
        return;
    end if;

    perform docket_private.share_graph(sweep.project_id);

    -- Locks the tasks, then the attempts, and waits for neither: who holds one of them is just
    -- completing it, or is another sweep. A heartbeat that came in between is seen by the
    -- re-check that follows the lock.
    select array_agg(expired.attempt_id) into v_attempts
      from (
          select a.attempt_id
            from docket.task_attempts as a
            join docket.tasks as t
              on t.task_id = a.task_id
             and t.project_id = a.project_id
             and t.attempt_id = a.attempt_id
           where a.project_id = sweep.project_id
             and a.outcome is null
             and a.lease_expires_at <= (select docket.clock())
           order by t.task_id
           limit sweep.max_tasks
             for no key update of t skip locked
             for no key update of a skip locked
      ) as expired;

    if v_attempts is not null then
        return query
        select g.*
          from docket_private.give_back(
                   sweep.project_id, v_attempts, 'lease_expired', 'lease_expired',
                   'the lease expired') as g;
    end if;
end;
$$;

comment on function docket_private.sweep(uuid, integer) is
    'Gives back at most `max_tasks` tasks of a project whose lease has expired.';

create function docket.sweep_leases(
    project_id uuid,
    max_tasks  integer default 100
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
begin
    perform docket_private.require_project(sweep_leases.project_id);

    return query
    select s.*
      from docket_private.sweep(sweep_leases.project_id, sweep_leases.max_tasks) as s;
end;
$$;

comment on function docket.sweep_leases(uuid, integer) is
'Takes back the tasks of a project whose lease has expired, at most `max_tasks`: by the retry policy
lease_expired they go back into the queue, or to their final status. Each claim does this too.

Returns the tasks. Raises PD404, PD403.';

revoke all on function docket_private.give_back(
    uuid, uuid[], docket.attempt_outcome, text, text, jsonb, timestamptz) from public;
revoke all on function docket_private.sweep(uuid, integer) from public;
revoke all on function docket.sweep_leases(uuid, integer) from public;
grant execute on function docket.sweep_leases(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_maintenance;

commit;
