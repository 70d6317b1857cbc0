-- Which months are there?
-- Look for rows in a default partition, and for months that are missing ahead.
-- pgdocket maintain makes what is missing; pgdocket doctor says what is wrong.
select p.schema_name, p.table_name, p.partition_name, p.bounds, p.estimated_rows,
       pg_size_pretty(p.total_bytes) as size, p.analyzed_at
  from docket.partition_overview as p
 order by p.schema_name, p.table_name, p.is_default, p.partition_name;
