-- Revert pgdocket:delivery/validation_findings from pg

begin;

drop function docket.list_findings(uuid, uuid, text, text, text, text, text, uuid, integer);
drop function docket_private.merge_findings(
    uuid, uuid, text, integer, docket_private.found[], text[], text[]);
drop type docket_private.found;
delete from docket.settings as s
 where s.setting_key in ('max_findings', 'prompt_findings', 'validation_fails_from');
drop table docket.validation_findings;
drop domain docket.finding_severity;

commit;
