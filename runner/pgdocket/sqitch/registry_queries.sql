-- Every statement that the engine sends to the registry. {registry} is the quoted schema.

-- name: has_registry
select exists (
           select
             from pg_catalog.pg_tables as t
            where t.schemaname = %(schema)s
              and t.tablename = 'changes')
       , exists (
           select
             from pg_catalog.pg_tables as t
            where t.schemaname = %(schema)s
              and t.tablename = 'releases');

-- name: version
select max(r.version)::text
  from {registry}.releases as r;

-- name: insert_release
insert into {registry}.releases (version, installed_at, installer_name, installer_email)
values (%(version)s, clock_timestamp(), %(name)s, %(email)s);

-- name: ensure_release
insert into {registry}.releases (version, installed_at, installer_name, installer_email)
select %(version)s, clock_timestamp(), %(name)s, %(email)s
 where not exists (
           select
             from {registry}.releases as r);

-- name: lock_changes
lock table {registry}.changes in exclusive mode;

-- name: projects
  select p.project, p.uri
    from {registry}.projects as p
order by p.project;

-- name: insert_project
insert into {registry}.projects (project, uri, created_at, creator_name, creator_email)
values (%(project)s, %(uri)s, clock_timestamp(), %(name)s, %(email)s);

-- name: deployed_changes
  select c.change_id,
         c.change,
         -- Registries before 1.0 have no such column, and their status may be asked for.
         to_jsonb(c) ->> 'script_hash' as script_hash,
         c.note,
         c.committed_at,
         c.committer_name,
         c.committer_email,
         c.planned_at,
         c.planner_name,
         c.planner_email
    from {registry}.changes as c
   where c.project = %(project)s
order by c.committed_at;

-- name: deployed_tags
  select t.change_id,
         t.tag_id,
         t.tag,
         t.note,
         t.committed_at,
         t.committer_name,
         t.committer_email,
         t.planned_at,
         t.planner_name,
         t.planner_email
    from {registry}.tags as t
   where t.project = %(project)s
order by t.committed_at;

-- name: known_ids
select c.change_id, c.change
  from {registry}.changes as c
 where c.change_id = any(%(ids)s);

-- name: dependents
  select d.dependency_id, c.project, c.change
    from {registry}.dependencies as d
    join {registry}.changes as c on c.change_id = d.change_id
   where d.dependency_id = any(%(ids)s)
     and d.change_id <> all(%(ids)s)
order by c.committed_at;

-- name: insert_change
insert into {registry}.changes (
    change_id, script_hash, change, project, note, committed_at, committer_name, committer_email,
    planned_at, planner_name, planner_email)
values (
    %(change_id)s, %(script_hash)s, %(change)s, %(project)s, %(note)s, clock_timestamp(), %(name)s,
    %(email)s, %(planned_at)s, %(planner_name)s, %(planner_email)s);

-- name: insert_dependencies
insert into {registry}.dependencies (change_id, type, dependency, dependency_id)
select %(change_id)s, d.type, d.dependency, d.dependency_id
  from unnest(%(types)s::text[], %(dependencies)s::text[], %(dependency_ids)s::text[])
           as d (type, dependency, dependency_id);

-- name: insert_event
insert into {registry}.events (
    event, change_id, change, project, note, requires, conflicts, tags, committed_at,
    committer_name, committer_email, planned_at, planner_name, planner_email)
values (
    %(event)s, %(change_id)s, %(change)s, %(project)s, %(note)s, %(requires)s::text[],
    %(conflicts)s::text[], %(tags)s::text[], clock_timestamp(), %(name)s, %(email)s,
    %(planned_at)s, %(planner_name)s, %(planner_email)s);

-- name: record_revert
with tag as (
    delete from {registry}.tags as t
          where t.change_id = %(change_id)s
      returning t.tag, t.committed_at
),
dependency as (
    select d.type, d.dependency, d.ctid as place
      from {registry}.dependencies as d
     where d.change_id = %(change_id)s
),
change as (
    delete from {registry}.changes as c
          where c.change_id = %(change_id)s
      returning c.change_id, c.change, c.project, c.note, c.planned_at, c.planner_name,
                c.planner_email
)
insert into {registry}.events (
    event, change_id, change, project, note, requires, conflicts, tags, committed_at,
    committer_name, committer_email, planned_at, planner_name, planner_email)
