-- Deploy pgdocket:ops/live_queue to pg
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- What is held at this moment, and how work has gone in the last minutes: what a live view asks
-- for every second or two, and what costs nothing however much is stored.
create function docket.list_leases(
    project_id uuid,
    after      uuid    default null,
    page_size  integer default 100
) returns table (
    attempt_id       uuid,
    agent            text,
    task_id          uuid,
    task_key         text,
    title            text,
    attempt_no       integer,
    started_at       timestamptz,
    heartbeat_at     timestamptz,
    lease_expires_at timestamptz,
    is_expired       boolean
)
language sql
stable
begin atomic
    select a.attempt_id, a.agent, t.task_id, t.task_key, t.title, a.attempt_no, a.created_at,
           a.heartbeat_at, a.lease_expires_at, a.lease_expires_at <= docket.clock()
      from docket.task_attempts as a
     cross join lateral (
               select of_task.*
                 from docket.tasks as of_task
                where of_task.task_id    = a.task_id
                  and of_task.project_id = a.project_id
           ) as t
     where a.project_id = list_leases.project_id
       and a.outcome is null
       and (list_leases.after is null or a.attempt_id > list_leases.after)
     order by a.attempt_id
     limit least(greatest(list_leases.page_size, 1), 1000);
end;

comment on function docket.list_leases(uuid, uuid, integer) is
'Which agent holds which task of a project at this moment, and until when; those first that are at
it the longest.

`after` is the attempt_id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns a row for each attempt that is under way; is_expired says that its agent was silent for
longer than its lease, and that the next sweep takes the task back. Raises nothing.';

create function docket.attempt_rates(
    project_id uuid,
    period     interval default '5 minutes'
) returns table (
    begun     bigint,
    running   bigint,
    completed bigint,
    failed    bigint,
    released  bigint,
    agents    bigint
)
language plpgsql
stable
rows 1
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_since timestamptz;
begin
    perform docket_private.require_project(attempt_rates.project_id, false);

    if (attempt_rates.period between interval '1 second' and interval '1 day') is not true then
        raise exception 'rates are not those of %', coalesce(attempt_rates.period::text, 'null')
            using errcode = 'PD422',
                  hint    = 'Give a second to a day.';
    end if;

    v_since := docket.clock() - attempt_rates.period;

    -- Ids begin with their time, so that the key finds what is young. A second more, since a clock
    -- is read for each of both.
    return query
    select count(*),
           count(*) filter (where a.outcome is null),
           count(*) filter (where a.outcome = 'completed'),
           count(*) filter (where a.outcome in ('failed', 'lease_expired')),
           count(*) filter (where a.outcome in ('released', 'cancelled')),
           count(distinct a.agent)
      from docket.task_attempts as a
     where a.attempt_id >= docket_private.id_at(null, v_since - interval '1 second')
       and a.project_id  = attempt_rates.project_id
       and a.created_at >= v_since;
end;
$$;

comment on function docket.attempt_rates(uuid, interval) is
'How work on a project has gone lately: the attempts that were begun in the last `period` (a second
to a day), and what has become of them.

Returns one row: begun, how many; of these running, completed, failed (also those whose lease
expired) and released (also those that were cancelled); agents, how many took one. Raises PD404,
PD422.';

revoke all on function docket.list_leases(uuid, uuid, integer) from public;
revoke all on function docket.attempt_rates(uuid, interval) from public;
grant execute on function
    docket.list_leases(uuid, uuid, integer),
    docket.attempt_rates(uuid, interval)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
