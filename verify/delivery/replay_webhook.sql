-- Verify pgdocket:delivery/replay_webhook on pg

begin;

select 'docket.replay_webhook(uuid)'::regprocedure;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.replay_webhook(uuid)',
               'execute')::integer;

rollback;
