-- Revert pgdocket:context/prompt_builds from pg

begin;

drop function docket.list_prompt_builds(uuid, uuid, integer);
drop function docket.get_prompt_build(uuid);
drop function docket.estimate_tokens(text, text);

delete from docket.settings as s
 where s.setting_key in (
           'prompt_token_budget', 'prompt_cache_seconds', 'token_estimator', 'prompt_rules');

drop table docket_private.prompt_stamps;
drop table docket.prompt_builds;

commit;
