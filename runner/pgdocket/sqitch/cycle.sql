-- The schema of a database as rows: what kind of thing, which one, and how it is defined.
--
-- Two databases with the same schema give the same rows, whatever was made and dropped in between:
-- no ids, no physical column numbers, rights sorted and those that nobody changed written out.
-- Left out: the registry, what extensions bring along, what the server made for itself.

with registry as materialized (
    select n.oid
      from pg_catalog.pg_namespace as n
     where n.nspname = %(registry)s
),
members as materialized (
    select d.classid,
           d.objid
      from pg_catalog.pg_depend as d
     where d.deptype = 'e'
),
schemas as materialized (
    select n.oid,
           n.nspname,
           n.nspowner,
           n.nspacl
      from pg_catalog.pg_namespace as n
     where n.nspname !~ '^pg_'
       and n.nspname <> 'information_schema'
       and (n.nspname <> %(registry)s
            or exists (
                   select
                     from pg_catalog.pg_class as c
                    where c.relnamespace = n.oid
                      and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
                      and c.relname <> all (%(registry_tables)s)))
),
relations as materialized (
    select c.*,
           format('%%I.%%I', s.nspname, c.relname) as identity
      from pg_catalog.pg_class as c
      join schemas as s on s.oid = c.relnamespace
     where not (s.nspname = %(registry)s and exists (
                    select
                      from pg_catalog.pg_class as t
                      left join pg_catalog.pg_index as i on i.indrelid = t.oid
                     where t.relnamespace = s.oid
                       and t.relname = any (%(registry_tables)s)
                       and c.oid in (t.oid, i.indexrelid)))
       and not exists (
               select
                 from members as m
                where m.classid = 'pg_catalog.pg_class'::regclass
                  and m.objid = c.oid)
),
columns as materialized (
    select a.attrelid,
           a.attnum,
           r.identity || '.' || quote_ident(a.attname) as identity,
           row_number() over (partition by a.attrelid order by a.attnum) as place,
           a.attacl,
           r.relowner,
           concat_ws(' ',
               pg_catalog.format_type(a.atttypid, a.atttypmod),
               case when a.attnotnull then 'not null' end,
               'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
               'identity ' || nullif(a.attidentity::text, ''),
               'generated ' || nullif(a.attgenerated::text, ''),
               'storage ' || a.attstorage::text,
               'compression ' || nullif(a.attcompression::text, ''),
               'statistics ' || nullif(a.attstattarget, -1)::text,
               'collation ' || nullif(a.attcollation, t.typcollation)::regcollation::text,
               -- Minor releases of the server keep things of their own there: pg_attver.
               (select string_agg(o.item, ' ' order by o.item)
                  from unnest(a.attoptions) as o (item)
                 where o.item !~ '^pg_'),
               a.attfdwoptions::text,
               case when a.attislocal then 'local' end) as definition
      from pg_catalog.pg_attribute as a
      join relations as r on r.oid = a.attrelid
      join pg_catalog.pg_type as t on t.oid = a.atttypid
      left join pg_catalog.pg_attrdef as d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     where a.attnum > 0
       and not a.attisdropped
       and r.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
),
rights (kind, identity, owner, letter, granted) as (
    select 'schema', quote_ident(s.nspname), s.nspowner, 'n'::"char", s.nspacl
      from schemas as s
     union all
    select 'relation', r.identity, r.relowner,
           case when r.relkind = 'S' then 's' else 'r' end::"char", r.relacl
      from relations as r
     where r.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
     union all
    select 'column', c.identity, c.relowner, 'c', c.attacl
      from columns as c
     where c.attacl is not null
     union all
    select 'routine', p.oid::regprocedure::text, p.proowner, 'f', p.proacl
      from pg_catalog.pg_proc as p
     where (p.pronamespace in (select s.oid from schemas as s) or p.proacl is not null)
     union all
    select 'type', pg_catalog.format_type(t.oid, null), t.typowner, 'T', t.typacl
      from pg_catalog.pg_type as t
     where t.typnamespace in (select s.oid from schemas as s)
       and t.typrelid = 0
       and t.typcategory <> 'A'
     union all
    select 'language', quote_ident(l.lanname), l.lanowner, 'l', l.lanacl
      from pg_catalog.pg_language as l
     union all
    select 'foreign data wrapper', quote_ident(f.fdwname), f.fdwowner, 'F', f.fdwacl
      from pg_catalog.pg_foreign_data_wrapper as f
     union all
    select 'foreign server', quote_ident(f.srvname), f.srvowner, 'S', f.srvacl
      from pg_catalog.pg_foreign_server as f
     union all
    select 'database', 'this', d.datdba, 'd', d.datacl
      from pg_catalog.pg_database as d
     where d.datname = pg_catalog.current_database()
     union all
    select 'catalog', c.oid::regclass::text, c.relowner, 'r', c.relacl
      from pg_catalog.pg_class as c
     where c.oid < 16384
       and c.relacl is not null
)
select 'owner and rights of ' || r.kind as kind,
       r.identity,
       concat_ws(' ', r.owner::regrole::text, (
           select string_agg(a.item::text, ' ' order by a.item::text)
             from unnest(coalesce(r.granted, pg_catalog.acldefault(r.letter, r.owner))) as a (item)
            where r.letter <> 'c' or r.granted is not null)) as definition
  from rights as r
 union all
