-- Clients come in by the front door: docket is open to them, docket_private to no one.

begin;
select plan(5);

select schemas_are(
    array['docket', 'docket_private', 'docket_ext', 'docket_test', 'public', current_schema()]
    || array(select n.nspname
               from pg_catalog.pg_namespace as n
              where n.nspname in ('sqitch', 'pgdocket')),
    'there is a front door, a machine room and a room for extensions, and nothing unexpected');

select schema_owner_is('docket', 'docket_owner', 'docket_owner owns the front door');
select schema_owner_is('docket_private', 'docket_owner', 'docket_owner owns the machine room');

select is_empty(
    $$ select r.role_name
         from unnest(array['docket_admin', 'docket_app', 'docket_agent', 'docket_reader',
                           'docket_auditor', 'docket_metrics', 'docket_gateway',
                           'docket_maintenance']) as r (role_name)
        where not has_schema_privilege(r.role_name, 'docket', 'usage')
           or has_schema_privilege(r.role_name, 'docket', 'create')
           or has_schema_privilege(r.role_name, 'docket_private', 'usage') $$,
    'every client role may use docket, create nothing there, and not enter docket_private');

set local role docket_app;
select throws_ok(
    'select docket_private.new_id()',
    '42501', 'permission denied for schema docket_private',
    'a client that calls into the machine room is turned away');

select * from finish();
rollback;
