-- How much is each index used?
-- Look at the largest: an index that is written by every change and read by nobody costs twice.
-- Compare with unused_indexes.sql, on every server that reads this database.
select i.schema_name, i.table_name, i.index_name, i.scans, i.entries_read,
       pg_size_pretty(i.index_bytes) as size, i.is_unique, i.is_of_foreign_key
  from docket.index_usage as i
 order by i.index_bytes desc, i.schema_name, i.index_name;