select 'extension', quote_ident(e.extname),
       concat_ws(' ', e.extversion, e.extnamespace::regnamespace::text, e.extowner::regrole::text)
  from pg_catalog.pg_extension as e
 union all
select 'relation', r.identity,
       concat_ws(' ', r.relkind::text, r.relpersistence::text, m.amname,
           case when r.relrowsecurity then 'row security' end,
           case when r.relforcerowsecurity then 'forced' end,
           'replica identity ' || r.relreplident::text,
           r.reloptions::text,
           'tablespace ' || (select t.spcname
                               from pg_catalog.pg_tablespace as t
                              where t.oid = r.reltablespace),
           'of ' || nullif(r.reloftype, 0)::regtype::text,
           'partition by ' || case when r.relkind = 'p' then pg_catalog.pg_get_partkeydef(r.oid) end,
           pg_catalog.pg_get_expr(r.relpartbound, r.oid),
           'inherits ' || (select string_agg(i.inhparent::regclass::text, ' ' order by i.inhseqno)
                             from pg_catalog.pg_inherits as i
                            where i.inhrelid = r.oid),
           case when r.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(r.oid) end)
  from relations as r
  left join pg_catalog.pg_am as m on m.oid = r.relam
 where r.relkind not in ('i', 'I', 'S')
 union all
select 'column', c.identity, concat_ws(' ', c.place, c.definition)
  from columns as c
 union all
select 'sequence', r.identity,
       concat_ws(' ', q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
           q.seqcache, q.seqcycle, r.relpersistence,
           'owned by ' || (select c.identity
                             from pg_catalog.pg_depend as d
                             join columns as c
                               on (c.attrelid, c.attnum) = (d.refobjid, d.refobjsubid)
                            where d.classid = 'pg_catalog.pg_class'::regclass
                              and d.objid = r.oid
                              and d.deptype in ('a', 'i')))
  from relations as r
  join pg_catalog.pg_sequence as q on q.seqrelid = r.oid
 union all
select 'index', r.identity,
       concat_ws(' ', pg_catalog.pg_get_indexdef(r.oid),
           case when not i.indisvalid then 'invalid' end,
           case when i.indisclustered then 'clustered' end,
           case when i.indisreplident then 'replica identity' end)
  from relations as r
  join pg_catalog.pg_index as i on i.indexrelid = r.oid
 union all
select 'constraint', coalesce(r.identity, pg_catalog.format_type(c.contypid, null))
           || '.' || quote_ident(c.conname),
       concat_ws(' ', pg_catalog.pg_get_constraintdef(c.oid),
           case when not c.conislocal then 'inherited' end)
  from pg_catalog.pg_constraint as c
  left join relations as r on r.oid = c.conrelid
 where c.connamespace in (select s.oid from schemas as s)
   and (r.oid is not null or c.conrelid = 0)
 union all
select 'trigger', r.identity || '.' || quote_ident(t.tgname),
       concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
  from pg_catalog.pg_trigger as t
  join relations as r on r.oid = t.tgrelid
 where not t.tgisinternal
 union all