select 'revert',
       c.change_id,
       c.change,
       c.project,
       c.note,
       array(select d.dependency from dependency as d where d.type = 'require' order by d.place),
       array(select d.dependency from dependency as d where d.type = 'conflict' order by d.place),
       array(select t.tag from tag as t order by t.committed_at),
       clock_timestamp(),
       %(name)s,
       %(email)s,
       c.planned_at,
       c.planner_name,
       c.planner_email
  from change as c;

-- name: insert_tags
insert into {registry}.tags (
    tag_id, tag, project, change_id, note, committed_at, committer_name, committer_email,
    planned_at, planner_name, planner_email)
select t.tag_id,
       t.tag,
       %(project)s,
       %(change_id)s,
       t.note,
       clock_timestamp(),
       %(name)s,
       %(email)s,
       t.planned_at,
       t.planner_name,
       t.planner_email
  from unnest(%(tag_ids)s::text[], %(tags)s::text[], %(tag_notes)s::text[],
              %(tag_planned)s::timestamptz[], %(tag_planners)s::text[], %(tag_emails)s::text[])
           as t (tag_id, tag, note, planned_at, planner_name, planner_email);

-- name: repair_script_hash
update {registry}.changes as c
   set script_hash = %(script_hash)s
 where c.change_id = %(change_id)s
   and c.script_hash = c.change_id;

-- name: fresh_session
-- What DISCARD ALL does, but for cached plans, whose loss nobody would see but everybody feels;
-- in pieces that may stand in a transaction.
close all;
set session authorization default;
reset role;
reset all;
deallocate all;
unlisten *;
select pg_catalog.pg_advisory_unlock_all();
discard sequences;
discard temp;

-- name: has_deferred
select exists (
           select
             from pg_catalog.pg_constraint as c
            where c.condeferred);

-- name: settle
-- What commit and a new session would do between two scripts: deferred constraints are checked,
-- settings and roles of the script are gone.
set constraints all immediate;
set session authorization default;
reset role;
reset all;

-- name: settle_deferred
-- The same where constraints are declared deferred: they wait again once they were checked.
do $$
declare
    v_deferred text;
begin
    set constraints all immediate;
    select string_agg(format('%I.%I', n.nspname, c.conname), ', ')
      into v_deferred
      from pg_catalog.pg_constraint as c
      join pg_catalog.pg_namespace as n on n.oid = c.connamespace
     where c.condeferred
       and not pg_catalog.pg_is_other_temp_schema(n.oid)
       and pg_catalog.has_schema_privilege(n.oid, 'usage')
       and not exists (
               select
                 from pg_catalog.pg_constraint as o
                where o.connamespace = c.connamespace
                  and o.conname = c.conname
                  and not o.condeferrable);
    if v_deferred is not null then
        execute 'set constraints ' || v_deferred || ' deferred';
    end if;
end
$$;
set session authorization default;
reset role;
reset all;

-- name: try_lock
select pg_catalog.pg_try_advisory_lock(75474063);

-- name: has_events
select exists (
           select
             from {registry}.events as e);

-- name: events
  select e.event,
         e.change_id,
         e.change,
         e.project,
         e.note,
         e.planner_name,
         e.planner_email,
         e.planned_at,
         e.requires,
         e.conflicts,
         e.tags,
         e.committer_name,
         e.committer_email,
         e.committed_at
    from {registry}.events as e
   where (%(events)s::text[] is null or e.event = any(%(events)s::text[]))
     and (%(change)s::text is null or e.change ~ %(change)s)
     and (%(project)s::text is null or e.project ~ %(project)s)
     and (%(committer)s::text is null or e.committer_name ~ %(committer)s)
order by case when %(ascending)s then e.committed_at end,
         case when not %(ascending)s then e.committed_at end desc
   limit %(limit)s
  offset %(skip)s;
