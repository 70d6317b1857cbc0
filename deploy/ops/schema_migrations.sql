-- Deploy pgdocket:ops/schema_migrations to pg
-- requires: platform/error_codes
-- requires: platform/roles

begin;

-- The registry belongs to whoever deploys. There is none where sql/install.sql was run instead.
do $$
begin
    if exists (
           select
             from pg_catalog.pg_class as c
             join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = 'sqitch'
              and c.relname = 'changes'
              and pg_catalog.pg_has_role(current_user, n.nspowner, 'usage')
              and pg_catalog.pg_has_role(current_user, c.relowner, 'usage')) then
        grant usage on schema sqitch to docket_owner;
        grant select on sqitch.changes, sqitch.tags to docket_owner;
    end if;
end;
$$;

set local role docket_owner;

create function docket_private.read_registry() returns table (
    change_id   text,
    change      text,
    tags        text[],
    note        text,
    script_hash text,
    deployed_at timestamptz,
    deployed_by text,
    planned_at  timestamptz,
    planned_by  text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('sqitch.changes') is null then
        return;
    end if;

    if not has_schema_privilege('sqitch', 'usage')
       or not has_table_privilege('sqitch.changes', 'select')
       or not has_table_privilege('sqitch.tags', 'select') then
        raise exception 'docket_owner may not read the registry of changes'
            using errcode = 'PD403',
                  hint    = 'Let the owner of schema sqitch run: grant usage on schema sqitch to docket_owner; grant select on sqitch.changes, sqitch.tags to docket_owner;';
    end if;

    return query
    select c.change_id, c.change,
           array(
               select t.tag
                 from sqitch.tags as t
                where t.change_id = c.change_id
                order by t.committed_at, t.tag),
           c.note, c.script_hash, c.committed_at,
           format('%s <%s>', c.committer_name, c.committer_email), c.planned_at,
           format('%s <%s>', c.planner_name, c.planner_email)
      from sqitch.changes as c
     where c.project = 'pgdocket';
end;
$$;

comment on function docket_private.read_registry() is
    'The changes of pgdocket''s own plan as the registry in schema sqitch has them; none where there is no registry. Raises PD403.';

create view docket.schema_migrations with (security_invoker = true) as
select row_number() over (order by r.deployed_at) as migration_no,
       r.change, r.change_id, r.tags, r.note, r.script_hash, r.deployed_at, r.deployed_by,
       r.planned_at, r.planned_by
  from docket_private.read_registry() as r;

comment on view docket.schema_migrations is
    'What of pgdocket''s plan is deployed in this database, the first deployed first. Raises PD403 where docket_owner may not read the registry.';
comment on column docket.schema_migrations.migration_no is
    'Its place in the order of deployment, from 1.';
comment on column docket.schema_migrations.change is
    'The change, as its scripts are called.';
comment on column docket.schema_migrations.change_id is
    'Its id: a hash over its line in the plan and those before it.';
comment on column docket.schema_migrations.tags is
    'The tags that stand at it.';
comment on column docket.schema_migrations.note is
    'What it is for.';
comment on column docket.schema_migrations.script_hash is
    'SHA-1 of the deploy script that was run.';
comment on column docket.schema_migrations.deployed_at is
    'When it was deployed.';
comment on column docket.schema_migrations.deployed_by is
    'Who deployed it: name and e-mail address.';
comment on column docket.schema_migrations.planned_at is
    'When it was planned.';
comment on column docket.schema_migrations.planned_by is
    'Who planned it: name and e-mail address.';

revoke all on function docket_private.read_registry() from public;
grant execute on function docket_private.read_registry()
   to docket_admin, docket_app, docket_reader, docket_auditor, docket_metrics, docket_maintenance;
grant select on docket.schema_migrations
   to docket_admin, docket_app, docket_reader, docket_auditor, docket_metrics, docket_maintenance;

commit;
