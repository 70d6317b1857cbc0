-- What the control connection asks while a script runs.

-- name: forget_activity
-- Within a transaction activity is shown as it was seen first.
select pg_catalog.pg_stat_clear_snapshot();

-- name: blockers
  select b.pid,
         coalesce(a.application_name, ''),
         coalesce(a.usename, ''),
         coalesce(a.state, 'unknown'),
         coalesce(extract(epoch from clock_timestamp() - a.state_change), 0)::float8,
         coalesce(a.query, '')
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) as b (pid)
    left join pg_catalog.pg_stat_activity as a on a.pid = b.pid
order by b.pid;

-- name: statement
-- When the statement that a session runs, or has run last, began, and how long ago that is.
select a.query_start,
       extract(epoch from clock_timestamp() - a.query_start)::float8 as seconds_ago
  from pg_catalog.pg_stat_activity as a
 where a.pid = %(pid)s;

-- name: holder
  select a.pid,
         coalesce(a.application_name, ''),
         coalesce(a.usename, ''),
         coalesce(a.state, 'unknown'),
         coalesce(extract(epoch from clock_timestamp() - a.state_change), 0)::float8,
         coalesce(a.query, '')
    from pg_catalog.pg_locks as l
    join pg_catalog.pg_stat_activity as a on a.pid = l.pid
   where l.locktype = 'advisory'
     and l.granted
     and l.database = (
             select d.oid
               from pg_catalog.pg_database as d
              where d.datname = current_database())
     and (l.classid::bigint << 32) + l.objid::bigint = 75474063
     and l.objsubid = 1
order by a.pid
   limit 1;
