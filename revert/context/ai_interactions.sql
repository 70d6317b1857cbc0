-- Revert pgdocket:context/ai_interactions from pg

begin;

delete from docket.settings
 where setting_key in ('max_interaction_bytes', 'genai_conventions_version', 'currency');

delete from docket.partition_policies
 where table_name = 'ai_interactions';

drop table docket.ai_interactions;

commit;
