-- Deploy pgdocket:ops/maintain to pg
-- requires: analytics/refresh_tallies
-- requires: context/prune_prompts
-- requires: context/response_cache
-- requires: delivery/record_executions
-- requires: delivery/webhook_deliveries
-- requires: knowledge/embeddings
-- requires: knowledge/read_anew
-- requires: knowledge/search_insights
-- requires: observability/evaluate_alerts
-- requires: observability/events
-- requires: observability/metric_retention
-- requires: platform/drop_partitions
-- requires: platform/idempotency_keys
-- requires: queue/sweep_leases

begin;
set local role docket_owner;

create domain docket.maintenance_outcome as text
    constraint maintenance_outcome_known check (value in ('done', 'busy', 'failed'));

comment on domain docket.maintenance_outcome is
    'How a step of maintenance ended: done; busy, where somebody else was in the way, and the next run does it; failed.';

-- The steps, in the order of a run, and the last run of each. Whoever runs a step holds its row:
-- no client can lock it, and so nobody but another run keeps a step from being run. (An advisory
-- lock could be held by every login.)
create table docket.maintenance_steps (
    step         text    not null,
    step_no      integer not null,
    at_most      bigint,
    description  text    not null,
    started_at   timestamptz,
    finished_at  timestamptz,
    succeeded_at timestamptz,
    outcome      docket.maintenance_outcome,
    done         bigint,
    problem      text,

    constraint maintenance_steps_pkey primary key (step),
    constraint maintenance_steps_at_most_positive check (at_most > 0)
);

comment on table docket.maintenance_steps is
    'What maintenance does, in its order, and how each step went when it was last run.';
comment on column docket.maintenance_steps.step is
    'The name of the step, which docket.maintain() takes.';
comment on column docket.maintenance_steps.step_no is
    'Its place in the order of a run.';
comment on column docket.maintenance_steps.at_most is
    'How many one call does of it; null: all there is.';
comment on column docket.maintenance_steps.description is
    'What it does, and what it counts.';
comment on column docket.maintenance_steps.started_at is
    'When its last run began; null: it was never run.';
comment on column docket.maintenance_steps.finished_at is
    'When its last run ended.';
comment on column docket.maintenance_steps.succeeded_at is
    'When the last run ended that was done.';
comment on column docket.maintenance_steps.outcome is
    'How its last run ended.';
comment on column docket.maintenance_steps.done is
    'How many its last run did.';
comment on column docket.maintenance_steps.problem is
    'What was in the way of its last run, or of a part of it.';

-- What is held to the end of the transaction decides the order of a run that is one transaction:
-- first what nobody waits for, last what agents might.
insert into docket.maintenance_steps (step_no, step, at_most, description)
values (1, 'tallies', null, 'Counts anew what dashboards read, where it is older than tally_max_age_seconds; counts tallies.'),
       (2, 'seal', 100000, 'Seals the journal, every ten minutes or 1,000 rows; counts them.'),
       (3, 'metrics', 100000, 'Rolls up samples of metrics; counts them.'),
       (4, 'samples', 10000, 'Removes samples and rollups that their categories keep no longer; counts them.'),
       (5, 'drop', 1, 'Drops a month that the policies keep no longer; counts partitions.'),
       (6, 'partitions', 1, 'Makes a month ahead; counts partitions.'),
       (7, 'analyze', null, 'Gathers statistics of tables that grow by the month; counts tables.'),
       (8, 'requests', 10000, 'Forgets answers kept for idempotency_hours, and ids of events whose month is gone; counts them.'),
       (9, 'sessions', 10000, 'Removes the sessions of agents that are over; counts them.'),
       (10, 'responses', 10000, 'Removes the kept responses that are over; counts them.'),
       (11, 'contexts', 10000, 'Removes versions of contexts that their types keep no longer, of the next 1,000 tasks; counts versions.'),
       (12, 'prompts', 10000, 'Removes prompts that no interaction names, of the next 10,000; counts them.'),
       (13, 'words', 1000, 'Reads what is searched: interactions from large batches, and all of a project that has changed its language; counts rows.'),
       (14, 'searches', 10000, 'Forgets questions that nobody has asked for search_pattern_days; counts them.'),
       (15, 'embeddings', 10000, 'Removes embeddings of interactions that are kept no longer; counts them.'),
       (16, 'deliveries', 10000, 'Forgets deliveries of webhooks that are older than webhook_delivery_days; counts them.'),
       (17, 'alerts', 200, 'Evaluates alert rules, each every half minute at most, in each project; ends silences, and removes alerts that are kept no longer; counts all of them.'),
       (18, 'executions', 1000, 'Ends executions, and with them deployments, that have given no sign of life for as long as they said; counts them.'),
       (19, 'sweep', 500, 'Takes back tasks whose lease has expired, in all projects; counts them.');

