-- Verify pgdocket:platform/principal on pg

begin;

set local docket.actor = '';
select 1 / (docket.principal() = coalesce(nullif(current_setting('role'), 'none'), session_user))::integer;

rollback;
