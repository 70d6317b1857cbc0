-- Deploy pgdocket:platform/roles to pg

begin;

-- The first change, so the one place that meets a server that is too old.
do $$
begin
    if current_setting('server_version_num')::integer < 150000 then
        raise exception 'PostgreSQL % is too old: pgdocket needs 15 or newer',
                        current_setting('server_version')
            using errcode = 'PDOLD',
                  hint    = 'Deploy to a newer server, or start a local one with "pgdocket up".';
    end if;
end;
$$;

-- Roles belong to the cluster, not to this database: another database's docket may have
-- made them before, or be making them at this moment.
do $$
declare
    v_roles text[] := array[
        'docket_owner', 'docket_admin', 'docket_app', 'docket_agent', 'docket_reader',
        'docket_auditor', 'docket_metrics', 'docket_gateway', 'docket_maintenance'];
    v_role  text;
begin
    foreach v_role in array v_roles loop
        begin
            if not exists (select from pg_catalog.pg_roles as r where r.rolname = v_role) then
                execute format('create role %I nologin', v_role);
            end if;
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise exception 'role % may not create the roles that pgdocket needs', current_user
                    using errcode = 'PD403',
                          hint    = 'Let a superuser run ("pgdocket roles --sql" prints it too): '
                                    || (select string_agg(
                                                   format('create role %I nologin;', r.name), ' '
                                                   order by r.ordinality)
                                          from unnest(v_roles) with ordinality
                                               as r (name, ordinality)
                                         where to_regrole(r.name) is null)
                                    || format(' grant docket_owner to %I;', current_user);
        end;
    end loop;

    -- Each script goes on as docket_owner; a superuser can do that without membership. From 16 on
    -- who creates a role is its member, but may not act as it until he is granted that.
    if not (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user)
       and not pg_catalog.pg_has_role(
                   current_user, 'docket_owner',
                   case
                       when current_setting('server_version_num')::integer >= 160000 then 'set'
                       else 'member'
                   end) then
        begin
            execute format('grant docket_owner to %I', current_user);
        exception
            when insufficient_privilege then
                raise exception 'role % may not act as docket_owner, whose role others have made',
                                current_user
                    using errcode = 'PD403',
                          hint    = format('Let a superuser run: grant docket_owner to %I;',
                                           current_user);
        end;
    end if;
end;
$$;

commit;
