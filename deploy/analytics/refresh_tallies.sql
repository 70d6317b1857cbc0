-- Deploy pgdocket:analytics/refresh_tallies to pg
-- requires: access/grant_access
-- requires: analytics/tallies
-- requires: platform/settings

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('tally_max_age_seconds', '300', 'How old what dashboards read may be before maintenance counts it anew, in seconds. What takes long to count is counted less often: for a twentieth of the time at most.');

-- Whoever counts anew holds the row: no client can lock it, and so nobody but another who counts
-- keeps one from it.
create table docket.tallies (
    tally        text not null,
    description  text not null,
    refreshed_at timestamptz,
    took_ms      bigint,
    row_count    bigint,
    problem      text,

    constraint tallies_pkey primary key (tally)
);

comment on table docket.tallies is
    'What is counted from time to time for dashboards, and how old each of it is.';
comment on column docket.tallies.tally is
    'What is counted: a materialized view of schema docket_private.';
comment on column docket.tallies.description is
    'What it says.';
comment on column docket.tallies.refreshed_at is
    'As of when: nothing later is in it. Null: it was never counted, and is empty.';
comment on column docket.tallies.took_ms is
    'How long that took, in milliseconds.';
comment on column docket.tallies.row_count is
    'How many rows it has.';
comment on column docket.tallies.problem is
    'Why it could not be counted anew when that was last tried.';

insert into docket.tallies (tally, description)
values ('task_counts', 'Tasks in use by priority, agent, workflow and tag, and by status.'),
       ('task_times', 'Lead and cycle times of the last 7, 30, 90 and 365 days.'),
       ('work_periods', 'Tasks created and completed by day and week, with their times.'),
       ('outcome_days', 'Attempts, validations, executions and errors by day.'),
       ('cost_days', 'Interactions with models by day, agent and model, with tokens and cost.'),
       ('communication_days', 'Messages to components by day, with their latency.'),
       ('context_counts', 'Contexts by type.');

-- One who counts the same waits for nobody: what another is at is passed over, and left to him. A
-- refresh keeps no reader waiting: it locks its view against other refreshes alone.
create function docket_private.refresh_tallies(
    only_stale     boolean,
    out refreshed  bigint,
    out problem    text,
    out error_code text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_max_age interval := make_interval(
        secs => (docket_private.setting('tally_max_age_seconds') #>> '{}')::double precision);
    v_tally   docket.tallies;
    v_began   timestamptz;
    v_rows    bigint;
    v_why     text;
begin
    refreshed := 0;

    -- A loop, because each stands or falls by itself.
    for v_tally in
        select t.*
          from docket.tallies as t
         where not refresh_tallies.only_stale
            or t.refreshed_at is null
            or t.refreshed_at + greatest(v_max_age, 20 * t.took_ms * interval '1 ms')
               <= docket.clock()
         order by t.refreshed_at nulls first, t.tally
           for no key update skip locked
    loop
        v_began := docket.clock();
        v_why   := null;

        begin
            -- format(), because it is of one of several.
            execute format('refresh materialized view concurrently docket_private.%I',
                           v_tally.tally);
            execute format('select count(*) from docket_private.%I', v_tally.tally) into v_rows;
            refreshed := refreshed + 1;
        exception
            when others then
                v_why      := sqlerrm;
                problem    := format('%s: %s', v_tally.tally, sqlerrm);
                error_code := sqlstate;
        end;

        update docket.tallies as t
           set refreshed_at = case when v_why is null then v_began else t.refreshed_at end,
               took_ms      = case
                                  when v_why is null
                                      then (extract(epoch from docket.clock() - v_began) * 1000)
                                  else t.took_ms
                              end,
               row_count    = case when v_why is null then v_rows else t.row_count end,
               problem      = v_why
         where t.tally = v_tally.tally;
    end loop;
end;
$$;

comment on function docket_private.refresh_tallies(boolean) is
    'Counts anew what dashboards read, all of it or what is older than the setting tally_max_age_seconds says. Returns how many were, and of the last that could not be why.';

create function docket.refresh_tallies() returns setof docket.tallies
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_operator();

    -- With a snapshot from before, it would be told to be newer than it is.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'tallies are not refreshed in a transaction that is %',
                        current_setting('transaction_isolation')
            using errcode = 'PD409',
                  hint    = 'Call it at read committed.';
    end if;

    perform docket_private.refresh_tallies(only_stale => false);

    return query
    select t.* from docket.tallies as t order by t.tally;
end;
$$;

comment on function docket.refresh_tallies() is
'Counts anew all that dashboards read, without waiting until it is stale: after an import, or to
look at once. Maintenance does it by itself (step tallies). What somebody else is counting is passed
over.

Returns a row for each tally, with how old it is: problem says why one could not be counted anew.
Raises PD403 (not an operator), PD409 (not at read committed).';

revoke all on function docket_private.refresh_tallies(boolean) from public;
revoke all on function docket.refresh_tallies() from public;
grant execute on function docket.refresh_tallies() to docket_admin, docket_maintenance;
grant select on docket.tallies
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_maintenance;

commit;
