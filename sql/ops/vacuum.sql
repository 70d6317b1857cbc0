-- Does vacuum come in time?
-- Look for is_due with an old vacuumed_at, and for transactions_unfrozen above 500,000,000.
-- Find the old transaction that holds it up (connections.sql), or lower
-- autovacuum_vacuum_scale_factor of the table.
select v.*
  from docket.vacuum_status as v
 order by v.is_due desc, v.dead_rows desc, v.schema_name, v.table_name;
