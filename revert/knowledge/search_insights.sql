-- Revert pgdocket:knowledge/search_insights from pg

begin;

drop function docket_private.forget_searches(bigint);
drop function docket.search_insights(uuid, boolean, integer);
drop function docket.record_search(uuid, text, bigint, uuid);
drop function docket_private.search_pattern(text);
drop table docket.search_patterns;

delete from docket.settings
 where setting_key in ('record_searches', 'max_search_patterns', 'search_pattern_days');

commit;
