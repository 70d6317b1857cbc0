-- Deploy pgdocket:platform/clock to pg
-- requires: platform/schemas

begin;
set local role docket_owner;

-- The only clock. Marked stable, though it reads the wall clock, so that a comparison
-- with it can use an index; every statement of a transition reads it anew.
create function docket.clock() returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fake text := current_setting('docket.fake_now', true);
begin
    if v_fake is null or v_fake = '' then
        return clock_timestamp();
    end if;

    -- A client that could move the clock could keep or steal a lease.
    if (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = session_user) then
        return v_fake::timestamptz;
    end if;

    return clock_timestamp();
end;
$$;

comment on function docket.clock() is
'The time that every lease, back-off, retention and timestamp goes by.

Returns the wall clock; in a superuser''s session, the setting `docket.fake_now` where one is
set (tests hold the clock still with it). Raises nothing.';

revoke all on function docket.clock() from public;
grant execute on function docket.clock()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;

commit;
