-- Deploy pgdocket:delivery/read_deployment_scripts to pg
-- requires: delivery/deployment_executions
-- requires: delivery/put_deployment_scripts

begin;
set local role docket_owner;

create function docket_private.find_script_version(
    script     docket.deployment_scripts,
    version_no integer
) returns docket.deployment_script_versions
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_version docket.deployment_script_versions;
begin
    select v.* into v_version
      from docket.deployment_script_versions as v
     where v.script_id  = script.script_id
       and v.project_id = script.project_id
       and v.version_no = coalesce(find_script_version.version_no, script.version_no);

    if not found then
        raise exception 'deployment script % has no version %', script.script_name,
                        find_script_version.version_no
            using errcode = 'PD404',
                  hint    = format('It has %s.', script.version_no);
    end if;

    return v_version;
end;
$$;

comment on function docket_private.find_script_version(docket.deployment_scripts, integer) is
    'A version of a deployment script; null: the latest. Raises PD404.';

create function docket.get_deployment_script(
    project_id  uuid,
    script_name text,
    version_no  integer default null
) returns table (
    script_id            uuid,
    script_name          text,
    description          text,
    language             docket.script_language,
    version_no           integer,
    content              text,
    content_hash         bytea,
    content_size         bigint,
    environments         text[],
    depends_on           text[],
    required_variables   text[],
    optional_variables   text[],
    required_permissions text[],
    timeout_seconds      integer,
    max_attempts         integer,
    backoff_seconds      integer,
    archived_at          timestamptz,
    metadata             jsonb,
    version              bigint,
    created_at           timestamptz,
    created_by           text
)
language sql
stable
rows 1
security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select s.script_id, s.script_name, s.description, v.language, v.version_no, v.content,
           v.content_hash, v.content_size, s.environments,
           array(
               select o.script_name
                 from docket.deployment_script_dependencies as d
                 join docket.deployment_scripts as o
                   on o.script_id = d.depends_on_id
                  and o.project_id = d.project_id
                where d.script_id  = s.script_id
                  and d.project_id = s.project_id
                order by o.script_name),
           s.required_variables, s.optional_variables, s.required_permissions,
           s.timeout_seconds, s.max_attempts, s.backoff_seconds, s.archived_at, s.metadata,
           s.version, v.created_at, v.created_by
      from docket_private.find_script(
               get_deployment_script.project_id, get_deployment_script.script_name) as s
     cross join lateral docket_private.find_script_version(
               s, get_deployment_script.version_no) as v;
end;

comment on function docket.get_deployment_script(uuid, text, integer) is
'A deployment script, by its `script_name`, with what is run and what it depends on.

`version_no` is the version of its content (null: the latest, which is the one that is run).
Returns one row; created_at and created_by are those of the version. description and archived_at
may be null. Raises PD404.';

create function docket.list_deployment_scripts(
    project_id      uuid,
    environment     text    default null,
    language        text    default null,
    include_retired boolean default false,
    after           text    default null,
    page_size       integer default 100
) returns setof docket.deployment_scripts
language sql
stable
begin atomic
    select s.*
      from docket.deployment_scripts as s
     where s.project_id = list_deployment_scripts.project_id
       and (list_deployment_scripts.environment is null
            or lower(btrim(list_deployment_scripts.environment)) = any (s.environments))
       and (list_deployment_scripts.language is null
            or s.language = lower(btrim(list_deployment_scripts.language)))
       and (list_deployment_scripts.include_retired or s.archived_at is null)
       and (list_deployment_scripts.after is null
            or s.script_name > list_deployment_scripts.after)
     order by s.script_name
     limit least(greatest(list_deployment_scripts.page_size, 1), 1000);
end;

comment on function docket.list_deployment_scripts(uuid, text, text, boolean, text, integer) is
'The deployment scripts of a project that meet every condition given, by name.

`environment` is one that they are for, `language` what they are written in, `include_retired` adds
those that were retired. `after` is the script_name of the last script of the previous page,
`page_size` is in rows (1 to 1000). Returns scripts; raises nothing.';

