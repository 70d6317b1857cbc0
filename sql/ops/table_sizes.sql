-- What takes the room?
-- Look for tables that grow with time: journal, interactions, executions, metrics.
-- Set a retention for them (docket.partition_policies), and see that maintenance runs.
select t.schema_name, t.table_name, t.physical_tables, t.estimated_rows,
       pg_size_pretty(t.table_bytes) as tables,
       pg_size_pretty(t.index_bytes) as indexes,
       pg_size_pretty(t.total_bytes) as total
  from docket.table_sizes as t
 order by t.total_bytes desc, t.schema_name, t.table_name;
