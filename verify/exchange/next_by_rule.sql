-- Verify pgdocket:exchange/next_by_rule on pg

begin;

select 'docket.next_by_rule(uuid, text, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.next_by_rule(uuid, text, text, integer)', 'execute')::integer;

rollback;
