-- Revert pgdocket:context/prune_prompts from pg

begin;

drop function docket_private.prune_next_prompts(bigint);
drop function docket_private.prune_prompts(uuid[]);
drop function docket_private.prompts_kept_for(jsonb);
delete from docket_private.maintenance_rounds where step = 'prompts';
delete from docket.settings where setting_key = 'prompt_build_days';

commit;
