-- Deploy pgdocket:queue/heartbeat to pg
-- requires: queue/claim_tasks

begin;
set local role docket_owner;

-- Locks attempts only, in the order of their ids, so that two who beat for the same ones do
-- not wait for each other in a ring.
create function docket.heartbeats(
    attempt_ids   uuid[],
    lease_seconds integer default null
) returns setof docket.task_attempts
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
    v_projects constant uuid[] := array(
        select distinct a.project_id
          from docket.task_attempts as a
         where a.attempt_id = any (heartbeats.attempt_ids));
begin
    -- Who may only read a project holds nothing in it. What is not seen is left out below.
    perform docket_private.require_project(p.project_id)
       from unnest(v_projects) as p (project_id);

    return query
      with held as materialized (
          select a.attempt_id, a.project_id
            from docket.task_attempts as a
           where a.attempt_id = any (heartbeats.attempt_ids)
             and a.project_id = any (v_projects)
             and a.outcome is null
           order by a.attempt_id
             for no key update
      )
    update docket.task_attempts as a
       set heartbeat_at     = docket.clock(),
           lease_expires_at = docket.clock()
                              + docket_private.lease(heartbeats.lease_seconds, (
                                    select p.settings
                                      from docket.projects as p
                                     where p.project_id = h.project_id))
      from held as h
     where a.attempt_id = h.attempt_id
       and a.project_id = h.project_id
    returning a.*;
end;
$$;

comment on function docket.heartbeats(uuid[], integer) is
'Prolongs the leases of attempts that are still live.

`attempt_ids` are the attempts, `lease_seconds` the time from now that each is held (default:
setting lease_seconds). An attempt that has ended, or can not be seen, is left out of the answer:
its task is lost. Returns the attempts that go on. Raises PD403, PD422.';

create function docket.heartbeat(
    attempt_id    uuid,
    lease_seconds integer default null
) returns docket.task_attempts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt docket.task_attempts;
begin
    select h.* into v_attempt
      from docket.heartbeats(array[heartbeat.attempt_id], heartbeat.lease_seconds) as h;

    if not found then
        raise exception 'attempt % no longer holds its task',
                        coalesce(heartbeat.attempt_id::text, 'null')
            using errcode = 'PDLSE',
                  hint    = 'Stop this work: the task may be somebody else''s by now.';
    end if;

    return v_attempt;
end;
$$;

comment on function docket.heartbeat(uuid, integer) is
'Prolongs the lease of one attempt.

`attempt_id` is the attempt, `lease_seconds` the time from now that it is held (default: setting
lease_seconds).

Returns the attempt. Raises PDLSE when it no longer holds its task, PD403, PD422.';

revoke all on function docket.heartbeats(uuid[], integer) from public;
revoke all on function docket.heartbeat(uuid, integer) from public;
grant execute on function docket.heartbeats(uuid[], integer), docket.heartbeat(uuid, integer)
   to docket_admin, docket_app, docket_agent;

commit;
