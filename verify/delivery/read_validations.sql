-- Verify pgdocket:delivery/read_validations on pg

begin;

select 'docket.list_validations(
    uuid, uuid, text, text, uuid, uuid, text, timestamptz, timestamptz, uuid,
    integer)'::regprocedure;
select 'docket.validation_trend(uuid, text, uuid, integer)'::regprocedure;
select 'docket.validation_score(uuid)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', '
               docket.list_validations(
                   uuid, uuid, text, text, uuid, uuid, text, timestamptz, timestamptz, uuid,
                   integer)',
               'execute')::integer;
select 1 / has_function_privilege('docket_auditor', '
               docket.validation_trend(
                   uuid, text, uuid, integer)',
               'execute')::integer;
select 1 / has_function_privilege('docket_auditor', '
               docket.validation_score(
                   uuid)',
               'execute')::integer;

rollback;
