-- Revert pgdocket:queue/claim_across_projects from pg

begin;

drop function docket.claim_across_projects(text, uuid[], integer, integer, text[], text[], uuid);
drop table docket_private.claim_turns;

commit;
