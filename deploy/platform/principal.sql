-- Deploy pgdocket:platform/principal to pg
-- requires: platform/roles
-- requires: platform/schemas

begin;
set local role docket_owner;

-- Who is asking. current_user would be docket_owner inside a security definer function;
-- the setting "role" and session_user both say what the client's session is.
--
-- Anyone can set a setting; only a gateway is believed. One expression, so that it is inlined.
create function docket.principal() returns text
language sql
stable
begin atomic
    select case
               when nullif(current_setting('docket.actor', true), '') is not null
                    and pg_has_role(
                            case current_setting('role')
                                when 'none' then session_user
                                else current_setting('role')::name
                            end,
                            'docket_gateway', 'member')
                   then current_setting('docket.actor', true)
               else case current_setting('role')
                        when 'none' then session_user::text
                        else current_setting('role')
                    end
           end;
end;

comment on function docket.principal() is
'Who is asking: the role of the session, or, when that role is a member of docket_gateway, the
setting `docket.actor`, in which a gateway names the person or agent it speaks for.

Returns the principal''s name. Raises nothing.';

create function docket_private.is_operator() returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role text := case current_setting('role')
                       when 'none' then session_user else current_setting('role')
                   end;
begin
    -- A gateway that speaks for somebody has that somebody's rights, never its own.
    if coalesce(current_setting('docket.actor', true), '') <> '' then
        return false;
    end if;

    -- Calls nothing of its own schema: policies ask it in the name of clients, who may not enter.
    return pg_has_role(v_role, 'docket_admin', 'member')
        or pg_has_role(v_role, 'docket_maintenance', 'member');
end;
$$;

comment on function docket_private.is_operator() is
    'Whether the session may operate on every project: a member of docket_admin or docket_maintenance who speaks for nobody else.';

create function docket_private.is_auditor() returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return docket_private.is_operator()
        or (coalesce(current_setting('docket.actor', true), '') = ''
            and pg_has_role(docket.principal(), 'docket_auditor', 'member'));
end;
$$;

comment on function docket_private.is_auditor() is
    'Whether the session may have the whole journal verified: an operator, or a member of docket_auditor who speaks for nobody else.';

revoke all on function docket_private.is_operator() from public;
revoke all on function docket_private.is_auditor() from public;
revoke all on function docket.principal() from public;
grant execute on function docket.principal()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;

commit;
