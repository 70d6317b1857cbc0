-- Revert pgdocket:knowledge/context_health from pg

begin;

drop function docket.context_patterns(uuid);
drop function docket.context_health(uuid);
drop function docket_private.expected_contexts(text[], jsonb);

delete from docket.settings as s
 where s.setting_key in ('expected_contexts', 'context_fresh_days');

commit;
