-- Verify pgdocket:observability/provenance on pg

begin;

select 'docket.provenance(uuid, uuid, uuid)'::regprocedure;
select 'docket.in_toto_statement(uuid, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.provenance(uuid, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.in_toto_statement(uuid, uuid, uuid)', 'execute')::integer;

rollback;
