-- Deploy pgdocket:ops/health to pg
-- requires: observability/alerts
-- requires: observability/components
-- requires: ops/maintain
-- requires: ops/schema_migrations

begin;
set local role docket_owner;

create domain docket.health_level as text
    constraint health_level_known check (value in ('ok', 'warning', 'critical', 'unknown'));

comment on domain docket.health_level is
    'ok; warning: look at it today; critical: look at it now; unknown: this role may not see it.';

create function docket_private.level_of(
    value    numeric,
    warning  numeric,
    critical numeric
) returns text
language sql
immutable
begin atomic
    select case
               when level_of.value is null then 'unknown'
               when level_of.value >= level_of.critical then 'critical'
               when level_of.value >= level_of.warning then 'warning'
               else 'ok'
           end;
end;

comment on function docket_private.level_of(numeric, numeric, numeric) is
    'How bad a value is that is worse the greater it is; null: unknown.';

-- What the server is and how it is set up.
create function docket_private.server_health() returns table (
    item   text,
    level  text,
    value  text,
    remedy text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_used    bigint := (select sum(d.numbackends) from pg_catalog.pg_stat_database as d);
    v_most    bigint := current_setting('max_connections')::bigint;
    v_oldest  interval;
    v_running bigint;
begin
    return query
    select 'server', 'ok',
           format('PostgreSQL %s, %s', split_part(current_setting('server_version'), ' ', 1),
                  case when pg_is_in_recovery() then 'standby' else 'primary' end),
           null::text;

    return query
    select 'settings',
           case
               when bool_or(w.level = 'critical') then 'critical'
               when count(*) > 0 then 'warning'
               else 'ok'
           end,
           coalesce('off: ' || string_agg(w.name, ', ' order by w.name),
                    'nothing that protects what is stored is off'),
           case
               when count(*) > 0
               then 'Switch it on: after a crash, or in time, the database may be lost.'
           end
      from (values
               ('autovacuum', 'critical'), ('fsync', 'critical'), ('full_page_writes', 'critical'),
               ('synchronous_commit', 'warning'), ('track_counts', 'critical')) as w (name, level)
     where current_setting(w.name) = 'off';

    return query
    select 'connections', docket_private.level_of(v_used, 0.8 * v_most, 0.95 * v_most),
           format('%s of %s', v_used, v_most),
           case
               when v_used >= 0.8 * v_most
               then 'Put PgBouncer before it, or raise max_connections.'
           end;

    -- Times of others' transactions are shown to members of pg_read_all_stats alone; how many
    -- transactions have begun since the oldest, to everybody.
    v_oldest  := (
        select docket.clock() - min(a.xact_start)
          from pg_catalog.pg_stat_activity as a
         where a.backend_type = 'client backend');
    v_running := age(pg_snapshot_xmin(pg_current_snapshot())::text::bigint::text::xid);
    return query
    select 'oldest transaction',
           docket_private.level_of(
               greatest(extract(epoch from v_oldest) / 900, v_running / 1000000.0), 1, 16),
           format('%s transactions have begun since', v_running),
           case
               when extract(epoch from v_oldest) >= 900 or v_running >= 1000000
               then 'End it (pg_stat_activity): while it runs nothing that is dead can be removed.'
           end;

    return query
    select 'prepared transactions',
           docket_private.level_of(
               count(*) filter (where x.prepared < docket.clock() - interval '1 hour'), 1, 1000000),
           count(*)::text,
           case
               when min(x.prepared) < docket.clock() - interval '1 hour'
               then 'Commit or roll back what is forgotten (pg_prepared_xacts): it holds its locks.'
           end
      from pg_catalog.pg_prepared_xacts as x;

    return query
    select 'transaction ids',
           docket_private.level_of(
               age(d.datfrozenxid), 2 * current_setting('autovacuum_freeze_max_age')::numeric,
               1500000000),
           format('the oldest is %s transactions old', age(d.datfrozenxid)),
           case
               when age(d.datfrozenxid) >= 2 * current_setting('autovacuum_freeze_max_age')::numeric
               then 'Find what keeps vacuum from freezing, and run vacuum (freeze).'
           end
      from pg_catalog.pg_database as d
     where d.datname = current_database();

    if pg_is_in_recovery() then
        return query
        select 'replication',
               docket_private.level_of(
                   case
                       when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
                       else extract(epoch from docket.clock() - pg_last_xact_replay_timestamp())
                   end, 30, 600),
               format('the last transaction replayed was committed at %s',
                      coalesce(pg_last_xact_replay_timestamp()::text, 'no time')),
               'Look at the network, and for long queries here.';
    else
        return query
        select 'replication slot ' || s.slot_name,
               docket_private.level_of(
                   pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn),
                   1024 * 1024 * 1024, 16.0 * 1024 * 1024 * 1024),
               format('%s behind, %s',
                      pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)),
                      case when s.active then 'active' else 'not active' end),
               case
                   when pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)
                        >= 1024 * 1024 * 1024
                   then 'Start who reads it, or drop it: the WAL since then is kept for it.'
               end
          from pg_catalog.pg_replication_slots as s
         where s.restart_lsn is not null
         order by s.slot_name;
    end if;
