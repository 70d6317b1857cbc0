-- The statements of `pgdocket roles`, and of the matrix in docs/security.md.

-- name: present
-- Which of the roles the server has, and who acts as each.
select r.rolname as role,
       array(select m.member::regrole::text
               from pg_catalog.pg_auth_members as m
              where m.roleid = r.oid
              order by 1) as members
  from pg_catalog.pg_roles as r
 where r.rolname = any (%(roles)s);

-- name: rights
-- Every right that a role has on an object of the two schemas; the functions without their
-- parameters, of which no two have the same name.
select 'Schemas: may look inside' as part,
       n.nspname::text as object,
       r.role
  from pg_catalog.pg_namespace as n
 cross join unnest(%(roles)s::text[]) as r (role)
 where n.nspname in ('docket', 'docket_private', 'docket_ext')
   and has_schema_privilege(r.role, n.oid, 'usage')
 union all
select 'Tables and views: may read',
       c.relname,
       r.role
  from pg_catalog.pg_class as c
 cross join unnest(%(roles)s::text[]) as r (role)
 where c.relnamespace = 'docket'::regnamespace
   and c.relkind in ('r', 'p', 'v', 'm')
   and not c.relispartition
   and has_any_column_privilege(r.role, c.oid, 'select')
 union all
select 'Tables and views: may write',
       c.relname,
       r.role
  from pg_catalog.pg_class as c
 cross join unnest(%(roles)s::text[]) as r (role)
 where c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
   and c.relkind in ('r', 'p', 'v', 'm')
   and (has_table_privilege(
            r.role, c.oid, 'insert, update, delete, truncate, references, trigger')
        or has_any_column_privilege(r.role, c.oid, 'insert, update, references'))
 union all
select case p.pronamespace
           when 'docket'::regnamespace then 'Functions: may call'
           else 'Functions of docket_private: may be called in a view, a policy or a reader'
       end,
       p.proname,
       r.role
  from pg_catalog.pg_proc as p
 cross join unnest(%(roles)s::text[]) as r (role)
 where p.pronamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
   and has_function_privilege(r.role, p.oid, 'execute');
