-- Revert pgdocket:analytics/read_tallies from pg

begin;
set local role docket_owner;

drop function docket.work_trends(uuid, text, timestamptz, timestamptz);
drop function docket.task_times(uuid, text, integer, integer);
drop function docket.task_breakdown(uuid, text, integer);
drop function docket_private.read_periods(text, timestamptz, timestamptz);
drop function docket_private.require_word(text, text[], text);
drop function docket_private.tallied_at(text[]);
drop function docket_private.asked_projects(uuid);

commit;
