-- Deploy pgdocket:ops/server_views to pg
-- requires: ops/health

begin;
set local role docket_owner;

-- Whatever of other sessions PostgreSQL shows to whoever asks: all of it to members of pg_monitor,
-- to others their own. Tables and indexes are those of the two schemas.
create view docket.connection_states
with (security_invoker = true) as
    with now as materialized (
        select docket.clock() as moment
    )
    select a.usename::text                                          as principal,
           nullif(a.application_name, '')                           as application_name,
           a.state,
           a.wait_event_type,
           count(*)                                                 as connections,
           max(extract(epoch from n.moment - a.state_change))       as longest_in_state_seconds,
           max(extract(epoch from n.moment - a.xact_start))         as oldest_transaction_seconds
      from pg_catalog.pg_stat_activity as a
     cross join now as n
     where a.datname = current_database()
       and a.backend_type = 'client backend'
     group by a.usename, a.application_name, a.state, a.wait_event_type;

comment on view docket.connection_states is
    'The connections to this database by role, application, state and what they wait for, with the longest stay in that state and the oldest transaction, in seconds.';

create view docket.blocking_chains
with (security_invoker = true) as
    with recursive now as materialized (
        select docket.clock() as moment
    ), waiting as materialized (
        select a.pid, b.pid as blocked_by
          from pg_catalog.pg_stat_activity as a
         cross join lateral unnest(pg_blocking_pids(a.pid)) as b (pid)
         where a.datname = current_database()
           and a.wait_event_type = 'Lock'
    ), chain as (
        -- From those whom nobody blocks. A pid of 0 is a prepared transaction.
        select w.blocked_by as root, w.pid, w.blocked_by, 1 as depth,
               array[w.blocked_by, w.pid] as path
          from waiting as w
         where not exists (select from waiting as o where o.pid = w.blocked_by)
         union all
        select c.root, w.pid, w.blocked_by, c.depth + 1, c.path || w.pid
          from chain as c
          join waiting as w
            on w.blocked_by = c.pid
         where w.pid <> all (c.path)
    )
    select c.root                                           as root_pid,
           r.usename::text                                  as root_principal,
           r.state                                          as root_state,
           extract(epoch from n.moment - r.xact_start)      as root_transaction_seconds,
           r.query                                          as root_statement,
           c.depth,
           c.blocked_by                                     as blocked_by_pid,
           c.pid,
           a.usename::text                                  as principal,
           extract(epoch from n.moment - a.state_change)    as waiting_seconds,
           l.locks                                          as waits_for,
           a.query                                          as statement
      from chain as c
     cross join now as n
      join pg_catalog.pg_stat_activity as a
        on a.pid = c.pid
      left join pg_catalog.pg_stat_activity as r
        on r.pid = c.root
     cross join lateral (
               select string_agg(
                          concat_ws(' ', k.mode, 'on', k.locktype,
                                    case when k.relation is not null
                                        then k.relation::regclass::text
                                    end),
                          ', ') as locks
                 from pg_catalog.pg_locks as k
                where k.pid = c.pid
                  and not k.granted
           ) as l;

comment on view docket.blocking_chains is
    'Who waits for whose lock: a row for each session that waits, with the one at the root of its chain, which is the one to end. depth is 1 for those that wait for the root itself.';

-- A partitioned table is told as one, with what its partitions hold.
create view docket.table_sizes
with (security_invoker = true) as
    select n.nspname::text                                             as schema_name,
           r.relname::text                                             as table_name,
           count(*) filter (where c.relkind = 'r')                     as physical_tables,
           sum(greatest(c.reltuples, 0))::bigint                       as estimated_rows,
           sum(pg_table_size(c.oid))::bigint                           as table_bytes,
           sum(pg_indexes_size(c.oid))::bigint                         as index_bytes,
           sum(pg_total_relation_size(c.oid))::bigint                  as total_bytes
      from pg_catalog.pg_class as r
      join pg_catalog.pg_namespace as n
        on n.oid = r.relnamespace
     cross join lateral (
               select t.relid from pg_partition_tree(r.oid) as t
                union
               select r.oid
           ) as p (oid)
      join pg_catalog.pg_class as c
        on c.oid = p.oid
     where n.nspname in ('docket', 'docket_private')
       and r.relkind in ('r', 'p', 'm')
       and not r.relispartition
     group by n.nspname, r.relname;

