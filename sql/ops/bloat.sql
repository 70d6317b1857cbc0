-- How much room holds nothing?
-- Look for a bloat_ratio above a half in a table of more than some megabytes.
-- See why vacuum does not come (vacuum.sql), then: vacuum (full) in a quiet hour, or pg_repack.
select b.schema_name, b.table_name, b.estimated_rows,
       pg_size_pretty(b.table_bytes) as size,
       pg_size_pretty(b.bloat_bytes) as bloat,
       b.bloat_ratio
  from docket.table_bloat as b
 order by b.bloat_bytes desc nulls last, b.schema_name, b.table_name;