select 'rule', r.identity || '.' || quote_ident(w.rulename),
       concat_ws(' ', pg_catalog.pg_get_ruledef(w.oid), w.ev_enabled)
  from pg_catalog.pg_rewrite as w
  join relations as r on r.oid = w.ev_class
 where w.rulename <> '_RETURN'
 union all
select 'policy', r.identity || '.' || quote_ident(p.polname),
       concat_ws(' ', p.polcmd, p.polpermissive,
           (select string_agg(coalesce(nullif(o.role, 0)::regrole::text, 'public'), ' '
                              order by o.role)
              from unnest(p.polroles) as o (role)),
           pg_catalog.pg_get_expr(p.polqual, p.polrelid),
           pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  from pg_catalog.pg_policy as p
  join relations as r on r.oid = p.polrelid
 union all
select 'routine', p.oid::regprocedure::text,
       case
           when p.prokind <> 'a' then pg_catalog.pg_get_functiondef(p.oid)
           else (select concat_ws(' ', a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
                            a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn,
                            a.aggmfinalfn, a.aggsortop::regoperator, a.aggtranstype::regtype,
                            a.agginitval, a.aggminitval, p.prorettype::regtype, p.proparallel)
                   from pg_catalog.pg_aggregate as a
                  where a.aggfnoid = p.oid)
       end
  from pg_catalog.pg_proc as p
 where p.pronamespace in (select s.oid from schemas as s)
   and not exists (
           select
             from members as m
            where m.classid = 'pg_catalog.pg_proc'::regclass
              and m.objid = p.oid)
 union all
select 'type', pg_catalog.format_type(t.oid, null),
       concat_ws(' ', t.typtype, t.typcategory,
           (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
              from pg_catalog.pg_enum as e
             where e.enumtypid = t.oid),
           case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
           case when t.typnotnull then 'not null' end,
           'default ' || t.typdefault,
           (select concat_ws(' ', 'range', g.rngsubtype::regtype, g.rngsubdiff)
              from pg_catalog.pg_range as g
             where g.rngtypid = t.oid),
           case when t.typtype = 'b' then concat_ws(' ', t.typinput, t.typoutput, t.typlen) end)
  from pg_catalog.pg_type as t
 where t.typnamespace in (select s.oid from schemas as s)
   and t.typrelid = 0
   and t.typcategory <> 'A'
   and not exists (
           select
             from members as m
            where m.classid = 'pg_catalog.pg_type'::regclass
              and m.objid = t.oid)
 union all
select 'statistics', x.stxnamespace::regnamespace || '.' || quote_ident(x.stxname),
       concat_ws(' ', pg_catalog.pg_get_statisticsobjdef(x.oid), x.stxowner::regrole)
  from pg_catalog.pg_statistic_ext as x
 where x.stxnamespace in (select s.oid from schemas as s)
 union all
select 'default rights', concat_ws(' ', a.defaclrole::regrole,
           nullif(a.defaclnamespace, 0)::regnamespace, a.defaclobjtype),
       (select string_agg(i.item::text, ' ' order by i.item::text)
          from unnest(a.defaclacl) as i (item))
  from pg_catalog.pg_default_acl as a
 union all
select 'setting of the database', coalesce(nullif(b.setrole, 0)::regrole::text, 'all roles'),
       (select string_agg(i.item, ' ' order by i.item)
          from unnest(b.setconfig) as i (item))
  from pg_catalog.pg_db_role_setting as b
  join pg_catalog.pg_database as d on d.oid = b.setdatabase
 where d.datname = pg_catalog.current_database()
 union all
select 'publication', quote_ident(p.pubname),
       concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
           p.pubowner::regrole,
           (select string_agg(r.prrelid::regclass::text, ' ' order by r.prrelid::regclass::text)
              from pg_catalog.pg_publication_rel as r
             where r.prpubid = p.oid))
  from pg_catalog.pg_publication as p
 union all
select 'event trigger', quote_ident(t.evtname),
       concat_ws(' ', t.evtevent, t.evtfoid::regprocedure, t.evtenabled, t.evttags::text,
           t.evtowner::regrole)
  from pg_catalog.pg_event_trigger as t
 union all