-- What verify_audit() takes grows with the number of seals: one a minute would be half a million in
-- a year.
create function docket_private.is_time_to_seal() returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last docket.audit_seals;
begin
    select s.* into v_last from docket.audit_seals as s order by s.seal_id desc limit 1;

    return not found
        or v_last.sealed_at <= docket.clock() - interval '10 minutes'
        or exists (
               select
                 from docket.audit_log as l
                where (l.transaction_id, l.audit_id) > (
                          v_last.end_transaction_id, v_last.end_audit_id)
                order by l.transaction_id, l.audit_id
               offset 999);
end;
$$;

comment on function docket_private.is_time_to_seal() is
    'Whether the last seal is ten minutes old, or a thousand rows have come since.';

-- Nothing of autovacuum analyzes a partitioned table as a whole. Once an hour at most, since what
-- its partitions are said to hold need not agree with what was found.
create function docket_private.analyze_partitioned() returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table text;
    v_count bigint := 0;
begin
    for v_table in
        select c.relname
          from docket.partition_policies as p
          join pg_catalog.pg_class as c
            on c.oid = to_regclass(format('docket.%I', p.table_name))
         cross join lateral (
                   select sum(greatest(m.reltuples, 0)) as row_count
                     from pg_catalog.pg_inherits as i
                     join pg_catalog.pg_class as m on m.oid = i.inhrelid
                    where i.inhparent = c.oid
               ) as months
         where abs(months.row_count - greatest(c.reltuples, 0))
               > 1000 + 0.1 * greatest(c.reltuples, 0)
           and coalesce(pg_stat_get_last_analyze_time(c.oid), '-infinity')
               < docket.clock() - interval '1 hour'
         order by c.relname
    loop
        -- From 18 on without the partitions, of which autovacuum takes care. Names take no
        -- parameters: format().
        if current_setting('server_version_num')::integer >= 180000 then
            execute format('analyze only docket.%I', v_table);
        else
            execute format('analyze docket.%I', v_table);
        end if;
        v_count := v_count + 1;
    end loop;

    return v_count;
end;
$$;

comment on function docket_private.analyze_partitioned() is
    'Analyzes the partitioned tables whose rows have become more or fewer by a tenth since the last time. Returns how many.';

