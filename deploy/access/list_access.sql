-- Deploy pgdocket:access/list_access to pg
-- requires: access/isolation

begin;
set local role docket_owner;

-- Security definer, because who may see what is readable to nobody else.
create function docket.list_access(
    project_id      uuid    default null,
    organization_id uuid    default null,
    after           uuid    default null,
    page_size       integer default 100
) returns setof docket.members
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_principal text    := docket.principal();
    v_operates  boolean := docket_private.is_operator();
begin
    return query
    select m.*
      from docket.members as m
     where (list_access.after is null or m.member_id > list_access.after)
       and (list_access.organization_id is null
            or m.organization_id = list_access.organization_id)
       and (list_access.project_id is null
            or m.project_id = list_access.project_id
            or (m.project_id is null
                and m.organization_id = (
                        select p.organization_id
                          from docket_private.organization_projects as p
                         where p.project_id = list_access.project_id)))
       and (m.principal = v_principal
            or (num_nonnulls(list_access.project_id, list_access.organization_id) > 0
                and (v_operates
                     or exists (
                            select
                              from docket_private.project_access as a
                             where a.project_id = list_access.project_id
                               and a.principal  = v_principal
                               and a.access     = 'admin')
                     or exists (
                            select
                              from docket.members as o
                             where o.organization_id = m.organization_id
                               and o.project_id is null
                               and o.principal       = v_principal
                               and o.access          = 'admin'))))
     order by m.member_id
     limit least(greatest(list_access.page_size, 1), 1000);
end;
$$;

comment on function docket.list_access(uuid, uuid, uuid, integer) is
'Who was given what: in a project and in its organization, in an organization and in its projects,
or, where neither is named, what the caller was given anywhere. Admins and operators see
everybody, others themselves alone.

`project_id` and `organization_id` say where, `after` is the last id of the page before,
`page_size` in rows (1 to 1000). Returns memberships, the oldest first; raises nothing.';

revoke all on function docket.list_access(uuid, uuid, uuid, integer) from public;
grant execute on function docket.list_access(uuid, uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
