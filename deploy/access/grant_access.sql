-- Deploy pgdocket:access/grant_access to pg
-- requires: access/isolation
-- requires: platform/idempotency_keys

begin;
set local role docket_owner;

-- Asked first by whatever says who may see what. Whoever sees nothing there is told that
-- there is nothing.
create function docket_private.require_admin(
    project_id      uuid,
    organization_id uuid
) returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_what         text := case
                               when require_admin.project_id is null then 'organization'
                               else 'project'
                           end;
    v_id           uuid := coalesce(require_admin.project_id, require_admin.organization_id);
    v_organization uuid;
    v_access       text;
begin
    if num_nonnulls(require_admin.project_id, require_admin.organization_id) <> 1 then
        raise exception 'access is to one project, or to one organization'
            using errcode = 'PD422',
                  hint    = 'Give either project_id or organization_id.';
    end if;

    if require_admin.project_id is null then
        v_organization := (
            select o.organization_id
              from docket.organizations as o
             where o.organization_id = require_admin.organization_id);
        -- Who is a member of a part of it knows of it.
        v_access := (
            select case when m.project_id is null then m.access::text else 'reader' end
              from docket.members as m
             where m.organization_id = require_admin.organization_id
               and m.principal       = docket.principal()
             order by m.project_id is not null
             limit 1);
    else
        v_organization := (
            select p.organization_id
              from docket_private.organization_projects as p
             where p.project_id = require_admin.project_id);
        v_access := (
            select a.access
              from docket_private.project_access as a
             where a.project_id = require_admin.project_id
               and a.principal  = docket.principal());
    end if;

    if v_organization is not null and docket_private.is_operator() then
        v_access := 'admin';
    end if;

    if v_organization is null or v_access is null then
        raise exception '% % does not exist', v_what, v_id
            using errcode = 'PD404',
                  hint    = 'docket.list_projects() lists the projects that you may see.';
    end if;

    if v_access <> 'admin' then
        raise exception 'who may see % % is not for % to say', v_what, v_id, docket.principal()
            using errcode = 'PD403',
                  hint    = 'An admin of it can.';
    end if;

    return v_organization;
end;
$$;

comment on function docket_private.require_admin(uuid, uuid) is
'Returns the organization of a project, or the one given, when the principal may say who sees it.

Raises PD422 unless one of the two is given, PD404 where the principal sees nothing, PD403 where he
is no admin.';

create function docket_private.require_other_admin(member docket.members) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if (require_other_admin.member).access = 'admin'
       and not docket_private.is_operator()
       and not exists (
               select
                 from docket.members as m
                where m.organization_id = (require_other_admin.member).organization_id
                  and m.member_id      <> (require_other_admin.member).member_id
                  and m.access          = 'admin'
                  and (m.project_id is null
                       or m.project_id = (require_other_admin.member).project_id)) then
        raise exception '% is the last admin', (require_other_admin.member).principal
            using errcode = 'PD409',
                  hint    = 'Make somebody else an admin first; or ask an operator.';
    end if;
end;
$$;

comment on function docket_private.require_other_admin(docket.members) is
    'Raises PD409 when what a membership gives to its project or organization, nobody else would have: an admin. An operator may do without.';