comment on view docket.table_sizes is
    'How large each table is, in rows (as the last ANALYZE found) and bytes; a partitioned table with all of its partitions. table_bytes has what is stored out of line.';

create view docket.index_usage
with (security_invoker = true) as
    select s.schemaname::text                as schema_name,
           s.relname::text                   as table_name,
           s.indexrelname::text              as index_name,
           s.idx_scan                        as scans,
           s.idx_tup_read                    as entries_read,
           s.idx_tup_fetch                   as rows_fetched,
           pg_relation_size(s.indexrelid)    as index_bytes,
           i.indisunique                     as is_unique,
           f.constraint_name is not null     as is_of_foreign_key,
           i.indisvalid                      as is_valid,
           s.idx_scan = 0
               and not i.indisunique
               and f.constraint_name is null as is_unused,
           pg_get_indexdef(s.indexrelid)     as definition
      from pg_catalog.pg_stat_user_indexes as s
      join pg_catalog.pg_index as i
        on i.indexrelid = s.indexrelid
      left join lateral (
               -- Deleting what a foreign key refers to reads it, however seldom that is.
               select k.conname as constraint_name
                 from pg_catalog.pg_constraint as k
                where k.conrelid = i.indrelid
                  and k.contype = 'f'
                  and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
                order by k.conname
                limit 1
           ) as f on true
     where s.schemaname in ('docket', 'docket_private');

comment on view docket.index_usage is
    'How often each index was read since the statistics were reset. is_unused: never, and it is neither unique nor what a foreign key needs; it may be what another server (a standby) reads.';

create view docket.table_scans
with (security_invoker = true) as
    select s.schemaname::text                                as schema_name,
           s.relname::text                                   as table_name,
           s.n_live_tup                                      as live_rows,
           s.seq_scan                                        as sequential_scans,
           s.seq_tup_read                                    as rows_read_by_them,
           s.seq_tup_read / nullif(s.seq_scan, 0)            as rows_read_by_each,
           coalesce(s.idx_scan, 0)                           as index_scans,
           -- Whole tables that are small are best read whole.
           s.seq_scan >= 50
               and s.seq_tup_read / nullif(s.seq_scan, 0) >= 10000
               and s.seq_scan > coalesce(s.idx_scan, 0) / 10 as may_lack_an_index
      from pg_catalog.pg_stat_user_tables as s
     where s.schemaname in ('docket', 'docket_private');

comment on view docket.table_scans is
    'How often each table was read from one end to the other since the statistics were reset, and how much of it. may_lack_an_index: at least 50 times, 10,000 rows each time, and more than a tenth as often as by its indexes.';

-- What a table's pages would hold if all were full, by the widths that ANALYZE found, against what
-- it has: rows of 24 bytes of header and 4 of pointer, aligned to 8, in pages of block_size less
-- 24 bytes, filled to the fillfactor.
create view docket.table_bloat
with (security_invoker = true) as
    with block as (
        select current_setting('block_size')::bigint as block_size
    )
    select n.nspname::text                                                 as schema_name,
           c.relname::text                                                 as table_name,
           c.reltuples::bigint                                             as estimated_rows,
           c.relpages::bigint * b.block_size                               as table_bytes,
           greatest(c.relpages - e.pages, 0)::bigint * b.block_size        as bloat_bytes,
           round((greatest(c.relpages - e.pages, 0) / nullif(c.relpages, 0))::numeric, 3)
                                                                           as bloat_ratio
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n
        on n.oid = c.relnamespace
     cross join block as b
     cross join lateral (
               -- The widths of columns that whoever asks may not see are unknown, and so is all.
               select sum((1 - s.null_frac) * s.avg_width) as width
                 from pg_catalog.pg_stats as s
                where s.schemaname = n.nspname
                  and s.tablename  = c.relname
                  and not s.inherited
           ) as w
     cross join lateral (
               select ceil(c.reltuples
                           * (28 + ceil(w.width / 8) * 8)
                           / ((b.block_size - 24) * f.fillfactor / 100.0)) as pages
                 from (select coalesce(
                                  (select o.option_value::integer
                                     from pg_options_to_table(c.reloptions) as o
                                    where o.option_name = 'fillfactor'),
                                  100) as fillfactor) as f
           ) as e
     where n.nspname in ('docket', 'docket_private')
       and c.relkind in ('r', 'm')
       and c.reltuples > 0;

