-- Revert pgdocket:context/response_cache from pg

begin;

delete from docket.settings
 where setting_key = 'response_cache_hours';

drop function docket_private.sweep_responses(bigint);
drop function docket.get_response(uuid, text);
drop function docket.put_response(uuid, text, jsonb, interval, uuid);
drop table docket.response_cache;

commit;
