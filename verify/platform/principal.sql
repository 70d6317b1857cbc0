-- Verify pgdocket:platform/principal on pg

begin;

select set_config('docket.actor', '', true);
select 1 / (docket.principal()
            = coalesce(nullif(current_setting('role'), 'none'), session_user))::integer;
select 'docket_private.is_operator()'::regprocedure;
select 'docket_private.is_auditor()'::regprocedure;

rollback;
