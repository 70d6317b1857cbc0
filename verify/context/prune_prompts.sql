-- Verify pgdocket:context/prune_prompts on pg

begin;

select 1 / count(*)
  from docket.settings
 where setting_key = 'prompt_build_days';
select 1 / count(*) from docket_private.maintenance_rounds where step = 'prompts';

select 'docket_private.prompts_kept_for(jsonb)'::regprocedure;
select 'docket_private.prune_prompts(uuid[])'::regprocedure;
select 'docket_private.prune_next_prompts(bigint)'::regprocedure;

rollback;