create function docket.list_deployment_script_versions(
    project_id  uuid,
    script_name text,
    after       integer default null,
    page_size   integer default 100
) returns table (
    version_no   integer,
    language     docket.script_language,
    content_hash bytea,
    content_size bigint,
    created_at   timestamptz,
    created_by   text
)
language sql
stable
begin atomic
    select v.version_no, v.language, v.content_hash, v.content_size, v.created_at, v.created_by
      from docket.deployment_scripts as s
      join docket.deployment_script_versions as v
        on v.script_id = s.script_id
       and v.project_id = s.project_id
     where s.project_id  = list_deployment_script_versions.project_id
       and s.script_name = list_deployment_script_versions.script_name
       and (list_deployment_script_versions.after is null
            or v.version_no < list_deployment_script_versions.after)
     order by v.version_no desc
     limit least(greatest(list_deployment_script_versions.page_size, 1), 1000);
end;

comment on function docket.list_deployment_script_versions(uuid, text, integer, integer) is
'The versions of a deployment script, by its `script_name`, the newest first, without their contents.

`after` is the version_no of the last version of the previous page, `page_size` is in rows (1 to
1000). Returns versions; raises nothing.';

-- What a script waits for in an environment: those that it depends on and that are for it. One that
-- is not, is looked through: what that one depends on comes first as well.
create function docket_private.script_waits(
    project_id  uuid,
    environment text
) returns table (
    script_id   uuid,
    waits_on_id uuid
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
      with recursive present as materialized (
          select s.script_id
            from docket.deployment_scripts as s
           where s.project_id  = script_waits.project_id
             and s.archived_at is null
             and script_waits.environment = any (s.environments)
      ), edges as materialized (
          select d.script_id, d.depends_on_id, p.script_id is not null as is_present
            from docket.deployment_script_dependencies as d
            left join present as p on p.script_id = d.depends_on_id
           where d.project_id = script_waits.project_id
      ), waits as (
          select e.script_id, e.depends_on_id, e.is_present
            from edges as e
            join present as p on p.script_id = e.script_id
           union
          select w.script_id, e.depends_on_id, e.is_present
            from waits as w
            join edges as e on e.script_id = w.depends_on_id
           where not w.is_present
      )
    select w.script_id, w.depends_on_id
      from waits as w
     where w.is_present;
end;
$$;

comment on function docket_private.script_waits(uuid, text) is
    'Which scripts that are for an environment wait for which others there.';

-- The last run counts: what has failed after it had succeeded has to succeed again.
create function docket_private.last_deployments(
    project_id  uuid,
    environment text
) returns table (
    script_id     uuid,
    is_current    boolean,
    deployment_id uuid,
    status        docket.execution_status,
    version_no    integer,
    started_at    timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.script_id,
           coalesce(l.status = 'completed' and l.version_no = s.version_no, false),
           l.deployment_id, l.status, l.version_no, l.started_at
      from docket.deployment_scripts as s
      left join lateral (
               select d.deployment_id, d.status, d.version_no, d.started_at
                 from docket.deployment_executions as d
                where d.script_id   = s.script_id
                  and d.project_id  = s.project_id
                  and d.environment = last_deployments.environment
                order by d.deployment_id desc
                limit 1
           ) as l on true
     where s.project_id  = last_deployments.project_id
       and s.archived_at is null
       and last_deployments.environment = any (s.environments);
end;
$$;

comment on function docket_private.last_deployments(uuid, text) is
    'The scripts that are for an environment, with the last run of each there, and whether that has brought in what they now are.';

-- All that comes before each script, and not only the step before: what has changed at the
-- beginning may be what the last one needs.
create function docket_private.unmet_scripts(
    project_id  uuid,
    environment text
) returns table (
    script_id  uuid,
    unmet_id   uuid,
    unmet_name text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
      with recursive waits as materialized (
          select w.script_id, w.waits_on_id
            from docket_private.script_waits(
                     unmet_scripts.project_id, unmet_scripts.environment) as w
      ), before as (
          select w.script_id, w.waits_on_id
            from waits as w
           union
          select b.script_id, w.waits_on_id
            from before as b
            join waits as w on w.script_id = b.waits_on_id
      )
    select b.script_id, s.script_id, s.script_name
      from before as b
      join docket_private.last_deployments(
               unmet_scripts.project_id, unmet_scripts.environment) as l
        on l.script_id = b.waits_on_id
      join docket.deployment_scripts as s
        on s.script_id = b.waits_on_id
       and s.project_id = unmet_scripts.project_id
     where not l.is_current;
end;
$$;

comment on function docket_private.unmet_scripts(uuid, text) is
    'Of all that comes before a script in an environment, what is not deployed there.';

create function docket_private.missing_permissions(
    project_id  uuid,
    permissions text[]
) returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_admin boolean := docket_private.is_operator() or exists (
        select
          from docket_private.project_access as a
         where a.principal  = docket.principal()
           and a.project_id = missing_permissions.project_id
           and a.access     = 'admin');
    -- For whom a gateway speaks has a name, and no roles.
    v_role     name := case
                           when coalesce(current_setting('docket.actor', true), '') = ''
                               then docket.principal()
                       end;
begin
    return array(
        select p.name
          from unnest(missing_permissions.permissions) as p (name)
         where case
                   when p.name = 'project:admin' then not v_is_admin
                   when p.name like 'role:%' then not coalesce((
                       select pg_has_role(v_role, r.oid, 'member')
                         from pg_catalog.pg_roles as r
                        where r.rolname = substr(p.name, 6)), false)
                   else false
               end
         order by p.name);
end;
$$;

comment on function docket_private.missing_permissions(uuid, text[]) is
    'Those of the permissions that can be checked, and that the principal does not have.';

create function docket_private.read_environment(environment text)
returns docket.deployment_environment
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment docket.deployment_environment;
begin
    v_environment := coalesce(lower(btrim(read_environment.environment)), '');
    return v_environment;
exception
    when check_violation then
        raise exception '% is no environment that is deployed to',
                        coalesce(quote_literal(left(read_environment.environment, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'One of development, staging, production.';
end;
$$;

comment on function docket_private.read_environment(text) is
    'An environment as it was given. Raises PD422.';

create function docket_private.needs_confirmation(
    project_id  uuid,
    environment text
) returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- What can not be read as an array of names asks for confirmation everywhere.
    return coalesce(
        (select case jsonb_typeof(v.value)
                    when 'array' then v.value ? needs_confirmation.environment
                end
           from (
               select docket_private.setting('deployments_to_confirm', p.settings) as value
                 from docket.projects as p
                where p.project_id = needs_confirmation.project_id
           ) as v),
        true);
end;
$$;

comment on function docket_private.needs_confirmation(uuid, text) is
    'Whether nothing is deployed there without confirmation: setting deployments_to_confirm.';

create function docket_private.require_deployable(
    script      docket.deployment_scripts,
    environment text
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if script.archived_at is not null then
        raise exception 'deployment script % is retired', script.script_name
            using errcode = 'PD409',
                  hint    = 'docket.put_deployment_script() brings it back.';
    elsif require_deployable.environment <> all (script.environments) then
        raise exception 'deployment script % is not for %', script.script_name,
                        require_deployable.environment
            using errcode = 'PD409',
                  hint    = format('It is for %s.', array_to_string(script.environments, ', '));
    end if;
end;
$$;

comment on function docket_private.require_deployable(docket.deployment_scripts, text) is
    'Raises PD409 for a script that is retired, or for other environments.';

create function docket_private.plan_asked_for(
    project_id         uuid,
    environment        text,
    script_name        text,
    out place          text,
    out script_id      uuid,
    out must_confirm   boolean
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_script docket.deployment_scripts;
begin
    perform docket_private.require_project(plan_asked_for.project_id, false);
    place        := docket_private.read_environment(plan_asked_for.environment);
    must_confirm := docket_private.needs_confirmation(plan_asked_for.project_id, place);

    if plan_asked_for.script_name is not null then
        v_script := docket_private.find_script(
            plan_asked_for.project_id, plan_asked_for.script_name);
        perform docket_private.require_deployable(v_script, place);
        script_id := v_script.script_id;
    end if;
end;
$$;

comment on function docket_private.plan_asked_for(uuid, text, text) is
    'What a plan is asked for, where that can be had. Raises PD404, PD409, PD422.';

create function docket.deployment_plan(
    project_id  uuid,
    environment text,
    script_name text default null
) returns table (
    wave                bigint,
    script_name         text,
    language            docket.script_language,
    version_no          integer,
    waits_on            text[],
    unmet               text[],
    is_deployed         boolean,
    last_status         docket.execution_status,
    last_version_no     integer,
    last_started_at     timestamptz,
    last_deployment_id  uuid,
    required_variables  text[],
    missing_permissions text[],
    needs_confirmation  boolean
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
      with recursive asked as materialized (
          select a.place, a.script_id, a.must_confirm
            from docket_private.plan_asked_for(
                     deployment_plan.project_id, deployment_plan.environment,
                     deployment_plan.script_name) as a
      ), latest as materialized (
          select l.*
            from asked as a
           cross join lateral docket_private.last_deployments(
                     deployment_plan.project_id, a.place) as l
      ), waits as materialized (
          select w.script_id, w.waits_on_id, s.script_name
            from asked as a
           cross join lateral docket_private.script_waits(
                     deployment_plan.project_id, a.place) as w
            join docket.deployment_scripts as s
              on s.script_id = w.waits_on_id
             and s.project_id = deployment_plan.project_id
      ), unmet as materialized (
          select u.script_id, u.unmet_name
            from asked as a
           cross join lateral docket_private.unmet_scripts(
                     deployment_plan.project_id, a.place) as u
      ), wanted as (
          select l.script_id
            from asked as a
           cross join latest as l
           where a.script_id is null
              or a.script_id = l.script_id
           union
          select w.waits_on_id
            from wanted as n
            join waits as w on w.script_id = n.script_id
      ), depths as (
          select n.script_id, 1::bigint as depth
            from wanted as n
           where not exists (select from waits as w where w.script_id = n.script_id)
           union
          select w.script_id, d.depth + 1
            from depths as d
            join waits as w on w.waits_on_id = d.script_id
            join wanted as n on n.script_id = w.script_id
      ), waves as materialized (
          select d.script_id, max(d.depth) as wave
            from depths as d
           group by d.script_id
      )
    select n.wave, s.script_name, s.language, s.version_no,
           array(
               select w.script_name
                 from waits as w
                where w.script_id = n.script_id
                order by w.script_name),
           array(
               select u.unmet_name
                 from unmet as u
                where u.script_id = n.script_id
                order by u.unmet_name),
           l.is_current, l.status, l.version_no as last_version_no, l.started_at,
           l.deployment_id, s.required_variables,
           docket_private.missing_permissions(s.project_id, s.required_permissions),
           a.must_confirm
      from waves as n
      join latest as l on l.script_id = n.script_id
      join docket.deployment_scripts as s
        on s.script_id = n.script_id
       and s.project_id = deployment_plan.project_id
     cross join asked as a
     order by n.wave, s.script_name;
end;

comment on function docket.deployment_plan(uuid, text, text) is
'In what order the deployment scripts of a project are run in an environment, and how each stands
there.

`environment` is development, staging or production; with `script_name` the plan is for this one
and what it waits for. Scripts of one wave wait for none of each other, and only for such in waves
before. waits_on are the scripts that have to have succeeded first: what it depends on, and what
comes before that where that is not for this environment; unmet is all that comes before it, at
however many steps, and has not, in its latest version. is_deployed is whether its last run there
brought in its latest version; of that run are the columns last_... missing_permissions are those
that the caller would need, needs_confirmation is whether nothing is deployed there without.
last_status, last_version_no, last_started_at and last_deployment_id may be null. Returns scripts
in an order in which they can be run. Raises PD404, PD409 (the script is retired, or for other
environments), PD422.';

revoke all on function docket_private.find_script_version(docket.deployment_scripts, integer)
  from public;
revoke all on function docket.get_deployment_script(uuid, text, integer) from public;
revoke all on function docket.list_deployment_scripts(uuid, text, text, boolean, text, integer)
  from public;
revoke all on function docket.list_deployment_script_versions(uuid, text, integer, integer)
  from public;
revoke all on function docket_private.script_waits(uuid, text) from public;
revoke all on function docket_private.last_deployments(uuid, text) from public;
revoke all on function docket_private.unmet_scripts(uuid, text) from public;
revoke all on function docket_private.missing_permissions(uuid, text[]) from public;
revoke all on function docket_private.read_environment(text) from public;
revoke all on function docket_private.needs_confirmation(uuid, text) from public;
revoke all on function docket_private.require_deployable(docket.deployment_scripts, text)
  from public;
revoke all on function docket_private.plan_asked_for(uuid, text, text) from public;
revoke all on function docket.deployment_plan(uuid, text, text) from public;
grant execute on function
    docket.get_deployment_script(uuid, text, integer),
    docket.list_deployment_scripts(uuid, text, text, boolean, text, integer),
    docket.list_deployment_script_versions(uuid, text, integer, integer),
    docket.deployment_plan(uuid, text, text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