end;
$$;

comment on function docket_private.server_health() is
    'What of the server endangers what is kept in it.';

-- What the deploy has set up is still so.
create function docket_private.schema_health() returns table (
    item   text,
    level  text,
    value  text,
    remedy text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select 'schema', 'ok',
           case
               when count(*) = 0 then 'no registry of changes'
               else format('%s changes, the last is %s', count(*),
                           (array_agg(m.change order by m.deployed_at desc, m.planned_at desc))[1])
           end,
           null::text
      from docket_private.read_registry() as m;

    return query
    select 'triggers',
           (case when count(*) = 0 then 'ok' else 'critical' end),
           case
               when count(*) = 0 then 'all are on'
               else format('off: %s', string_agg(format('%s on %s', t.tgname, t.tgrelid::regclass),
                                                 ', ' order by t.tgname))
           end,
           case when count(*) > 0 then 'alter table ... enable trigger all, and graph_health().' end
      from pg_catalog.pg_trigger as t
      join pg_catalog.pg_class as c on c.oid = t.tgrelid
     where c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
       and t.tgenabled <> 'O';

    return query
    select 'row-level security',
           (case when count(*) = 0 then 'ok' else 'critical' end),
           case
               when count(*) = 0 then 'on, and forced'
               else format('off: %s', string_agg(c.oid::regclass::text, ', ' order by c.relname))
           end,
           case
               when count(*) > 0
               then 'alter table ... enable row level security, force row level security.'
           end
      from pg_catalog.pg_class as c
     where c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
       and c.relkind in ('r', 'p')
       and not (c.relrowsecurity and c.relforcerowsecurity)
       and exists (
               select
                 from pg_catalog.pg_attribute as a
                where a.attrelid = c.oid
                  and a.attname  = 'project_id'
                  and not a.attisdropped);

    return query
    select 'indexes and constraints',
           (case when count(*) = 0 then 'ok' else 'warning' end),
           case
               when count(*) = 0 then 'all are valid'
               else format('not valid: %s', string_agg(b.name, ', ' order by b.name))
           end,
           case when count(*) > 0 then 'reindex index, alter table ... validate constraint.' end
      from (
          select i.indexrelid::regclass::text as name
            from pg_catalog.pg_index as i
            join pg_catalog.pg_class as c on c.oid = i.indexrelid
           where c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
             and not i.indisvalid
           union all
          select k.conname::text
            from pg_catalog.pg_constraint as k
           where k.connamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
             and not k.convalidated
      ) as b;

    return query
    select 'dead rows',
           docket_private.level_of(
               coalesce(max(s.n_dead_tup::numeric / (s.n_live_tup + s.n_dead_tup))
                            filter (where s.n_dead_tup > 50000), 0), 0.3, 0.7),
           format('%s, most of them in %s', sum(s.n_dead_tup),
                  (array_agg(s.relname order by s.n_dead_tup desc))[1]),
           case
               when max(s.n_dead_tup::numeric / (s.n_live_tup + s.n_dead_tup))
                        filter (where s.n_dead_tup > 50000) >= 0.3
               then 'vacuum that table, and see whether autovacuum keeps up with it.'
           end
      from pg_catalog.pg_stat_user_tables as s
     where s.schemaname in ('docket', 'docket_private')
       and s.n_dead_tup > 0
    having count(*) > 0;
end;
$$;

comment on function docket_private.schema_health() is
    'What of the schema is not any more as it was deployed.';

-- What has to be done from time to time is being done.
create function docket_private.upkeep_health() returns table (
    item   text,
    level  text,
    value  text,
    remedy text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now    timestamptz := docket.clock();
    v_latest docket.audit_seals;
begin
    return query
    select 'maintenance',
           case
               when count(*) filter (where m.outcome = 'failed') > 0 then 'critical'
               else docket_private.level_of(max(w.seconds), 3600, 86400)
           end,
           case
               when bool_or(m.outcome = 'failed')
               then 'failed: ' || string_agg(m.step || ' (' || m.problem || ')', ', '
                                             order by m.step_no) filter (where m.outcome = 'failed')
               when bool_or(m.succeeded_at is null)
               then 'was never run: '
                    || string_agg(m.step, ', ' order by m.step_no)
                           filter (where m.succeeded_at is null)
               else 'each step was done since ' || date_trunc('second', min(m.succeeded_at))
           end,
           case
               when bool_or(m.outcome = 'failed') then 'Remove what is in the way.'
               when max(w.seconds) >= 3600
               then 'Let `pgdocket maintain --every 60s` run, or call docket.maintain().'
           end
      from docket.maintenance_steps as m
     cross join lateral (
               -- What was never run is overdue.
               select coalesce(extract(epoch from v_now - m.succeeded_at), 3600) as seconds
           ) as w;

    return query
    select 'partitions of ' || p.table_name,
           case
               when a.ahead is null or a.ahead <= v_now then 'critical'
               when a.ahead <= v_now + interval '1 month' or s.strays > 0 then 'warning'
               else 'ok'
           end,
           format('made until %s, about %s rows strayed',
                  coalesce((a.ahead at time zone 'UTC')::date::text, 'never'), s.strays),
           case
               when a.ahead is null or a.ahead <= v_now + interval '1 month'
               then 'docket.maintain(''{partitions}'') makes them.'
               when s.strays > 0
               then 'Rows of months long past or far ahead: see whose clock is wrong.'
           end
      from docket.partition_policies as p
     cross join lateral (
               select max(q.upper_bound) as ahead
                 from docket_private.partitions_of(p.table_name) as q
           ) as a
     cross join lateral (
               select to_regclass(format('docket.%I', p.table_name || '_default')) as oid
           ) as d
     cross join lateral (
               select case
                          when pg_relation_size(d.oid) > 0 then pg_stat_get_live_tuples(d.oid)
                          else 0
                      end as strays
           ) as s
     order by p.table_name;

    select s.* into v_latest from docket.audit_seals as s order by s.seal_id desc limit 1;
    return query
    select 'journal',
           docket_private.level_of(
               coalesce(extract(epoch from v_now - v_latest.sealed_at), 3600), 3600, 86400 * 7),
           case
               when v_latest.seal_id is null then 'not yet sealed'
               else format('sealed at %s, head %s', date_trunc('second', v_latest.sealed_at),
                           left(v_latest.seal_hash, 16))
           end,
           case
               when v_latest.seal_id is null or v_latest.sealed_at <= v_now - interval '1 hour'
               then 'docket.maintain(''{seal}'') seals it: until then it can be changed unseen.'
           end;
end;
$$;

comment on function docket_private.upkeep_health() is
    'What of the upkeep is not being done.';

-- Who holds tasks, and whether any come back that were lost.
create function docket_private.queue_health() returns table (
    item   text,
    level  text,
    value  text,
    remedy text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := docket.clock();
begin
    return query
    select 'leases',
           docket_private.level_of(
               extract(epoch from v_now - least(min(a.lease_expires_at), v_now)), 300, 3600),
           format('%s are held, %s of them have expired', count(*),
                  count(*) filter (where a.lease_expires_at <= v_now)),
           case
               when min(a.lease_expires_at) <= v_now - interval '5 minutes'
               then 'docket.maintain(''{sweep}'') gives their tasks to others.'
           end
      from docket.task_attempts as a
     where a.outcome is null;

    return query
    select 'components',
           docket_private.level_of(
               count(*) filter (where h.state = 'stale')
               + 1000000 * count(*) filter (where h.state = 'down'), 1, 1000000),
           case
               when count(*) filter (where h.state in ('stale', 'down')) = 0
               then format('%s, none of them silent', count(*))
               else string_agg(format('%s is %s', h.name, h.state), ', ' order by h.name)
                        filter (where h.state in ('stale', 'down'))
           end,
           case
               when count(*) filter (where h.state in ('stale', 'down')) > 0
               then 'See whether they run; docket.retire_component() ends the wait for one.'
           end
      from docket.system_health as h;

    -- What somebody looks at, and what nobody wants to hear of, alarms nobody.
    return query
    select 'alerts',
           case
               when bool_or(a.severity = 'critical') then 'critical'
               when count(*) > 0 then 'warning'
               else 'ok'
           end,
           coalesce(
               'firing: '
               || string_agg(
                      format('%s%s is %s (%s)', a.rule_name,
                             case a.labels when '{}' then '' else ' ' || a.labels::text end,
                             trim_scale(round(a.value, 6)), a.severity),
                      ', ' order by a.place) filter (where a.place <= 5)
               || case when count(*) > 5 then format(', and %s more', count(*) - 5) else '' end,
               'none is firing'),
           case
               when count(*) > 0
               then 'docket.list_alerts(): acknowledge what you look at, silence what you know.'
           end
      from (
          select o.*,
                 row_number() over (order by o.severity <> 'critical', o.alert_id) as place
            from docket.alert_overview as o
           where o.state = 'firing'
             and o.silenced_until is null
      ) as a;

    return query
    select 'alert rules',
           (case when count(*) = 0 then 'ok' else 'warning' end),
           case
               when count(*) = 0 then 'all can be evaluated'
               else format('can not be evaluated: %s',
                           string_agg(format('%s (%s)', e.name, e.problem), ', ' order by e.name)
                               filter (where e.place <= 5))
           end,
           case when count(*) > 0 then 'Set them anew: docket.set_alert_rule().' end
      from (
          select r.name, v.problem, row_number() over (order by r.name) as place
            from docket.alert_evaluations as v
            join docket.alert_rules as r using (alert_rule_id)
           where v.problem is not null
             and r.is_enabled
      ) as e;

    return query
    select 'paused projects', 'ok',
           coalesce(string_agg(p.slug, ', ' order by p.slug), 'none'), null::text
      from docket.projects as p
     where p.paused_at is not null
       and p.archived_at is null;
end;
$$;

comment on function docket_private.queue_health() is
    'Whether tasks that were lost come back, and what somebody is to look at.';

create function docket.health() returns table (
    item   text,
    level  docket.health_level,
    value  text,
    remedy text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_operator();

    return query
    select h.item, h.level::docket.health_level, h.value, h.remedy
      from (
          select * from docket_private.server_health()
           union all
          select * from docket_private.schema_health()
           union all
          select * from docket_private.upkeep_health()
           union all
          select * from docket_private.queue_health()
      ) as h;
end;
$$;

comment on function docket.health() is
'Whether the database is as it should be and its upkeep is done, in checks that take milliseconds
however much is stored: settings that endanger data, connections, old transactions, replication,
what the deploy has set up, maintenance, partitions, seals, leases, components and alerts that are
firing. What has to read all there is
has functions of its own: graph_health(), verify_audit().

Returns a row for each check: item, what was looked at; level, ok, warning, critical or unknown (may
not be seen by docket_owner); value, what was found; and remedy, what to do, where something is to
be done. remedy may be null. Raises PD403 (not an operator).';

revoke all on function docket_private.level_of(numeric, numeric, numeric) from public;
revoke all on function docket_private.server_health() from public;
revoke all on function docket_private.schema_health() from public;
revoke all on function docket_private.upkeep_health() from public;
revoke all on function docket_private.queue_health() from public;
revoke all on function docket.health() from public;
grant execute on function docket.health() to docket_admin, docket_maintenance;

commit;