select 'foreign server', quote_ident(f.srvname),
       concat_ws(' ', w.fdwname, f.srvtype, f.srvversion, f.srvoptions::text)
  from pg_catalog.pg_foreign_server as f
  join pg_catalog.pg_foreign_data_wrapper as w on w.oid = f.srvfdw
 union all
select 'foreign table', r.identity, concat_ws(' ', t.ftserver, t.ftoptions::text)
  from pg_catalog.pg_foreign_table as t
  join relations as r on r.oid = t.ftrelid
 union all
-- Roles belong to the whole server: they count on a server of one's own only.
select 'role', quote_ident(r.rolname),
       concat_ws(' ',
           case when r.rolcanlogin then 'login' end,
           case when r.rolsuper then 'superuser' end,
           case when r.rolinherit then 'inherit' end,
           case when r.rolcreaterole then 'createrole' end,
           case when r.rolcreatedb then 'createdb' end,
           case when r.rolreplication then 'replication' end,
           case when r.rolbypassrls then 'bypassrls' end,
           r.rolconnlimit, r.rolvaliduntil, r.rolconfig::text,
           (select string_agg(g.roleid::regrole::text, ' ' order by g.roleid::regrole::text)
              from pg_catalog.pg_auth_members as g
             where g.member = r.oid))
  from pg_catalog.pg_roles as r
 where %(with_roles)s
   and r.oid >= 16384
 union all
-- The kinds that are rare: that they are there, and who owns them, is enough.
select i.type, i.identity, 'exists'
  from (
           select 'pg_catalog.pg_cast'::regclass as classid, c.oid from pg_catalog.pg_cast as c
            union all
           select 'pg_catalog.pg_operator'::regclass, o.oid from pg_catalog.pg_operator as o
            union all
           select 'pg_catalog.pg_opclass'::regclass, o.oid from pg_catalog.pg_opclass as o
            union all
           select 'pg_catalog.pg_opfamily'::regclass, o.oid from pg_catalog.pg_opfamily as o
            union all
           select 'pg_catalog.pg_collation'::regclass, c.oid from pg_catalog.pg_collation as c
            union all
           select 'pg_catalog.pg_conversion'::regclass, c.oid from pg_catalog.pg_conversion as c
            union all
           select 'pg_catalog.pg_language'::regclass, l.oid from pg_catalog.pg_language as l
            union all
           select 'pg_catalog.pg_ts_config'::regclass, t.oid from pg_catalog.pg_ts_config as t
            union all
           select 'pg_catalog.pg_ts_dict'::regclass, t.oid from pg_catalog.pg_ts_dict as t
            union all
           select 'pg_catalog.pg_transform'::regclass, t.oid from pg_catalog.pg_transform as t
            union all
           select 'pg_catalog.pg_am'::regclass, a.oid from pg_catalog.pg_am as a
            union all
           select 'pg_catalog.pg_user_mapping'::regclass, u.oid
             from pg_catalog.pg_user_mapping as u
       ) as o
 cross join lateral pg_catalog.pg_identify_object(o.classid, o.oid, 0) as i
 where o.oid >= 16384
   and not exists (
           select
             from members as m
            where (m.classid, m.objid) = (o.classid, o.oid))
 union all
select 'comment on ' || i.type, i.identity, d.description
  from pg_catalog.pg_description as d
 cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
 where (d.objoid >= 16384
        or d.objoid = (select n.oid from pg_catalog.pg_namespace as n where n.nspname = 'public'))
   and (i.schema is distinct from %(registry)s
        or exists (select from schemas as s where s.nspname = %(registry)s)
           and (d.classoid <> 'pg_catalog.pg_class'::regclass
                or d.objoid in (select r.oid from relations as r)))
   and not (i.type = 'schema' and d.objoid in (select g.oid from registry as g))
   and not exists (
           select
             from members as m
            where (m.classid, m.objid) = (d.classoid, d.objoid))
 union all
select 'security label', i.identity, concat_ws(' ', l.provider, l.label)
  from pg_catalog.pg_seclabel as l
 cross join lateral pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) as i
 order by 1, 2, 3
