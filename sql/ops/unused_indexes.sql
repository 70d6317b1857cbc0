-- Which indexes does nobody read?
-- Look at how long statistics were kept: an index for the end of a month is unused until then.
-- An index of your own: drop index concurrently. Those of pgdocket serve functions that you may not
-- call: report them.
select i.schema_name, i.table_name, i.index_name,
       pg_size_pretty(i.index_bytes) as size, d.stats_reset as counted_since, i.definition
  from docket.index_usage as i
 cross join pg_catalog.pg_stat_database as d
 where i.is_unused
   and d.datname = current_database()
 order by i.index_bytes desc, i.schema_name, i.index_name;