create function docket_private.forget_requests(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
      with old as (
          select k.principal, k.request_id
            from docket.idempotency_keys as k
           where k.created_at < docket.clock() - make_interval(
                     hours => (docket_private.setting('idempotency_hours') #>> '{}')::integer)
           order by k.created_at
           limit forget_requests.at_most
             for update skip locked
      ), gone as (
          delete from docket.idempotency_keys as k
           using old
           where k.principal  = old.principal
             and k.request_id = old.request_id
          returning 1
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.forget_requests(bigint) is
    'Deletes at most so many answers that are older than the setting idempotency_hours. Returns how many.';

create function docket_private.sweep_projects(
    at_most        bigint,
    out swept      bigint,
    out problem    text,
    out error_code text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most_waits constant integer := 10;
    v_project    uuid;
    v_waits      integer := 0;
begin
    swept := 0;

    -- A loop, because each project stands or falls by itself: one whose graph is held, or in which
    -- something is broken, keeps no other from its tasks. Anybody can hold the graph of his own
    -- project, and make many of them: so it is not waited for, and none is always the last.
    for v_project in
        select a.project_id
          from docket.task_attempts as a
         where a.outcome is null
           and a.lease_expires_at <= (select docket.clock())
         group by a.project_id
         order by random()
    loop
        exit when swept >= sweep_projects.at_most or v_waits >= v_most_waits;

        if not pg_try_advisory_xact_lock_shared(docket_private.graph_key(v_project)) then
            problem    := format('project %s: somebody is changing its graph', v_project);
            error_code := '55P03';
            continue;
        end if;

        begin
            swept := swept + (
                select count(*)
                  from docket.sweep_leases(
                           v_project, (sweep_projects.at_most - swept)::integer));
        exception
            when others then
                problem    := format('project %s: %s', v_project, sqlerrm);
                error_code := sqlstate;
                v_waits    := v_waits + 1;
        end;
    end loop;
end;
$$;

comment on function docket_private.sweep_projects(bigint) is
    'Gives back at most so many tasks whose lease has expired, of all projects. Returns how many, and of the last project that could not be swept why.';

create function docket_private.take_step(
    step           text,
    at_most        bigint,
    out done       bigint,
    out problem    text,
    out error_code text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    case take_step.step
        when 'tallies' then
            select r.* into done, problem, error_code
              from docket_private.refresh_tallies(only_stale => true) as r;
        when 'seal' then
            done := 0;
            if docket_private.is_time_to_seal() then
                done := (select s.row_count from docket.seal_audit(take_step.at_most) as s);
            end if;
        when 'metrics' then
            done := docket_private.roll_metrics(take_step.at_most);
        when 'samples' then
            done := docket_private.prune_metrics(take_step.at_most);
        when 'drop' then
            select d.* into done, problem, error_code
              from docket_private.drop_expired_partition() as d;
        when 'analyze' then
            done := docket_private.analyze_partitioned();
        when 'partitions' then
            select m.* into done, problem, error_code
              from docket_private.make_partitions(take_step.at_most) as m;
        when 'requests' then
            done := docket_private.forget_requests(take_step.at_most);
            done := done + docket_private.forget_event_keys(take_step.at_most - done);
        when 'sessions' then
            done := docket_private.sweep_sessions(take_step.at_most);
        when 'responses' then
            done := docket_private.sweep_responses(take_step.at_most);
        when 'contexts' then
            done := docket_private.prune_next_contexts(take_step.at_most);
        when 'prompts' then
            done := docket_private.prune_next_prompts(take_step.at_most);
        when 'words' then
            done := docket_private.read_words(take_step.at_most);
        when 'searches' then
            done := docket_private.forget_searches(take_step.at_most);
        when 'embeddings' then
            done := docket_private.sweep_embeddings(take_step.at_most);
        when 'deliveries' then
            done := docket_private.forget_deliveries(take_step.at_most);
        when 'alerts' then
            done := docket_private.evaluate_due(take_step.at_most);
        when 'executions' then
            done := docket_private.end_silent_executions(take_step.at_most);
        when 'sweep' then
            select s.* into done, problem, error_code
              from docket_private.sweep_projects(take_step.at_most) as s;
    end case;
end;
$$;

comment on function docket_private.take_step(text, bigint) is
    'Does one step of maintenance. Returns how many it did, and what was in the way of a part of it.';

-- A function, and not a procedure that commits: that could have neither a pinned search_path nor
-- its owner's rights, and no other function could call it. Who wants each step in a transaction of
-- its own calls it once for each step, as `pgdocket maintain` does.
create function docket.maintain(
    steps text[] default null
) returns table (
    step     text,
    outcome  text,
    done     bigint,
    has_more boolean,
    took     bigint,
    problem  text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- Who waits for a lock on a whole table has all others wait behind him: not for longer than this.
set lock_timeout = '500ms'
as $$
declare
    v_step       docket.maintenance_steps;
    v_started_at timestamptz;
    v_error_code text;
    v_unknown    text;
begin
    perform docket_private.require_operator();

    -- With a snapshot from before a lock was had, what was written since would be dropped unseen.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'maintenance is not done in a transaction that is %',
                        current_setting('transaction_isolation')
            using errcode = 'PD409',
                  hint    = 'Call it at read committed.';
    end if;

    v_unknown := (
        select coalesce(min(w.name), 'null')
          from unnest(maintain.steps) as w (name)
         where not exists (select from docket.maintenance_steps as s where s.step = w.name)
        having count(*) > 0);
    if v_unknown is not null then
        raise exception 'maintenance has no step "%"', left(v_unknown, 100)
            using errcode = 'PD422',
                  hint    = 'docket.maintenance_steps lists them.';
    end if;

    -- A loop, because each step stands or falls by itself.
    for v_step in
        select s.*
          from docket.maintenance_steps as s
         where maintain.steps is null
            or s.step = any (maintain.steps)
         order by s.step_no
    loop
        step         := v_step.step;
        done         := 0;
        problem      := null;
        v_error_code := null;
        v_started_at := docket.clock();

        perform
           from docket.maintenance_steps as s
          where s.step = v_step.step
            for no key update skip locked;

        if not found then
            outcome  := 'busy';
            problem  := 'another call is at it';
            has_more := false;
            took     := 0;
            return next;
            continue;
        end if;

        begin
            select t.* into done, problem, v_error_code
              from docket_private.take_step(v_step.step, v_step.at_most) as t;
        exception
            when others then
                problem      := sqlerrm;
                v_error_code := sqlstate;
        end;

        -- 55P03: a lock was not to be had in time.
        outcome  := case v_error_code when '55P03' then 'busy' else 'failed' end;
        outcome  := case when v_error_code is null then 'done' else outcome end;
        has_more := coalesce(done >= v_step.at_most, false);
        took     := (extract(epoch from docket.clock() - v_started_at) * 1000)::bigint;

        update docket.maintenance_steps as s
           set started_at   = v_started_at,
               finished_at  = docket.clock(),
               succeeded_at = case
                                  when maintain.outcome = 'done' then docket.clock()
                                  else s.succeeded_at
                              end,
               outcome      = maintain.outcome,
               done         = maintain.done,
               problem      = maintain.problem
         where s.step = v_step.step;
        return next;

        -- A partition that has gone or come leaves tables locked, also those that its foreign keys
        -- name, against who reads or writes: no more in this call.
        exit when step in ('drop', 'partitions') and done > 0;
    end loop;
end;
$$;

comment on function docket.maintain(text[]) is
'Does what has to be done from time to time: counts what dashboards read, seals the journal, rolls up
metrics, drops the months that the policies keep no longer, gathers statistics, makes the months
ahead, forgets old request ids, evaluates alert rules, ends executions that give no sign of life,
and takes back tasks whose lease has expired. Each step is bounded, and is done by one call at a
time; one that fails keeps none of the others from being done. What it waits for longer than half a
second it leaves to the next call.

`steps` are the steps to do (null: all), of docket.maintenance_steps, which also says how each went
when it was last run. All steps of a call are one transaction, and what it locks is locked until
that ends: a scheduler that can should call it once for each step. A call that has dropped or made
a month does nothing after that. Returns a row for each step: outcome is done, busy (another call
is at it, or a lock was not to be had in time: the next call does it) or failed; done is how many
it did, has_more whether it stopped at its bound, took is in milliseconds, problem what was in the
way. problem may be null. Raises PD403 (not an operator), PD409 (not at read committed), PD422 (no
such step).';

revoke all on function docket_private.is_time_to_seal() from public;
revoke all on function docket_private.analyze_partitioned() from public;
revoke all on function docket_private.forget_requests(bigint) from public;
revoke all on function docket_private.sweep_projects(bigint) from public;
revoke all on function docket_private.take_step(text, bigint) from public;
revoke all on function docket.maintain(text[]) from public;
grant execute on function docket.maintain(text[]) to docket_admin, docket_maintenance;
grant select on docket.maintenance_steps to docket_admin, docket_maintenance;

commit;