comment on view docket.table_bloat is
    'An estimate of how much of each table is room that holds nothing: bytes, and the part of the whole. It rests on the widths that ANALYZE found, knows nothing of values out of line, and is null for whoever may not see statistics. Below a fifth is normal.';

create view docket.partition_overview
with (security_invoker = true) as
    select n.nspname::text                                  as schema_name,
           p.relname::text                                  as table_name,
           c.relname::text                                  as partition_name,
           pg_get_expr(c.relpartbound, c.oid)               as bounds,
           pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'   as is_default,
           greatest(c.reltuples, 0)::bigint                 as estimated_rows,
           pg_total_relation_size(c.oid)                    as total_bytes,
           greatest(s.last_analyze, s.last_autoanalyze)     as analyzed_at
      from pg_catalog.pg_inherits as i
      join pg_catalog.pg_class as p
        on p.oid = i.inhparent
       and p.relkind = 'p'
      join pg_catalog.pg_namespace as n
        on n.oid = p.relnamespace
      join pg_catalog.pg_class as c
        on c.oid = i.inhrelid
      left join pg_catalog.pg_stat_all_tables as s
        on s.relid = c.oid
     where n.nspname in ('docket', 'docket_private');

comment on view docket.partition_overview is
    'The partitions of each partitioned table: bounds, rows (as the last ANALYZE found), bytes. A default partition with rows in it is an alarm: docket.health() says so.';

create view docket.vacuum_status
with (security_invoker = true) as
    select s.schemaname::text                                    as schema_name,
           s.relname::text                                       as table_name,
           s.n_live_tup                                          as live_rows,
           s.n_dead_tup                                          as dead_rows,
           round(s.n_dead_tup::numeric
                 / nullif(s.n_live_tup + s.n_dead_tup, 0), 3)    as dead_ratio,
           t.dead_rows_allowed,
           s.n_dead_tup > t.dead_rows_allowed                    as is_due,
           greatest(s.last_vacuum, s.last_autovacuum)            as vacuumed_at,
           greatest(s.last_analyze, s.last_autoanalyze)          as analyzed_at,
           age(c.relfrozenxid)                                   as transactions_unfrozen
      from pg_catalog.pg_stat_user_tables as s
      join pg_catalog.pg_class as c
        on c.oid = s.relid
     cross join lateral (
               select (o.threshold + o.scale_factor * greatest(c.reltuples, 0))::bigint
                          as dead_rows_allowed
                 from (select coalesce(
                                  max(w.option_value) filter (
                                      where w.option_name = 'autovacuum_vacuum_threshold'),
                                  current_setting('autovacuum_vacuum_threshold'))::numeric
                                  as threshold,
                              coalesce(
                                  max(w.option_value) filter (
                                      where w.option_name = 'autovacuum_vacuum_scale_factor'),
                                  current_setting('autovacuum_vacuum_scale_factor'))::numeric
                                  as scale_factor
                         from pg_options_to_table(c.reloptions) as w) as o
           ) as t
     where s.schemaname in ('docket', 'docket_private')
       and c.relkind <> 'p';

comment on view docket.vacuum_status is
    'Dead rows of each table, and whether autovacuum should have come (is_due: more than dead_rows_allowed); when it was vacuumed and analyzed, and how many transactions ago it was frozen.';

