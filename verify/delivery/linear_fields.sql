-- Verify pgdocket:delivery/linear_fields on pg

begin;

select 'docket_private.require_linear_policies(jsonb)'::regprocedure;
select 'docket_private.linear_rules(uuid)'::regprocedure;
select 'docket_private.linear_ours(docket.tasks)'::regprocedure;
select 'docket_private.linear_status(jsonb, jsonb)'::regprocedure;
select 'docket_private.linear_theirs(jsonb, boolean, jsonb)'::regprocedure;
select 'docket_private.linear_sent(jsonb, jsonb)'::regprocedure;
select 'docket_private.linear_key(text)'::regprocedure;
select 'docket_private.linear_column(text)'::regprocedure;
select 'docket_private.changed_here_at(uuid, text)'::regprocedure;
select
    'docket_private.plan_linear(docket.linear_sync, docket_private.linear_images, jsonb, jsonb, uuid)'::regprocedure;

rollback;
