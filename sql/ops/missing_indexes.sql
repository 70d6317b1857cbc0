-- Which tables are read from one end to the other?
-- Look for may_lack_an_index, then for the statement that does it (slow_statements.sql).
-- Prove the advice before you take it: pgdocket explain STATEMENT --index "create index on ...".
select t.*
  from docket.table_scans as t
 order by t.may_lack_an_index desc, t.rows_read_by_them desc, t.schema_name, t.table_name;