create view docket.cache_hits
with (security_invoker = true) as
    select s.schemaname::text                                       as schema_name,
           s.relname::text                                          as table_name,
           coalesce(s.heap_blks_hit, 0) + coalesce(s.toast_blks_hit, 0)   as table_hits,
           coalesce(s.heap_blks_read, 0) + coalesce(s.toast_blks_read, 0) as table_reads,
           coalesce(s.idx_blks_hit, 0) + coalesce(s.tidx_blks_hit, 0)     as index_hits,
           coalesce(s.idx_blks_read, 0) + coalesce(s.tidx_blks_read, 0)   as index_reads,
           round((coalesce(s.heap_blks_hit, 0) + coalesce(s.toast_blks_hit, 0)
                  + coalesce(s.idx_blks_hit, 0) + coalesce(s.tidx_blks_hit, 0))::numeric
                 / nullif(coalesce(s.heap_blks_hit, 0) + coalesce(s.toast_blks_hit, 0)
                          + coalesce(s.idx_blks_hit, 0) + coalesce(s.tidx_blks_hit, 0)
                          + coalesce(s.heap_blks_read, 0) + coalesce(s.toast_blks_read, 0)
                          + coalesce(s.idx_blks_read, 0) + coalesce(s.tidx_blks_read, 0), 0), 4)
                                                                    as hit_ratio
      from pg_catalog.pg_statio_user_tables as s
     where s.schemaname in ('docket', 'docket_private');

comment on view docket.cache_hits is
    'How many blocks of each table and its indexes were found in shared_buffers, and how many had to be read (perhaps from the cache of the operating system), since the statistics were reset. Below 0.99 for the tables that are used most, shared_buffers is small.';

-- In whatever schema the extension is: hence format().
create function docket.slow_statements(page_size integer default 20) returns table (
    calls         bigint,
    total_seconds double precision,
    mean_ms       double precision,
    longest_ms    double precision,
    rows_each     double precision,
    hit_ratio     numeric,
    wal_bytes     numeric,
    principal     text,
    statement     text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema text := (
        select n.nspname
          from pg_catalog.pg_extension as e
          join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
         where e.extname = 'pg_stat_statements');
    v_found  json;
begin
    if v_schema is null then
        raise exception 'the extension pg_stat_statements is not there'
            using errcode = 'PD404',
                  hint    = 'Put pg_stat_statements into shared_preload_libraries, start the server'
                            ' anew, and create extension pg_stat_statements.';
    end if;

    execute format(
        'select json_agg(f) '
          'from ('
            'select s.calls, s.total_exec_time / 1000 as total_seconds, '
                   's.mean_exec_time as mean_ms, s.max_exec_time as longest_ms, '
                   's.rows::double precision / greatest(s.calls, 1) as rows_each, '
                   'round(s.shared_blks_hit::numeric '
                         '/ nullif(s.shared_blks_hit + s.shared_blks_read, 0), 4) as hit_ratio, '
                   's.wal_bytes, s.userid::regrole::text as principal, s.query as statement '
              'from %I.pg_stat_statements as s '
             'where s.dbid = (select d.oid from pg_catalog.pg_database as d '
                              'where d.datname = current_database()) '
             'order by s.total_exec_time desc, s.queryid '
             'limit $1) as f', v_schema)
       into v_found
      using least(greatest(slow_statements.page_size, 1), 1000);

    return query
    select f.*
      from json_to_recordset(coalesce(v_found, '[]')) as f (
               calls bigint, total_seconds double precision, mean_ms double precision,
               longest_ms double precision, rows_each double precision, hit_ratio numeric,
               wal_bytes numeric, principal text, statement text);
end;
$$;

comment on function docket.slow_statements(integer) is
'The statements of this database that took the most time in all, as pg_stat_statements counts them.

`page_size` is in rows (1 to 1000). Returns rows, times in seconds and milliseconds as the names
say; rows_each is the mean of the rows of a call, hit_ratio the part of the blocks that was found in
shared_buffers; hit_ratio may be null: none was looked for. Statements of others are shown to
members of pg_read_all_stats alone. Raises PD404 where the extension is not there.';

revoke all on function docket.slow_statements(integer) from public;
grant execute on function docket.slow_statements(integer)
   to docket_admin, docket_maintenance;
grant select on
    docket.connection_states, docket.blocking_chains, docket.table_sizes, docket.index_usage,
    docket.table_scans, docket.table_bloat, docket.partition_overview, docket.vacuum_status,
    docket.cache_hits
   to docket_admin, docket_maintenance, docket_metrics;

commit;