create function docket.grant_access(
    principal       text,
    access          text,
    project_id      uuid default null,
    organization_id uuid default null,
    request_id      uuid default null
) returns docket.members
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer       jsonb := docket_private.replay(request_id, 'grant_access');
    v_levels       text[] := array['reader', 'writer', 'admin'];
    v_organization uuid;
    v_member       docket.members;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.members, v_answer);
    end if;

    v_organization := docket_private.require_admin(
        grant_access.project_id, grant_access.organization_id);

    if coalesce(length(grant_access.principal), 0) not between 1 and 255 then
        raise exception 'a principal has a name of 1 to 255 characters'
            using errcode = 'PD422';
    end if;

    if grant_access.access is null or grant_access.access <> all (v_levels) then
        raise exception 'access "%" is not known', left(grant_access.access, 100)
            using errcode = 'PD422',
                  hint    = format('Known are: %s.', array_to_string(v_levels, ', '));
    end if;

    -- Whoever changes the members of an organization waits here for whoever did so before him,
    -- and is then asked again whether he still may: two admins can not remove each other.
    perform from docket.organizations as o
      where o.organization_id = v_organization
        for no key update;
    perform docket_private.require_admin(grant_access.project_id, grant_access.organization_id);

    select m.* into v_member
      from docket.members as m
     where m.organization_id = v_organization
       and m.project_id is not distinct from grant_access.project_id
       and m.principal       = grant_access.principal;

    -- Not even what he has already from elsewhere: it would stay with him when that is taken.
    if grant_access.principal = docket.principal()
       and array_position(v_levels, grant_access.access)
           > coalesce(array_position(v_levels, v_member.access::text), 0) then
        raise exception '% can not give access to himself', docket.principal()
            using errcode = 'PD403',
                  hint    = 'Ask another admin, or an operator.';
    end if;

    if array_position(v_levels, grant_access.access)
       < array_position(v_levels, v_member.access::text) then
        perform docket_private.require_other_admin(v_member);
    end if;

    insert into docket.members as m (organization_id, project_id, principal, access)
    values (v_organization, grant_access.project_id, grant_access.principal, grant_access.access)
        on conflict on constraint members_once_key
        do update set access = excluded.access
    returning m.* into v_member;

    perform docket_private.remember(request_id, to_jsonb(v_member));
    return v_member;
end;
$$;

comment on function docket.grant_access(text, text, uuid, uuid, uuid) is
'Lets a principal see a project, or all projects of an organization, those to come included; or
changes what he may do there. Admins of the project or organization may, and operators; nobody
raises his own access.

`principal` is the name as docket.principal() gives it, `access` reader (sees), writer (sees and
changes) or admin (also says who else may); `project_id` or `organization_id` say where. Of what a
principal has been given in a project and in its organization, the higher holds. The same
`request_id` again returns the first answer. Returns the membership. Raises PD404, PD403, PD409
(the last admin would be none any more), PD422.';

create function docket.revoke_access(
    principal       text,
    project_id      uuid default null,
    organization_id uuid default null,
    request_id      uuid default null
) returns docket.members
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer       jsonb := docket_private.replay(request_id, 'revoke_access');
    v_organization uuid;
    v_member       docket.members;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.members, v_answer);
    end if;

    v_organization := docket_private.require_admin(
        revoke_access.project_id, revoke_access.organization_id);

    -- As in grant_access().
    perform from docket.organizations as o
      where o.organization_id = v_organization
        for no key update;
    perform docket_private.require_admin(revoke_access.project_id, revoke_access.organization_id);

    select m.* into v_member
      from docket.members as m
     where m.organization_id = v_organization
       and m.project_id is not distinct from revoke_access.project_id
       and m.principal       = revoke_access.principal;

    if not found then
        raise exception '% has not been given access to this %',
                        coalesce(quote_literal(left(revoke_access.principal, 255)), 'nobody'),
                        case
                            when revoke_access.project_id is null then 'organization'
                            else 'project'
                        end
            using errcode = 'PD404',
                  hint    = 'docket.list_access() lists what was given where.';
    end if;

    perform docket_private.require_other_admin(v_member);

    delete from docket.members as m
     where m.member_id = v_member.member_id;

    perform docket_private.remember(request_id, to_jsonb(v_member));
    return v_member;
end;
$$;

comment on function docket.revoke_access(text, uuid, uuid, uuid) is
'Takes from a principal what he was given in a project, or in an organization; it ends with the
commit. Admins of the project or organization may, and operators.

`principal` is the name, `project_id` or `organization_id` say where. What he was given elsewhere
stays: in single projects of the organization, or in the organization of the project. The same
`request_id` again returns the first answer. Returns the membership that was. Raises PD404, PD403,
PD409 (he is the last admin), PD422.';

revoke all on function docket_private.require_admin(uuid, uuid) from public;
revoke all on function docket_private.require_other_admin(docket.members) from public;
revoke all on function docket.grant_access(text, text, uuid, uuid, uuid) from public;
revoke all on function docket.revoke_access(text, uuid, uuid, uuid) from public;
grant execute on function docket.grant_access(text, text, uuid, uuid, uuid),
                          docket.revoke_access(text, uuid, uuid, uuid)
   to docket_admin, docket_app;

commit;
