-- Which statements take the most time?
-- Look at total_seconds first: a fast statement that runs a million times costs more than a slow
-- one.
-- pgdocket explain STATEMENT shows its plan. It takes the extension pg_stat_statements.
select s.*
  from docket.slow_statements(20) as s;
