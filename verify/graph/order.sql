-- Verify pgdocket:graph/order on pg

begin;

select has_function_privilege('docket_owner', 'docket_private.order_edge(uuid, uuid, uuid)', 'execute'),
       has_function_privilege('docket_owner', 'docket_private.order_batch(uuid, bigint, bigint, uuid[], uuid[])', 'execute'),
       has_function_privilege('docket_owner', 'docket_private.respace(uuid)', 'execute');

rollback;
