-- What fails half-way where no transaction can take it back.

-- name: leftovers
-- The index of a partitioned table is invalid until each partition has its own: that is no failure.
select 'an invalid index is left:',
       format('%I.%I', n.nspname, c.relname),
       format('drop index concurrently %I.%I;', n.nspname, c.relname),
       c.relname
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where not i.indisvalid
   and c.relkind = 'i'
 union all
select 'a partition is left half detached:',
       format('%I.%I', n.nspname, c.relname),
       format('alter table %I.%I detach partition %I.%I finalize;',
              m.nspname, p.relname, n.nspname, c.relname),
       c.relname
  from pg_catalog.pg_inherits as h
  join pg_catalog.pg_class as c on c.oid = h.inhrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_class as p on p.oid = h.inhparent
  join pg_catalog.pg_namespace as m on m.oid = p.relnamespace
 where h.inhdetachpending;
