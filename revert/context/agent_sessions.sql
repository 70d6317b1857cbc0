-- Revert pgdocket:context/agent_sessions from pg

begin;

delete from docket.settings
 where setting_key = 'session_hours';

drop function docket_private.sweep_sessions(bigint);
drop function docket.end_session(uuid, text, uuid);
drop function docket.list_sessions(uuid, text, text, integer);
drop function docket.get_session(uuid, text);
drop function docket.put_session(uuid, text, jsonb, text, uuid, interval, bigint, uuid);
drop function docket_private.end_of(interval, jsonb);
drop function docket_private.require_state(jsonb, text);
drop function docket_private.refuse_secrets(jsonb, text);
drop table docket.agent_sessions;

commit;
