-- Are the tables that are used in memory?
-- Look at the hit_ratio of those that are read most.
-- Below 0.99 there: give shared_buffers a quarter of the memory.
select c.*
  from docket.cache_hits as c
 where c.hit_ratio is not null
 order by c.table_reads + c.index_reads desc, c.schema_name, c.table_name;
